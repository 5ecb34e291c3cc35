"""Scripts as tests: collection, selection, failures, known failures, and workers of pytest-xdist."""

from __future__ import annotations

import pytest

from iamspec import program
from iamspec.reference import ReferenceServer

ALONE = ("-k", "delete-user/alone")


def test_the_command_line_adds_one_test_per_script(pytester, conforming, runs):
    result = pytester.runpytest("--iamspec-endpoint", conforming)
    result.assert_outcomes(passed=len(program.scripts()))
    assert [sorted(it) for it in runs()] == [sorted(it.name for it in program.scripts())]


def test_without_an_endpoint_nothing_changes(pytester, runs):
    pytester.makepyfile("def test_one(): pass")
    pytester.runpytest().assert_outcomes(passed=1)
    assert runs() == []


def test_k_restricts_what_runs(pytester, conforming, runs):
    result = pytester.runpytest(
        "--iamspec-endpoint", conforming, "-k", "delete-user/alone/access-key or delete-user/bare"
    )
    result.assert_outcomes(passed=2, deselected=len(program.scripts()) - 2)
    result.stdout.fnmatch_lines([f"collected {len(program.scripts())} items / * / 2 selected"])
    assert [sorted(it) for it in runs()] == [["delete-user/alone/access-key", "delete-user/bare"]]


def test_markers_select_kinds_and_rules(pytester, conforming):
    options = ("--iamspec-endpoint", conforming, "--strict-markers", "-m")
    expected = sum("mfa-device" in it.kinds for it in program.scripts())
    result = pytester.runpytest(*options, "iamspec_kind(name='mfa-device')")
    result.assert_outcomes(passed=expected, deselected=len(program.scripts()) - expected)
    rule = "DeleteUser/holds-ssh-public-key"
    expected = sum(rule in it.rules for it in program.scripts())
    result = pytester.runpytest(*options, f"iamspec_rule(name='{rule}')")
    result.assert_outcomes(passed=expected, deselected=len(program.scripts()) - expected)
    assert expected > 0


def test_a_failure_shows_the_finding_and_a_program(pytester, defective):
    result = pytester.runpytest("--iamspec-endpoint", defective, *ALONE)
    result.assert_outcomes(passed=8, failed=1, deselected=len(program.scripts()) - 9)
    result.stdout.fnmatch_lines(
        [
            "delete-user/alone/mfa-device: An MFA device alone blocks DeleteUser.",
            "  DeleteUser u0                            -> 200  DIVERGES",
            "DeleteUser/holds-mfa-device  must, status",
            "  expected  409 DeleteConflict *",
            "  evidence  A-013 *",
            "again     pytest --iamspec-endpoint http://* -k 'iamspec[[]delete-user/alone/mfa-device[]]'",
            "*boto3 program*",
            "*iam.delete_user*",
            "FAILED iamspec::iamspec[[]delete-user/alone/mfa-device[]]*",
        ]
    )
    result.stdout.no_fnmatch_line("*Traceback*")
    result = pytester.runpytest("--iamspec-endpoint", defective, *ALONE, "--iamspec-export", "none")
    result.stdout.no_fnmatch_line("*boto3 program*")


def test_the_printed_command_runs_the_failure_again(pytester, defective):
    options = ("-k", "iamspec[delete-user/alone/mfa-device]")
    result = pytester.runpytest("--iamspec-endpoint", defective, *options)
    result.assert_outcomes(failed=1, deselected=len(program.scripts()) - 1)


def test_a_failure_in_junit_has_the_text(pytester, defective):
    pytester.runpytest("--iamspec-endpoint", defective, *ALONE, "--junitxml", "junit.xml")
    assert (
        "DeleteUser is refused with DeleteConflict if the user holds an MFA device."
        in (pytester.path / "junit.xml").read_text()
    )


def test_a_known_failure_is_an_xfail_with_its_reason(pytester, defective, known_failures):
    options = ("--iamspec-endpoint", defective, "--iamspec-known-failures", known_failures.name, *ALONE)
    result = pytester.runpytest(*options, "-rx")
    result.assert_outcomes(passed=8, xfailed=1, deselected=len(program.scripts()) - 9)
    result.stdout.fnmatch_lines(["XFAIL *mfa-device* - *ignores MFA devices*"])
    result = pytester.runpytest(*options, "--runxfail")
    result.assert_outcomes(passed=8, failed=1, deselected=len(program.scripts()) - 9)
    result.stdout.fnmatch_lines(["  DeleteUser u0 *-> 200  DIVERGES (known failure)"])


@pytest.mark.parametrize("workers", [(), ("-n", "2")])
def test_known_failures_are_strict(pytester, conforming, defective, known_failures, workers):
    options = ("--iamspec-known-failures", known_failures.name, *workers)
    result = pytester.runpytest("--iamspec-endpoint", conforming, *options)
    result.assert_outcomes(passed=len(program.scripts()), failed=1)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(
        ["[[]XPASS(strict)[]] known failure DeleteUser/holds-mfa-device: the rule was tested and *remove the entry"]
    )
    result = pytester.runpytest("--iamspec-endpoint", defective, *options)
    assert result.ret == pytest.ExitCode.OK
    # A part of the scripts cannot show that an entry is outdated.
    result = pytester.runpytest("--iamspec-endpoint", conforming, *options, *ALONE)
    assert result.ret == pytest.ExitCode.OK


def test_a_wrong_entry_fails_before_any_call(pytester, conforming, known_failures):
    known_failures.write_text('[[known-failure]]\nrule = "DeleteUser/holds-tokens"\nreason = "none"\n')
    result = pytester.runpytest("--iamspec-endpoint", conforming, "--iamspec-known-failures", "known.toml", *ALONE)
    result.assert_outcomes(failed=9, deselected=len(program.scripts()) - 9)
    result.stdout.fnmatch_lines(["*unknown known failure: no rule matches `DeleteUser/holds-tokens`*"])


def test_workers_divide_the_scripts(pytester, conforming, runs):
    pytester.makepyfile("import pytest\n@pytest.mark.parametrize('n', range(5))\ndef test_one(n): pass")
    result = pytester.runpytest("--iamspec-endpoint", conforming, "-n", "2")
    result.assert_outcomes(passed=len(program.scripts()) + 5)
    parts = runs()
    assert len(parts) == 2
    assert sorted(parts[0] + parts[1]) == sorted(it.name for it in program.scripts())


@pytest.mark.parametrize("dist", ["loadfile", "loadscope", "worksteal"])
def test_every_distribution_runs_each_script_once(pytester, conforming, runs, dist):
    result = pytester.runpytest("--iamspec-endpoint", conforming, "-n", "2", "--dist", dist, "-k", "delete-user")
    assert result.ret == pytest.ExitCode.OK
    names = [name for part in runs() for name in part]
    assert sorted(names) == sorted(it.name for it in program.scripts() if "delete-user" in it.name)


def test_workers_without_scripts_are_scheduled_as_always(pytester):
    pytester.makepyfile("import pytest\n@pytest.mark.parametrize('n', range(9))\ndef test_one(n): pass")
    for dist in ("load", "worksteal"):
        pytester.runpytest("-n", "2", "--dist", dist).assert_outcomes(passed=9)


def test_an_endpoint_that_does_not_respond_is_no_pass(pytester):
    result = pytester.runpytest("--iamspec-endpoint", "http://127.0.0.1:9", *ALONE)
    result.assert_outcomes(failed=9, deselected=len(program.scripts()) - 9)
    result.stdout.fnmatch_lines(["delete-user/alone/access-key: no result: *127.0.0.1:9*"])


def test_a_wrong_option_is_shown(pytester, conforming, runs):
    result = pytester.runpytest("--iamspec-endpoint", conforming, "--iamspec-options=--no-such-option", *ALONE)
    result.assert_outcomes(failed=9, deselected=len(program.scripts()) - 9)
    result.stdout.fnmatch_lines(["*no result:*--no-such-option*"])
    assert len(runs()) == 1


def test_settings_replace_the_command_line(pytester, defective, known_failures):
    pytester.makeini(f"[pytest]\niamspec_endpoint = {defective}\niamspec_known_failures = {known_failures.name}\n")
    sub = pytester.mkdir("elsewhere")
    result = pytester.runpytest("--rootdir", pytester.path, "-c", pytester.path / "tox.ini", sub, *ALONE)
    result.assert_outcomes(passed=8, xfailed=1, deselected=len(program.scripts()) - 9)


def test_the_settings_of_the_program_do_not_apply(pytester, conforming):
    (pytester.path / "iamspec.toml").write_text('reports = ["junit=out.xml"]\nno-such-setting = 1\n')
    pytester.runpytest("--iamspec-endpoint", conforming, "-k", "delete-user/bare").assert_outcomes(
        passed=1, deselected=len(program.scripts()) - 1
    )


def test_a_tier_changes_the_verdict(pytester):
    with ReferenceServer(["--mutant", "conflict-is-validation-error"]) as endpoint:
        options = ("--iamspec-endpoint", endpoint.url, "-k", "delete-user/alone/managed-policy")
        # The status of the wrong code differs as well.
        assert pytester.runpytest(*options, "--iamspec-tier", "status").ret == pytest.ExitCode.TESTS_FAILED
    with ReferenceServer(["--mutant", "conflict-has-other-words"]) as endpoint:
        options = ("--iamspec-endpoint", endpoint.url, "-k", "delete-user/alone/inline-policy")
        assert pytester.runpytest(*options).ret == pytest.ExitCode.OK
        result = pytester.runpytest(*options, "--iamspec-tier", "text", "--iamspec-options", "--level should")
        assert result.ret == pytest.ExitCode.TESTS_FAILED
