"""`Scripts` in a test file, with the endpoint of a fixture."""

from __future__ import annotations

import pytest

from iamspec.results import outdated_entries

CONFTEST = """
import pytest

@pytest.fixture(scope="session")
def iamspec_endpoint():
    return "{url}"
"""


def test_a_file_selects_scripts_by_pattern(pytester, conforming, runs):
    pytester.makeconftest(CONFTEST.format(url=conforming))
    pytester.makepyfile("from iamspec import Scripts\nscripts = Scripts('delete-user/alone/*')")
    pytester.runpytest().assert_outcomes(passed=9)
    assert len(runs()) == 1
    one = "test_a_file_selects_scripts_by_pattern.py::iamspec[delete-user/alone/access-key]"
    pytester.runpytest(one).assert_outcomes(passed=1)
    assert runs()[1:] == [["delete-user/alone/access-key"]]


def test_the_command_line_replaces_the_fixture(pytester, conforming):
    pytester.makeconftest(CONFTEST.format(url="http://127.0.0.1:9"))
    pytester.makepyfile("from iamspec import Scripts\nscripts = Scripts('delete-user/alone/*')")
    pytester.runpytest("--iamspec-endpoint", conforming).assert_outcomes(passed=9)
    pytester.runpytest().assert_outcomes(failed=9)


def test_a_script_file_is_relative_to_the_test_file(pytester, conforming):
    folder = pytester.mkdir("tests")
    (folder / "own.script").write_text("# A bare user is deleted.\nCreateUser u0\nDeleteUser u0\n")
    (folder / "test_own.py").write_text("from iamspec import Scripts\nscripts = Scripts('own.script')")
    pytester.makeconftest(CONFTEST.format(url=conforming))
    result = pytester.runpytest("-v")
    result.assert_outcomes(passed=1)
    pytester.runpytest("tests/test_own.py::iamspec[own.script]").assert_outcomes(passed=1)


def test_two_selections_need_names(pytester, conforming):
    pytester.makeconftest(CONFTEST.format(url=conforming))
    one, two = "one = Scripts('delete-user/bare')", "two = Scripts('delete-user/bare', tier='text'{})"
    file = pytester.makepyfile("\n".join(["from iamspec import Scripts", one, two.format("")]))
    result = pytester.runpytest(file)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*is collected twice; give each `Scripts` of a file a `name`"])
    file = pytester.makepyfile("\n".join(["from iamspec import Scripts", one, two.format(", name='text'")]))
    pytester.runpytest(file).assert_outcomes(passed=2)


def test_an_unknown_script_is_a_collection_error(pytester):
    pytester.makepyfile("from iamspec import Scripts\nscripts = Scripts('delete-user/bear')")
    result = pytester.runpytest()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*`delete-user/bear` is neither a file nor a built-in script; did you mean*"])


def test_without_a_fixture_the_error_says_what_to_do(pytester):
    pytester.makepyfile("from iamspec import Scripts\nscripts = Scripts('delete-user/bare')")
    result = pytester.runpytest()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*define the fixture `iamspec_endpoint`*"])


def test_folders_have_endpoints_of_their_own(pytester, conforming, defective):
    for name, url in (("good", conforming), ("bad", defective)):
        folder = pytester.mkpydir(name)
        (folder / "conftest.py").write_text(CONFTEST.format(url=url))
        (folder / "test_iam.py").write_text("from iamspec import Scripts\nscripts = Scripts('delete-user/alone/*')")
    result = pytester.runpytest()
    result.assert_outcomes(passed=17, failed=1)
    result.stdout.fnmatch_lines(["FAILED bad/test_iam.py*mfa-device*"])


def test_an_endpoint_for_each_test_runs_each_script_once(pytester, runs):
    pytester.makeconftest(
        "import pytest\n@pytest.fixture\ndef iamspec_endpoint(iam_endpoint):\n    return iam_endpoint.url"
    )
    pytester.makepyfile("from iamspec import Scripts\nscripts = Scripts('delete-user/alone/*')")
    pytester.runpytest().assert_outcomes(passed=9)
    # The first run takes all scripts; every later test has another endpoint.
    assert [len(it) for it in runs()] == [9] + [1] * 8


def entry(**changes):
    return {"rule": "R/one", "run": True, "tested": True, "matched": False, "conforms": 2} | changes


def test_parts_together_decide_which_entries_are_outdated():
    assert outdated_entries([[entry()], [entry()]]) != []
    assert outdated_entries([[entry()], [entry(matched=True)]]) == []
    assert outdated_entries([[entry(tested=False)], [entry(tested=False)]]) == []
    assert outdated_entries([[entry(run=False, script="x")], [entry(run=False, script="x")]]) != []
    assert outdated_entries([[entry(flaky=5)], [entry(flaky=5)]]) != []
    assert outdated_entries([[entry(flaky=4)], [entry(flaky=4)]]) == []
    assert outdated_entries([[entry(outcome="interrupted crash")]]) == []


def test_scripts_in_a_class_are_an_error(pytester, conforming):
    pytester.makeconftest(CONFTEST.format(url=conforming))
    pytester.makepyfile("from iamspec import Scripts\nclass TestIam:\n    scripts = Scripts('delete-user/*')")
    result = pytester.runpytest()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*`scripts` is in a class; assign `Scripts` to a variable of the test file*"])
