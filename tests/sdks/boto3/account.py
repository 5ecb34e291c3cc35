"""A client of the endpoint, and what the calls need before they can succeed."""

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
    """Credentials that open nothing, one try for each call."""
    return boto3.client(
        "iam",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"],
        config=Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=10),
    )


def as_holder(iam, key):
    """A client that calls with this access key."""
    other = client(iam.meta.endpoint_url, key)
    iam.answers.watch(other)
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
    """The ARN of a policy that does not exist, in the account of this one."""
    return arn.rsplit("/", 1)[0] + "/none"


def device(iam):
    return iam.create_virtual_mfa_device(VirtualMFADeviceName=fresh("device"))["VirtualMFADevice"]


def codes(made):
    """Two consecutive codes of a device that was just made (RFC 6238); the seed is in base 32."""
    key, window = base64.b32decode(made["Base32StringSeed"]), int(time.time()) // 30

    def code(counter):
        digest = hmac.new(key, struct.pack(">Q", counter), hashlib.sha1).digest()
        (number,) = struct.unpack_from(">I", digest, digest[-1] & 15)
        return f"{(number & 0x7FFFFFFF) % 1_000_000:06}"

    return {"AuthenticationCode1": code(window - 1), "AuthenticationCode2": code(window)}


def enabled(iam, name):
    """A device that is enabled for this user: its serial number."""
    made = device(iam)
    iam.enable_mfa_device(UserName=name, SerialNumber=made["SerialNumber"], **codes(made))
    return made["SerialNumber"]


def md5_of_key(body):
    """How the documentation tells keys apart: the MD5 digest of the blob, with colons."""
    return hashlib.md5(base64.b64decode(body.split()[1])).digest().hex(":")


def refused(iam, code, call, **members):
    """The call must be refused with this code, as the exception that the SDK has for it."""
    exception = iam.exceptions.from_code(code)
    try:
        call(**members)
    except ClientError as error:
        assert type(error) is exception, f"{error!r} where {exception.__name__} is known"
        assert error.response["Error"]["Code"] == code, f"{error!r} where {code} is known"
        assert error.response["Error"].get("Message") or code == "MalformedInput", "no message"
        return error
    raise AssertionError(f"carried out, must be refused with {code}")


def lists_of(iam, api):
    """The members of an answer that are lists."""
    output = iam.meta.service_model.operation_model(api).output_shape
    return [name for name, shape in output.members.items() if shape.type_name == "list"]


def one_by_one(iam, api, **members):
    """The pages of one member each, by botocore's paginator where it has one."""
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
    """What a listing shows, which must be the same in one page and one by one."""
    call, lists = getattr(iam, xform_name(api)), lists_of(iam, api)
    whole, pages = call(**members, MaxItems=1000), list(one_by_one(iam, api, **members))
    assert whole["IsTruncated"] is False and "Marker" not in whole, "not all on a page of 1000"
    for name in lists:
        shown = [member for page in pages for member in page[name]]
        assert shown == whole[name], f"{name} one by one: {shown}, at once: {whole[name]}"
    total = sum(len(whole[name]) for name in lists)
    assert len(pages) == max(total, 1), f"{total} members on {len(pages)} pages of one"
    refused(iam, "ValidationError", call, **members, Marker="none")
    return whole[lists[0]] if len(lists) == 1 else {name: whole[name] for name in lists}
