"""Calls every operation that the endpoint serves, and judges every answer.

    calls.py URL FILE    FILE: what `iamspec list calls` prints

A call that is listed without a test is a failure, and so is a test whose call is not listed; what is
in PREPARED waits until its call is listed. So is a call that is served and not listed.
"""

import pathlib
import sys
import traceback
import urllib.error
import urllib.parse
import urllib.request

import account
from prepared import PREPARED
from served import SERVED
from shape import Answers


def chosen(listed):
    """The tests to run, and what is wrong with the tables."""
    rows = SERVED.rows + [(api, test) for api, test in PREPARED.rows if api in listed]
    tested = {api for api, _ in rows}
    wrong = [f"{api}: listed, and no test calls it" for api in listed if api not in tested]
    wrong += [f"{api}: tested, and not listed" for api in sorted(tested - set(listed))]
    return rows, wrong


def run(iam, answers, api, test):
    """What is wrong with a call, as one test finds it."""
    before = answers.done[api]
    try:
        test(iam)
        wrong = []
    except Exception as error:
        place = traceback.extract_tb(error.__traceback__)
        lines = [it for it in place if pathlib.Path(it.filename).parent == account.HERE]
        wrong = [f"{type(error).__name__}: {error} (line {lines[-1].lineno}: {lines[-1].line})"]
    wrong += answers.taken()
    if not wrong and answers.done[api] == before:
        wrong = ["never carried out"]
    return wrong


def unlisted(iam, url, listed):
    """Calls that botocore knows and the endpoint serves without saying so."""
    for api in sorted(set(iam.meta.service_model.operation_names) - set(listed)):
        form = urllib.parse.urlencode({"Action": api, "Version": "2010-05-08"}).encode()
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            answer = opener.open(url, form, timeout=10).read()
        except urllib.error.HTTPError as error:
            answer = error.read()
        if b"<Code>InvalidAction</Code>" not in answer:
            yield f"{api}: served, and not listed"


def main(url, file):
    listed = pathlib.Path(file).read_text().split()
    iam = account.client(url)
    answers = Answers(iam)
    rows, wrong = chosen(listed)
    passed, failed = 0, 0
    for api, test in rows:
        found = run(iam, answers, api, test)
        passed, failed = passed + (not found), failed + bool(found)
        for what in dict.fromkeys(found):
            print(f"FAILED {api}, {test.__name__}: {what}")
    for what in wrong + list(unlisted(iam, url, listed)):
        failed += 1
        print(f"FAILED {what}")
    waiting = {api for api, _ in PREPARED.rows} - set(listed)
    print(
        f"{len(listed)} operations in {answers.calls} calls, {answers.refused.total()} of them refused;"
        f" {answers.members} elements held to their shapes; tests of {len(waiting)} operations wait"
    )
    print(f"{passed} passed, {failed} failed")
    return 0 if passed and not failed else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
