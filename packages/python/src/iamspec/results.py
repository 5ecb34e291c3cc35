"""The results of a run, read from its JSON report: one verdict for each script."""

from __future__ import annotations

import enum
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

TIERS = ("status", "code", "text", "wire")
LEVELS = ("must", "should", "info")


class Outcome(enum.Enum):
    """The verdict on a script."""

    CONFORMS = "every response conforms"
    DIVERGES = "a response diverges and is not a known failure"
    KNOWN_FAILURE = "a response diverges or fails as the known-failures file says"
    INCONCLUSIVE = "no verdict is possible"
    INCOMPLETE = "the endpoint does not implement an operation"


@dataclass(frozen=True)
class ScriptResult:
    """The calls of one script, and the findings that they show."""

    name: str
    outcome: Outcome
    # The events of the report, each with `counts`: false if the response differs only below the tier or level.
    calls: tuple[dict[str, Any], ...]
    findings: tuple[dict[str, Any], ...]
    # One sentence: what was inconclusive or unsupported, or why the failure is known.
    reason: str = ""


@dataclass
class RunResults:
    """The results of one run of named scripts."""

    scripts: dict[str, ScriptResult] = field(default_factory=dict)
    # The status of each entry of the known-failures file.
    entries: list[dict[str, Any]] = field(default_factory=list)
    # The problems that belong to no script, a sentence each.
    problems: list[str] = field(default_factory=list)
    # The reason why there is no result for a script that is not in `scripts`.
    ended_early: str = ""


def read(report: str, names: Iterable[str]) -> RunResults:
    """Reads a report in JSON Lines (`harness/schemas/report.json`) of a run of these scripts."""
    events: dict[str, list[dict[str, Any]]] = {}
    for line in report.splitlines():
        event = json.loads(line)
        events.setdefault(event["event"], []).append(event)
    header, end = events["run"][0], events["end"][0]
    calls: dict[str, list[dict[str, Any]]] = {}
    for call in events.get("call", []):
        calls.setdefault(call["script"], []).append(call)
    findings = events.get("finding", [])
    results = RunResults(entries=events.get("known-failure", []), ended_early=end.get("ended_early") or "")
    for name in names:
        own = [it for it in findings if name == it["script"] or name in it.get("other_scripts", [])]
        result = _script_result(name, calls.get(name, []), own, header)
        # A run that ended early says nothing about scripts that it has not finished.
        if result.calls and not (
            results.ended_early
            and result.outcome in (Outcome.CONFORMS, Outcome.INCOMPLETE)
            and any(it["verdict"] == "skipped" for it in result.calls)
        ):
            results.scripts[name] = result
    results.problems += [it["text"] for it in events.get("known-failure-error", [])]
    results.problems += [_not_deleted(it) for it in events.get("not-deleted", []) if not it["after_divergence"]]
    return results


def _script_result(
    name: str, calls: list[dict[str, Any]], findings: list[dict[str, Any]], header: dict[str, Any]
) -> ScriptResult:
    for call in calls:
        call["counts"] = call["verdict"] != "diverges" or _counts(call, header)
    unknown = [it for it in calls if not it.get("known_failure")]
    diverging = [it for it in unknown if it["verdict"] == "diverges" and it["counts"]]
    unexpected = [it for it in findings if it["status"] == "unexpected"]
    inconclusive = [it for it in unknown if it["verdict"] == "inconclusive"]
    known = [it for it in calls if it.get("known_failure")]
    missing = [it for it in calls if it["verdict"] in ("unsupported", "skipped")]
    if diverging or unexpected:
        return ScriptResult(name, Outcome.DIVERGES, tuple(calls), tuple(unexpected))
    if inconclusive:
        reason = "; ".join(f"{it['call']}: {it.get('reason', 'no verdict')}" for it in inconclusive)
        return ScriptResult(name, Outcome.INCONCLUSIVE, tuple(calls), (), reason)
    if known:
        listed = [it for it in findings if it["status"] == "known-failure"]
        reasons = dict.fromkeys(it["reason"] for it in listed if it.get("reason"))
        reason = "; ".join(reasons) or "listed in the known-failures file"
        return ScriptResult(name, Outcome.KNOWN_FAILURE, tuple(calls), tuple(listed), reason)
    if missing:
        actions = ", ".join(dict.fromkeys(it["action"] for it in missing if it["verdict"] == "unsupported"))
        reason = (
            f"the endpoint does not implement {actions}" if actions else f"not sent: {missing[0].get('reason', '')}"
        )
        reason += f"; {len(calls) - len(missing)} of {len(calls)} calls conform"
        return ScriptResult(name, Outcome.INCOMPLETE, tuple(calls), (), reason)
    return ScriptResult(name, Outcome.CONFORMS, tuple(calls), ())


def _counts(call: dict[str, Any], header: dict[str, Any]) -> bool:
    """Whether the divergence is within the tier and the level of the run. Its reason is `TIER LEVEL`."""
    if call.get("newer"):  # than the rule set of the run
        return False
    words = call.get("reason", "").split()
    tier = next((it for it in words if it in TIERS), TIERS[0])
    level = next((it for it in words if it in LEVELS), LEVELS[0])
    return TIERS.index(tier) <= TIERS.index(header["tier"]) and LEVELS.index(level) <= LEVELS.index(header["level"])


def _not_deleted(event: dict[str, Any]) -> str:
    return (
        f"not deleted: {event['name']}: {event['call']} -> {event['response']}; `iamspec cleanup` deletes what is left"
    )


def outdated_entries(parts: Iterable[Iterable[dict[str, Any]]]) -> list[tuple[str, str]]:
    """The known failures that are outdated, with the reason, if the parts are runs of all scripts together.

    The rules are those of `iamspec report merge`: an entry is outdated if its rule was tested and every response
    conforms, or if no script matches it.
    """
    merged: dict[int, dict[str, Any]] = {}
    for part in parts:
        for index, entry in enumerate(part):
            one = merged.setdefault(index, dict(entry, run=False, tested=False, matched=False, conforms=0))
            one.update({it: one[it] or entry[it] for it in ("run", "tested", "matched")})
            one["conforms"] += entry["conforms"]
    outdated = []
    for entry in merged.values():
        flaky = entry.get("flaky")
        if not entry["run"]:
            if entry.get("script"):
                outdated.append((entry["rule"], f"no script matches `{entry['script']}`; correct or remove the entry"))
        elif entry["tested"] and flaky is not None and entry["conforms"] < flaky:
            outdated.append((entry["rule"], f"fewer than {flaky} calls conform; lower `flaky` or remove it"))
        elif entry["tested"] and flaky is None and not entry["matched"] and not _is_of_failures(entry):
            outdated.append((entry["rule"], "the rule was tested and the endpoint conforms; remove the entry"))
    return outdated


def _is_of_failures(entry: dict[str, Any]) -> bool:
    return str(entry.get("outcome") or "").startswith("interrupted ")
