"""Sends every operation of the endpoint and checks every response.

    calls.py URL FILE    FILE: the output of `iamspec list calls`

Fails if a listed operation has no test, if a tested operation is not listed, or if the endpoint serves an
operation that is not listed. The tests of PREPARED run only if their operation is listed.
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
from shape import Responses


def select(listed):
    """The tests to run, and the errors in the tables."""
    rows = SERVED.rows + [(api, test) for api, test in PREPARED.rows if api in listed]
    tested = {api for api, _ in rows}
    errors = [f"{api}: is listed but has no test" for api in listed if api not in tested]
    errors += [f"{api}: is tested but not listed" for api in sorted(tested - set(listed))]
    return rows, errors


def run(iam, responses, api, test):
    """Runs one test; returns its errors."""
    before = responses.succeeded[api]
    try:
        test(iam)
        errors = []
    except Exception as error:
        place = traceback.extract_tb(error.__traceback__)
        lines = [it for it in place if pathlib.Path(it.filename).parent == account.HERE]
        errors = [f"{type(error).__name__}: {error} (line {lines[-1].lineno}: {lines[-1].line})"]
    errors += responses.take_errors()
    if not errors and responses.succeeded[api] == before:
        errors = ["the operation never succeeded"]
    return errors


def unlisted(iam, url, listed):
    """Operations of botocore that the endpoint serves but does not list."""
    for api in sorted(set(iam.meta.service_model.operation_names) - set(listed)):
        form = urllib.parse.urlencode({"Action": api, "Version": "2010-05-08"}).encode()
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            body = opener.open(url, form, timeout=10).read()
        except urllib.error.HTTPError as error:
            body = error.read()
        if b"<Code>InvalidAction</Code>" not in body and b"<Code>NotImplemented</Code>" not in body:
            yield f"{api}: is served but not listed"


def main(url, file):
    listed = pathlib.Path(file).read_text().split()
    iam = account.client(url)
    responses = Responses(iam)
    rows, errors = select(listed)
    passed, failed = 0, 0
    for api, test in rows:
        found = run(iam, responses, api, test)
        passed, failed = passed + (not found), failed + bool(found)
        for error in dict.fromkeys(found):
            print(f"FAILED {api}, {test.__name__}: {error}")
    for error in errors + list(unlisted(iam, url, listed)):
        failed += 1
        print(f"FAILED {error}")
    waiting = {api for api, _ in PREPARED.rows} - set(listed)
    print(
        f"{len(listed)} operations in {responses.requests} requests, {responses.refused.total()} of them refused;"
        f" {responses.members} elements checked; tests of {len(waiting)} operations are not listed yet"
    )
    print(f"{passed} passed, {failed} failed")
    return 0 if passed and not failed else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
