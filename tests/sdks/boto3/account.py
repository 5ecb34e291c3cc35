"""A client of the endpoint, and the resources that other requests need."""

import base64
import hashlib
import hmac
import itertools
import pathlib
import struct
import time

import boto3
from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError

HERE = pathlib.Path(__file__).parent
SSH_KEYS = (HERE / "../../../harness/data/ssh-keys.txt").read_text().splitlines()
END = "-----END CERTIFICATE-----\n"
CERTIFICATES = [body + END for body in (HERE / "certificates.pem").read_text().split(END)[:-1]]

NOBODY = "nobody"
SERVICE = "codecommit.amazonaws.com"
PASSWORD = "Aa1!" + "x" * 20
DOCUMENT = (
    '{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "iam:*", "Resource": "*",'
    ' "Condition": {"StringEquals": {"aws:username": "a+b %2F ~e"}}}]}'
)

numbers = itertools.count(1)


NO_KEY = {"AccessKeyId": "AKIAIOSFODNN7EXAMPLE", "SecretAccessKey": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}


def client(url, key=NO_KEY):
    """A client with example credentials that does not retry."""
    return boto3.client(
        "iam",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"],
        config=Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=10),
    )


def as_holder(iam, key):
    """A client that signs with this access key."""
    other = client(iam.meta.endpoint_url, key)
    iam.responses.watch(other)
    return other


def fresh(prefix):
    return f"{prefix}-{next(numbers)}"


def user(iam, **members):
    return iam.create_user(UserName=fresh("user"), **members)["User"]["UserName"]


def group(iam):
    return iam.create_group(GroupName=fresh("group"))["Group"]["GroupName"]


def policy(iam):
    return iam.create_policy(PolicyName=fresh("policy"), PolicyDocument=DOCUMENT)["Policy"]["Arn"]


def no_policy(arn):
    """The ARN of a policy that does not exist, in the same account."""
    return arn.rsplit("/", 1)[0] + "/none"


def device(iam):
    return iam.create_virtual_mfa_device(VirtualMFADeviceName=fresh("device"))["VirtualMFADevice"]


def codes(made):
    """Two consecutive codes of a new device (RFC 6238). The seed is in base32."""
    key, window = base64.b32decode(made["Base32StringSeed"]), int(time.time()) // 30

    def code(counter):
        digest = hmac.new(key, struct.pack(">Q", counter), hashlib.sha1).digest()
        (number,) = struct.unpack_from(">I", digest, digest[-1] & 15)
        return f"{(number & 0x7FFFFFFF) % 1_000_000:06}"

    return {"AuthenticationCode1": code(window - 1), "AuthenticationCode2": code(window)}


def enabled(iam, name):
    """Creates a device and enables it for the user; returns its serial number."""
    made = device(iam)
    iam.enable_mfa_device(UserName=name, SerialNumber=made["SerialNumber"], **codes(made))
    return made["SerialNumber"]


def md5_of_key(body):
    """The fingerprint of the documentation: the MD5 digest of the blob, with colons."""
    return hashlib.md5(base64.b64decode(body.split()[1])).digest().hex(":")


def refused(iam, code, call, **members):
    """Asserts that the endpoint refuses with this code, and that the SDK raises its exception for the code."""
    exception = iam.exceptions.from_code(code)
    try:
        call(**members)
    except ClientError as error:
        assert type(error) is exception, f"expected {exception.__name__}, got {error!r}"
        assert error.response["Error"]["Code"] == code, f"expected {code}, got {error!r}"
        assert error.response["Error"].get("Message") or code == "MalformedInput", "the error has no message"
        return error
    raise AssertionError(f"expected {code}, but the request succeeded")


def lists_of(iam, api):
    """The members of the response that are lists."""
    output = iam.meta.service_model.operation_model(api).output_shape
    return [name for name, shape in output.members.items() if shape.type_name == "list"]


def one_by_one(iam, api, **members):
    """The pages with one member each. Uses botocore's paginator if the operation has one."""
    name = xform_name(api)
    if iam.can_paginate(name):
        yield from iam.get_paginator(name).paginate(**members, PaginationConfig={"PageSize": 1})
        return
    page = getattr(iam, name)(**members, MaxItems=1)
    yield page
    while page["IsTruncated"]:
        page = getattr(iam, name)(**members, MaxItems=1, Marker=page["Marker"])
        yield page


def listed(iam, api, **members):
    """The members of a listing. Asserts that one page and pages of one member give the same."""
    call, lists = getattr(iam, xform_name(api)), lists_of(iam, api)
    whole, pages = call(**members, MaxItems=1000), list(one_by_one(iam, api, **members))
    assert whole["IsTruncated"] is False and "Marker" not in whole, "a page of 1000 must contain all members"
    for name in lists:
        paged = [member for page in pages for member in page[name]]
        assert paged == whole[name], f"{name} with one member per page: {paged}, in one page: {whole[name]}"
    total = sum(len(whole[name]) for name in lists)
    assert len(pages) == max(total, 1), f"expected {total} pages of one member, got {len(pages)}"
    refused(iam, "ValidationError", call, **members, Marker="none")
    return whole[lists[0]] if len(lists) == 1 else {name: whole[name] for name in lists}


class NotListed(Exception):
    """The endpoint creates an item that it does not list."""


def listed_credential(iam, name):
    """Creates a service-specific credential, and deletes it again if the endpoint does not list it."""
    made = iam.create_service_specific_credential(UserName=name, ServiceName=SERVICE)["ServiceSpecificCredential"]
    try:
        iam.list_service_specific_credentials(UserName=name)
    except ClientError as error:
        # LocalStack 4.14 lists credentials of one service only.
        credential = made["ServiceSpecificCredentialId"]
        iam.delete_service_specific_credential(UserName=name, ServiceSpecificCredentialId=credential)
        raise NotListed(str(error)) from error


def everything(iam):
    """Creates a user with an attachment of each kind that the endpoint supports.

    Returns its name, and the kinds that the endpoint does not support.
    """
    name = user(iam)
    certificate, key = CERTIFICATES[0], SSH_KEYS[0]
    made = {
        "login-profile": lambda: iam.create_login_profile(UserName=name, Password=PASSWORD),
        "access-key": lambda: iam.create_access_key(UserName=name),
        "signing-certificate": lambda: iam.upload_signing_certificate(UserName=name, CertificateBody=certificate),
        "ssh-public-key": lambda: iam.upload_ssh_public_key(UserName=name, SSHPublicKeyBody=key),
        "service-credential": lambda: listed_credential(iam, name),
        "mfa-device": lambda: enabled(iam, name),
        "inline-policy": lambda: iam.put_user_policy(UserName=name, PolicyName="inline", PolicyDocument=DOCUMENT),
        "managed-policy": lambda: iam.attach_user_policy(UserName=name, PolicyArn=policy(iam)),
        "group-membership": lambda: iam.add_user_to_group(UserName=name, GroupName=group(iam)),
    }
    missing = []
    for kind, make in made.items():
        try:
            make()
        except NotListed:
            missing.append(kind)
        except ClientError as error:
            assert error.response["ResponseMetadata"]["HTTPStatusCode"] >= 500, error
            missing.append(kind)
        except ResponseParserError as error:
            # moto's way to say that it lacks a call.
            assert "500 Internal Server Error" in str(error), error
            missing.append(kind)
    return name, missing
