//! The suites that are generated: they conform on the reference, reach what they are for, and find what
//! is wrong.

use iamspec_conformance::coverage::{Coverage, PAIRS, SETS};
use iamspec_conformance::finding::findings;
use iamspec_conformance::generated::Generated;
use iamspec_conformance::replay::Origin;
use iamspec_conformance::{Mutant, Reference, Report, Suite, Verdict};

const ALL: [Generated; 5] = [
    Generated::Lattice,
    Generated::Pairs,
    Generated::Drain,
    Generated::Tour,
    Generated::Random { seed: 1, calls: 2000 },
];

fn run(suite: Generated, reference: &mut Reference) -> Report {
    Suite::new(Vec::new()).with(vec![suite]).run(reference, &mut |_| (), &|| false)
}

#[test]
fn every_answer_of_the_reference_conforms_and_nothing_is_left() {
    for suite in ALL {
        let mut reference = Reference::default();
        let report = run(suite, &mut reference);
        let exchanges: Vec<_> = report.replays.iter().flat_map(|it| &it.exchanges).collect();
        assert!(!exchanges.is_empty(), "{}", suite.name());
        for exchange in exchanges {
            assert!(matches!(exchange.verdict, Verdict::Conforms(_)), "{exchange:?}");
        }
        assert!(report.kept.is_empty() && reference.is_empty(), "{}", suite.name());
    }
}

#[test]
fn the_lattice_has_every_set_the_pairs_every_order_and_the_tour_every_call_in_every_state() {
    let of = |suite| Coverage::of(&run(suite, &mut Reference::default()).replays);
    assert_eq!(of(Generated::Lattice).sets.len(), SETS);
    assert_eq!(of(Generated::Pairs).pairs.len(), PAIRS);
    assert_eq!(of(Generated::Tour).sets.len(), SETS);
    // 513 states, thirty calls in each: at most a twentieth more with the groups, policies and devices.
    let calls = Generated::Tour.calls();
    assert!((15_390..=16_200).contains(&calls), "{calls}");
    // 512 deletions, a step or two between each.
    let calls = Generated::Lattice.calls();
    assert!((1_526..=1_545).contains(&calls), "{calls}");
}

#[test]
fn a_forgotten_kind_is_found_and_handed_over_as_the_shortest_script() {
    for mutant in Mutant::all().filter(|it| it.name.starts_with("forgets-")) {
        // Beside another kind, which stands in the way as well, it does not show.
        for suite in [Generated::Lattice, Generated::Tour] {
            let report = run(suite, &mut Reference::mutated(mutant.clone()));
            let found = findings(&report.replays);
            let [finding] = found.as_slice() else { panic!("{}: {found:?}", mutant.name) };
            assert_eq!(finding.rule().id(), mutant.rule);
            assert_eq!(finding.origin, Origin::Shrunk);
            // A user, what it is to hold, perhaps what that refers to, and the deletion.
            let calls = finding.history.steps.len();
            assert!(calls == 3 || calls == 4, "{}: {calls}", mutant.name);
        }
    }
}

#[test]
fn the_same_seed_makes_the_same_calls_and_another_one_others() {
    let calls = |seed| {
        let suite = Generated::Random { seed, calls: 500 };
        let report = run(suite, &mut Reference::default());
        let scripts = report.replays.into_iter().map(|it| it.script);
        scripts.flat_map(|it| it.operations().collect::<Vec<_>>()).collect::<Vec<_>>()
    };
    assert_eq!(calls(7), calls(7));
    assert_ne!(calls(7), calls(8));
    assert!((300..=500).contains(&calls(7).len()));
}
