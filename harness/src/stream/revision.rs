//! What tells the rules and scripts of one iamspec from those of another.

use data_encoding::HEXLOWER;
use iamspec_conformance::script::ours;
use iamspec_conformance::text;
use iamspec_model::rules;
use sha2::{Digest as _, Sha256};

/// The first digits of a digest over every rule, with its levels, and every script of ours.
#[must_use]
pub fn revision() -> String {
    let mut digest = Sha256::new();
    for rule in rules() {
        let claim = rule.claim;
        let levels = [claim.status.level, claim.code.level, claim.text.level];
        let levels = levels.map(iamspec_model::Level::name).join(" ");
        digest.update(format!("{} {levels} {}\n", rule.id(), rule.statement()));
    }
    // Ours can be read, which a test shows.
    for script in ours().unwrap_or_default() {
        digest.update(format!("{}\n{}", script.name, text::print(&script)));
    }
    HEXLOWER.encode(&digest.finalize()).chars().take(12).collect()
}
