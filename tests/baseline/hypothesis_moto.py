"""Measures how soon Hypothesis finds that an endpoint deletes a user with attachments.

    hypothesis_moto.py --endpoint http://127.0.0.1:5000 --seed 1 --requests 3000

A state machine with boto3 and a small model, as an engineer would write it in an afternoon: two
users, groups, policies and devices, and eight kinds of attachments (moto has no service-specific
credentials). Each example starts with users and groups, because findings take longer without them.
Each example has its own names, so examples do not affect each other.

A run continues after a finding: the model adopts the state of the endpoint. Shrinking is off. Every
request counts, including setup.

Prints, separated by tabs, the requests and seconds until the first wrong deletion, until each kind
was wrong as the only attachment, and until all of these.
"""

import argparse
import collections
import itertools
import pathlib
import secrets
import sys
import time

import boto3
import hypothesis
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from hypothesis import HealthCheck, Phase, Verbosity
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    multiple,
    rule,
    run_state_machine_as_test,
)

TESTS = pathlib.Path(__file__).parent.parent
SSH_KEY = (TESTS / "../harness/data/ssh-keys.txt").read_text().splitlines()[0]
END = "-----END CERTIFICATE-----\n"
CERTIFICATE = (TESTS / "sdks/boto3/certificates.pem").read_text().split(END)[0] + END
PASSWORD = "Aa1!" + "x" * 20
DOCUMENT = '{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}'
CODES = {"AuthenticationCode1": "123456", "AuthenticationCode2": "654321"}

USERS, GROUPS, POLICIES = ["alice", "bob"], ["admins", "staff"], ["reading", "writing"]
DEVICES, INLINE = ["phone", "token"], ["first", "second"]

FIRST, ALL = "first wrong deletion", "all six alone"
# The kinds that moto ignores. It refuses to delete a user with inline or managed policies.
KINDS = ["login profile", "access key", "signing certificate", "SSH key", "MFA device", "group membership"]


class Ended(KeyboardInterrupt):
    """Ends the run. Hypothesis would treat any other exception as a failure of the example."""


class Run:
    """A connection to the endpoint, and the request number of each finding."""

    def __init__(self, url, limit):
        self.limit, self.requests, self.found = limit, 0, {}
        self.prefix, self.examples = secrets.token_hex(4), itertools.count(1)
        self.iam = boto3.client(
            "iam",
            endpoint_url=url,
            region_name="us-east-1",
            aws_access_key_id="none",
            aws_secret_access_key="none",
            config=Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=10, proxies={}),
        )
        self.start = time.monotonic()

    def seconds(self):
        return time.monotonic() - self.start

    def call(self, api, **members):
        """The response, or None if the endpoint refuses the request."""
        if self.requests == self.limit:
            raise Ended
        self.requests += 1
        try:
            return getattr(self.iam, api)(**members)
        except ClientError:
            return None
        except BotoCoreError as error:
            raise Ended(f"expected a response to {api}, got: {error}; does the endpoint still run?")

    def record(self, finding):
        self.found.setdefault(finding, (self.requests, self.seconds()))

    def wrongly_deleted(self, kinds):
        """Records that the endpoint deleted a user with these kinds."""
        self.record(FIRST)
        if len(kinds) == 1:
            self.record(*kinds)
        if all(kind in self.found for kind in KINDS):
            self.record(ALL)


class Iam(RuleBasedStateMachine):
    """Users and their attachments. The model is `held`: the attachments of each existing user."""

    run = None

    users = Bundle("users")
    groups = Bundle("groups")
    policies = Bundle("policies")
    devices = Bundle("devices")
    # Items with generated ids, each with its user.
    keys = Bundle("keys")
    certificates = Bundle("certificates")
    ssh_keys = Bundle("ssh_keys")

    def __init__(self):
        super().__init__()
        self.example = next(self.run.examples)
        self.held = collections.defaultdict(set)

    def own(self, name):
        return f"{self.run.prefix}-{self.example}-{name}"

    def make(self, api, member, name, **members):
        """The response, or None if the name is taken."""
        return self.run.call(api, **{member: self.own(name)}, **members)

    def attach(self, kind, item, api, user, **members):
        """Adds the item to the model if the endpoint attached it."""
        made = self.run.call(api, UserName=user, **members)
        if made:
            self.held[user].add((kind, item))

    def attach_named(self, kind, path, api, user, **members):
        """The same for an item with a generated id. Returns the user and the id for a bundle."""
        made = self.run.call(api, UserName=user, **members)
        if not made:
            return multiple()
        item = made[path[0]][path[1]]
        self.held[user].add((kind, item))
        return user, item

    def detach(self, kind, item, api, user, **members):
        if self.run.call(api, UserName=user, **members):
            self.held[user].discard((kind, item))

    # Users and the resources that can be attached to them.

    @initialize(target=users)
    def two_users(self):
        return multiple(*[self.own(name) for name in USERS if self.make("create_user", "UserName", name)])

    @initialize(target=groups)
    def two_groups(self):
        return multiple(*[self.own(name) for name in GROUPS if self.make("create_group", "GroupName", name)])

    @rule(target=users, name=st.sampled_from(USERS))
    def create_user(self, name):
        return self.own(name) if self.make("create_user", "UserName", name) else multiple()

    @rule(user=users)
    def delete_user(self, user):
        """The endpoint must refuse with DeleteConflict if the user has an attachment."""
        if self.run.call("delete_user", UserName=user):
            held = self.held.pop(user, set())
            if held:
                self.run.wrongly_deleted({kind for kind, _ in held})

    @rule(target=groups, name=st.sampled_from(GROUPS))
    def create_group(self, name):
        return self.own(name) if self.make("create_group", "GroupName", name) else multiple()

    @rule(target=policies, name=st.sampled_from(POLICIES))
    def create_policy(self, name):
        made = self.make("create_policy", "PolicyName", name, PolicyDocument=DOCUMENT)
        return made["Policy"]["Arn"] if made else multiple()

    @rule(target=devices, name=st.sampled_from(DEVICES))
    def create_virtual_mfa_device(self, name):
        made = self.make("create_virtual_mfa_device", "VirtualMFADeviceName", name)
        return made["VirtualMFADevice"]["SerialNumber"] if made else multiple()

    # The eight kinds.

    @rule(user=users)
    def create_login_profile(self, user):
        self.attach("login profile", None, "create_login_profile", user, Password=PASSWORD)

    @rule(user=users)
    def delete_login_profile(self, user):
        self.detach("login profile", None, "delete_login_profile", user)

    @rule(target=keys, user=users)
    def create_access_key(self, user):
        return self.attach_named("access key", ("AccessKey", "AccessKeyId"), "create_access_key", user)

    @rule(key=keys)
    def delete_access_key(self, key):
        user, item = key
        self.detach("access key", item, "delete_access_key", user, AccessKeyId=item)

    @rule(target=certificates, user=users)
    def upload_signing_certificate(self, user):
        path, body = ("Certificate", "CertificateId"), {"CertificateBody": CERTIFICATE}
        return self.attach_named("signing certificate", path, "upload_signing_certificate", user, **body)

    @rule(certificate=certificates)
    def delete_signing_certificate(self, certificate):
        user, item = certificate
        self.detach("signing certificate", item, "delete_signing_certificate", user, CertificateId=item)

    @rule(target=ssh_keys, user=users)
    def upload_ssh_public_key(self, user):
        path, body = ("SSHPublicKey", "SSHPublicKeyId"), {"SSHPublicKeyBody": SSH_KEY}
        return self.attach_named("SSH key", path, "upload_ssh_public_key", user, **body)

    @rule(ssh_key=ssh_keys)
    def delete_ssh_public_key(self, ssh_key):
        user, item = ssh_key
        self.detach("SSH key", item, "delete_ssh_public_key", user, SSHPublicKeyId=item)

    @rule(user=users, device=devices)
    def enable_mfa_device(self, user, device):
        self.attach("MFA device", device, "enable_mfa_device", user, SerialNumber=device, **CODES)

    @rule(user=users, device=devices)
    def deactivate_mfa_device(self, user, device):
        self.detach("MFA device", device, "deactivate_mfa_device", user, SerialNumber=device)

    @rule(user=users, name=st.sampled_from(INLINE))
    def put_user_policy(self, user, name):
        policy = {"PolicyName": name, "PolicyDocument": DOCUMENT}
        self.attach("inline policy", name, "put_user_policy", user, **policy)

    @rule(user=users, name=st.sampled_from(INLINE))
    def delete_user_policy(self, user, name):
        self.detach("inline policy", name, "delete_user_policy", user, PolicyName=name)

    @rule(user=users, policy=policies)
    def attach_user_policy(self, user, policy):
        self.attach("managed policy", policy, "attach_user_policy", user, PolicyArn=policy)

    @rule(user=users, policy=policies)
    def detach_user_policy(self, user, policy):
        self.detach("managed policy", policy, "detach_user_policy", user, PolicyArn=policy)

    @rule(user=users, group=groups)
    def add_user_to_group(self, user, group):
        self.attach("group membership", group, "add_user_to_group", user, GroupName=group)

    @rule(user=users, group=groups)
    def remove_user_from_group(self, user, group):
        self.detach("group membership", group, "remove_user_from_group", user, GroupName=group)


def search(run, seed):
    """Runs until the request limit or until all kinds are found. Returns an error message or None."""
    settings = hypothesis.settings(
        max_examples=run.limit + 1,
        stateful_step_count=50,
        phases=[Phase.generate],
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        verbosity=Verbosity.quiet,
    )
    machine = hypothesis.seed(seed)(type("Seeded", (Iam,), {"run": run}))
    try:
        run_state_machine_as_test(machine, settings=settings)
    except Ended as end:
        return str(end)
    return f"expected {run.limit} requests, Hypothesis stopped after {run.requests}; try another seed"


def main():
    parser = argparse.ArgumentParser(description="One seed of the state machine against an endpoint.")
    parser.add_argument("--endpoint", required=True, metavar="URL")
    parser.add_argument("--seed", required=True, type=int)
    parser.add_argument("--requests", default=3000, type=int, metavar="MAX")
    args = parser.parse_args()
    run = Run(args.endpoint, args.requests)
    error = search(run, args.seed)
    if error:
        sys.exit(error)
    print(f"seed {args.seed}", run.requests, f"{run.seconds():.3f}", sep="\t")
    for finding in [FIRST, *KINDS, ALL]:
        requests, seconds = run.found.get(finding, ("never", None))
        print(finding, requests, "never" if seconds is None else f"{seconds:.3f}", sep="\t")


if __name__ == "__main__":
    main()
