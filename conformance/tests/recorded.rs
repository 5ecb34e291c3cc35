//! Checks of histories without an endpoint: the responses written in the scripts conform, and
//! changed responses diverge.

use iamspec_conformance::runner::record::check_history;
use iamspec_conformance::script::corpus::built_in_scripts;
use iamspec_conformance::{Response, Tier, Verdict};

#[test]
fn the_responses_in_the_scripts_conform() {
    let mut responses = 0;
    for script in built_in_scripts().unwrap() {
        responses += script.steps.iter().filter(|it| it.response.is_some()).count();
        for exchange in check_history(&script).exchanges {
            // A script need not contain the whole message.
            let diverges =
                matches!(&exchange.verdict, Verdict::Diverges(it) if it.tier < Tier::Text);
            assert!(!diverges, "{}: {exchange:#?}", script.name);
        }
    }
    assert!(responses > 100, "{responses}");
}

#[test]
fn a_changed_response_diverges() {
    let mut found = 0;
    for script in built_in_scripts().unwrap() {
        let Some(index) = script
            .steps
            .iter()
            .rposition(|it| matches!(it.response, Some(Response::Refused { http: 409, .. })))
        else {
            continue;
        };
        let mut changed = script.clone();
        changed.steps.get_mut(index).unwrap().response = Some(Response::SUCCESS);
        let verdict = check_history(&changed).exchanges.get(index).unwrap().verdict.clone();
        found += usize::from(matches!(verdict, Verdict::Diverges(_)));
    }
    assert!(found > 20, "{found}");
}
