"""The text of a failed test: what the script sent, what came, what conforms, and the evidence."""

from __future__ import annotations

from typing import Any

from iamspec.results import Outcome, ScriptResult


def failure_text(result: ScriptResult, idea: str, again: str) -> str:
    """The text for pytest. `again` is the command that runs only this test."""
    lines = [f"{result.name}: {idea}", ""]
    lines += [_call(it) for it in result.calls]
    if result.outcome is Outcome.INCONCLUSIVE:
        lines += ["", f"No verdict is possible: {result.reason}", "Read the log of the endpoint."]
    for finding in result.findings:
        lines += ["", *_finding(finding, result.name, [it["call"] for it in result.calls])]
    lines += ["", f"again     {again}"]
    return "\n".join(lines)


def _call(call: dict[str, Any]) -> str:
    verdict = call["verdict"]
    known = " (known failure)" if call.get("known_failure") else ""
    mark = "" if verdict == "conforms" or not call["counts"] else f"  {verdict.upper()}{known}"
    reason = f": {call['reason']}" if verdict == "inconclusive" and call.get("reason") else ""
    return f"  {call['call']:<40} -> {call.get('response', '-')}{mark}{reason}"


def _finding(finding: dict[str, Any], script: str, calls: list[str]) -> list[str]:
    lines = [f"{finding['rule']}  {finding['level']}, {finding['tier']}", f"  {finding['statement']}"]
    if finding["script"] != script or [it["call"] for it in finding["history"]] != calls[: len(finding["history"])]:
        lines.append(f"  shortest  {finding['script']}")
        lines += [f"    {it['call']:<36} -> {it['response']}" for it in finding["history"]]
    lines.append(f"  observed  {finding['observed']}")
    lines += [f"  expected  {it['response']}  ({it['rule']})" for it in finding["expected"]]
    lines += [f"  evidence  {it['fact']} ({it['strength']}) {it['statement']}" for it in finding["evidence"]]
    for name, title in (("cause", "cause"), ("possibly_stale", "stale?")):
        if finding.get(name):
            lines.append(f"  {title:<9} {finding[name]}")
    if finding.get("earlier"):
        lines.append(f"  earlier   {', '.join(finding['earlier'])}")
    lines.append(f"  explain   iamspec explain {finding['rule']}")
    return lines
