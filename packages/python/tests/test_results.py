"""The verdict on a script from the events of its report."""

import json

from iamspec import results

HEADER = {"event": "run", "tier": "code", "level": "must", "rules": "2026-11"}
END = {"event": "end"}


def outcome_of(**call):
    """The outcome of a script with one call that diverges."""
    call = {"event": "call", "script": "one", "action": "DeleteUser", "verdict": "diverges"} | call
    report = "\n".join(json.dumps(it) for it in (HEADER, call, END))
    return results.read(report, ["one"]).scripts["one"].outcome


def test_a_divergence_counts_by_its_tier_and_level():
    assert outcome_of(reason="status must") == results.Outcome.DIVERGES
    assert outcome_of(reason="text must") == results.Outcome.CONFORMS


def test_a_divergence_that_is_newer_than_the_rule_set_does_not_count():
    assert outcome_of(reason="status must", newer=True) == results.Outcome.CONFORMS
