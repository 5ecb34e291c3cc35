//! What a run has seen of an entry of the known divergences, and whether that entry is out of date.

use crate::expectation::{Complaint, Expectation, Expectations, Played, glob};
use crate::replay::Replay;
use crate::verdict::Verdict;

/// What was seen of an entry. One of several parts of a suite says nothing yet; all of them together do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Whether a script was played that it is about.
    pub played: bool,
    /// Whether its rule alone decided an answer.
    pub asked: bool,
    /// Whether it lists something that was found.
    pub seen: bool,
    /// In how many calls its rule holds.
    pub conforms: usize,
}

impl Expectations {
    /// What was seen of each entry.
    #[must_use]
    pub fn standings(&self, played: &Played<'_>) -> Vec<Standing> {
        self.expected.iter().enumerate().map(|(place, it)| it.standing(place, played)).collect()
    }
}

impl Expectation {
    /// What was seen of the entry at this place.
    pub(crate) fn standing(&self, place: usize, played: &Played<'_>) -> Standing {
        let names = played.replays.iter().map(|it| &it.script.name);
        Standing {
            played: self.script.as_ref().is_none_or(|of| names.into_iter().any(|it| glob(of, it))),
            asked: played.decisive.iter().any(|rule| self.matches(rule)),
            seen: played.findings.iter().any(|it| it.entry == Some(place)),
            conforms: self.conforms(played.replays),
        }
    }

    /// What is wrong with an entry that so much was seen of in the whole of the suite.
    #[must_use]
    pub fn out_of_date(&self, standing: Standing) -> Option<Complaint> {
        if !standing.played {
            return self.script.clone().map(Complaint::Unmatched);
        }
        match self.flaky {
            _ if !standing.asked => None,
            Some(least) if standing.conforms < least => {
                Some(Complaint::TooFlaky(self.rule.clone(), least))
            }
            None if !standing.seen => Some(Complaint::Stale(self.rule.clone())),
            _ => None,
        }
    }

    /// In how many calls that the rule alone decided the endpoint conforms.
    fn conforms(&self, replays: &[Replay]) -> usize {
        let mine = |it: &Replay| self.script.as_ref().is_none_or(|of| glob(of, &it.script.name));
        let exchanges = replays.iter().filter(|it| mine(it)).flat_map(|it| &it.exchanges);
        let conforms = exchanges.filter(|it| {
            matches!(it.verdict, Verdict::Conforms(_))
                && matches!(it.in_force.as_slice(), [rule] if self.matches(rule))
        });
        conforms.count()
    }
}
