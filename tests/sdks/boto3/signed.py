"""Tests the signature check of the reference server with requests that botocore signs.

    signed.py URL
"""

import datetime
import sys
import traceback
import urllib.parse

import botocore.auth
import botocore.session
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from botocore.httpsession import URLLib3Session
from botocore import UNSIGNED
from botocore.config import Config

import account
from account import NO_KEY


def refused(code, call, *words, **members):
    try:
        call(**members)
    except ClientError as error:
        response = error.response["Error"]
        assert response["Code"] == code, f"expected {code}, got {error!r}"
        assert all(word in response["Message"] for word in words), response
        return
    raise AssertionError(f"expected {code}, but the request succeeded")


def a_valid_signature_is_accepted(url, iam):
    iam.create_user(UserName="a+b=c,d", Tags=[{"Key": "é ~", "Value": "a  b/*%2F"}])
    assert iam.get_user(UserName="a+b=c,d")["User"]["UserName"] == "a+b=c,d"
    iam.delete_user(UserName="a+b=c,d")


def a_wrong_secret_is_refused(url, iam):
    other = account.client(url, NO_KEY | {"SecretAccessKey": "x" * 40})
    refused("SignatureDoesNotMatch", other.list_users, "Check your AWS Secret Access Key")


def an_unknown_key_is_refused(url, iam):
    other = account.client(url, NO_KEY | {"AccessKeyId": "AKIAIOSFODNN7NOTHERE"})
    refused("InvalidClientTokenId", other.list_users, "security token")


def an_unsigned_request_is_refused(url, iam):
    session = botocore.session.get_session()
    other = session.create_client(
        "iam", endpoint_url=url, region_name="us-east-1", config=Config(signature_version=UNSIGNED)
    )
    refused("MissingAuthenticationToken", other.list_users, "missing Authentication Token")


def a_key_works_while_it_is_active(url, iam):
    name = account.user(iam)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    own = account.client(url, key)
    assert own.list_access_keys()["AccessKeyMetadata"][0]["UserName"] == name
    wrong = account.client(url, key | {"SecretAccessKey": NO_KEY["SecretAccessKey"]})
    refused("SignatureDoesNotMatch", wrong.list_users)
    item = {"UserName": name, "AccessKeyId": key["AccessKeyId"]}
    iam.update_access_key(**item, Status="Inactive")
    refused("InvalidClientTokenId", own.list_users)
    iam.update_access_key(**item, Status="Active")
    own.list_users()
    iam.delete_access_key(**item)
    refused("InvalidClientTokenId", own.list_users)
    iam.delete_user(UserName=name)


def send(url, auth, age, method="POST"):
    """Sends a request that was signed `age` minutes ago; returns the status and the body."""
    current = botocore.auth.get_current_datetime

    def earlier(*arguments, **named):
        return current(*arguments, **named) - datetime.timedelta(minutes=age)

    members = {"Action": "ListUsers", "Version": "2010-05-08"}
    request = AWSRequest(method=method, url=url + "/", data=members if method == "POST" else None)
    if method == "GET":
        request.url += "?" + urllib.parse.urlencode(members)
    botocore.auth.get_current_datetime = earlier
    try:
        auth.add_auth(request)
    finally:
        botocore.auth.get_current_datetime = current
    response = URLLib3Session().send(request.prepare())
    return response.status_code, response.text


KEY = Credentials(NO_KEY["AccessKeyId"], NO_KEY["SecretAccessKey"])


def a_signature_expires(url, iam):
    auth = botocore.auth.SigV4Auth(KEY, "iam", "us-east-1")
    for age in [0, 14, -14]:
        assert send(url, auth, age)[0] == 200, send(url, auth, age)
    for age, words in [(16, "Signature expired"), (-16, "not yet current")]:
        status, text = send(url, auth, age)
        assert status == 403 and "SignatureDoesNotMatch" in text and words in text, text


def a_signature_has_a_scope(url, iam):
    for service, region in [("iam", "eu-west-1"), ("sts", "us-east-1")]:
        status, text = send(url, botocore.auth.SigV4Auth(KEY, service, region), 0)
        assert status == 403 and "Credential should be scoped" in text, text


def a_presigned_url_is_accepted(url, iam):
    auth = botocore.auth.SigV4QueryAuth(KEY, "iam", "us-east-1", expires=120)
    assert send(url, auth, 1, "GET")[0] == 200, send(url, auth, 1, "GET")
    status, text = send(url, auth, 3, "GET")
    assert status == 403 and "Signature expired" in text, text


TESTS = [
    a_valid_signature_is_accepted,
    a_wrong_secret_is_refused,
    an_unknown_key_is_refused,
    an_unsigned_request_is_refused,
    a_key_works_while_it_is_active,
    a_signature_expires,
    a_signature_has_a_scope,
    a_presigned_url_is_accepted,
]


def main(url):
    iam, failed = account.client(url), 0
    for test in TESTS:
        try:
            test(url, iam)
        except Exception:
            failed += 1
            print(f"FAILED {test.__name__}:\n{traceback.format_exc()}")
    print(f"signatures: {len(TESTS) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
