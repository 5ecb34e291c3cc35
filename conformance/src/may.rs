//! What the reference does where nobody knows what AWS does. Each way must conform.

use std::fmt;
use std::str::FromStr;

use iamspec_model::{Answer, Level, Rule};

use crate::chance::Chance;

/// What is answered where the facts leave it open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum May {
    /// What the facts presume, which is a refusal.
    #[default]
    Presume,
    /// The call is carried out.
    Accept,
    /// The call is refused.
    Refuse,
    /// Now this, now that, by chance from this seed on, also where what hinders a call passes by
    /// itself.
    Seed(u64),
}

impl May {
    /// Picks one of the rules in force where the facts leave the choice; nothing where they do not.
    pub(crate) fn pick(&mut self, rules: &[Rule]) -> Option<Rule> {
        let done = rules.iter().find(|rule| rule.claim.answer == Answer::Done);
        let lasts = |rule: &&Rule| !rule.claim.reason.passes();
        let open: Vec<&Rule> = rules
            .iter()
            .filter(|rule| rule.claim.answer != Answer::Done)
            .filter(|rule| rule.claim.status.level == Level::Open)
            .collect();
        let done = done.filter(|_| !open.is_empty())?;
        match self {
            Self::Presume => None,
            Self::Accept => Some(*done),
            Self::Refuse => open.into_iter().find(lasts).copied(),
            Self::Seed(seed) => {
                let mut chance = Chance(*seed);
                // What passes by itself does so soon.
                let passes = chance.below(8) > 0;
                let open = open.into_iter().filter(|rule| !passes || lasts(rule));
                let choices: Vec<&Rule> = open.chain([done]).collect();
                let choice = chance.pick(&choices);
                *seed = chance.0;
                choice.copied()
            }
        }
    }
}

impl FromStr for May {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        match word {
            "presume" => Ok(Self::Presume),
            "accept" => Ok(Self::Accept),
            "refuse" => Ok(Self::Refuse),
            number => number.parse().map(Self::Seed).map_err(|_| {
                "expected `presume`, `accept`, `refuse` or a number, the seed of chance".to_owned()
            }),
        }
    }
}

impl fmt::Display for May {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Presume => f.write_str("presume"),
            Self::Accept => f.write_str("accept"),
            Self::Refuse => f.write_str("refuse"),
            Self::Seed(seed) => write!(f, "{seed}"),
        }
    }
}
