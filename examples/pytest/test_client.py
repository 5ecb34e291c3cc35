"""Tests of code that uses IAM, against the reference endpoint."""

import pytest


def delete_user(iam, name):
    """The code under test: removes the access keys of a user, and the user."""
    for key in iam.list_access_keys(UserName=name)["AccessKeyMetadata"]:
        iam.delete_access_key(UserName=name, AccessKeyId=key["AccessKeyId"])
    iam.delete_user(UserName=name)


def test_a_user_with_an_access_key_is_deleted(iam_endpoint):
    iam = iam_endpoint.client()
    iam.create_user(UserName="alice")
    iam.create_access_key(UserName="alice")
    delete_user(iam, "alice")
    assert iam.list_users()["Users"] == []


@pytest.mark.iamspec_faults(sort="throttle", on="DeleteUser", times=2)
def test_throttling_is_retried(iam_endpoint):
    iam = iam_endpoint.client()
    iam.create_user(UserName="alice")
    delete_user(iam, "alice")
    assert iam.list_users()["Users"] == []
