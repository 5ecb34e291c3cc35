//! Histories that are written down: ours, whose answers are those that the facts have of AWS, are all possible.

use iamspec_conformance::runner::record::judged;
use iamspec_conformance::script::corpus::ours;
use iamspec_conformance::{Response, Tier, Verdict};

#[test]
fn what_our_scripts_say_that_aws_answers_is_possible() {
    let mut answers = 0;
    for script in ours().unwrap() {
        answers += script.steps.iter().filter(|it| it.answer.is_some()).count();
        for exchange in judged(&script).exchanges {
            // What is written need not have the whole text.
            let wrong = matches!(&exchange.verdict, Verdict::Diverges(it) if it.tier < Tier::Text);
            assert!(!wrong, "{}: {exchange:#?}", script.name);
        }
    }
    assert!(answers > 100, "{answers}");
}

#[test]
fn an_answer_that_is_made_another_is_found() {
    let mut found = 0;
    for script in ours().unwrap() {
        let Some(place) = script
            .steps
            .iter()
            .rposition(|it| matches!(it.answer, Some(Response::Refused { http: 409, .. })))
        else {
            continue;
        };
        let mut wrong = script.clone();
        wrong.steps.get_mut(place).unwrap().answer = Some(Response::DONE);
        let verdict = judged(&wrong).exchanges.get(place).unwrap().verdict.clone();
        found += usize::from(matches!(verdict, Verdict::Diverges(_)));
    }
    assert!(found > 20, "{found}");
}
