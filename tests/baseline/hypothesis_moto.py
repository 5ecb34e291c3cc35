"""How soon Hypothesis finds that an endpoint deletes a user that still holds something.

    hypothesis_moto.py --endpoint http://127.0.0.1:5000 --seed 1 --requests 3000

One state machine with boto3 and a small model, as an engineer would write it in an afternoon: two
users, groups, policies and devices, and eight kinds of attachments (moto has no service-specific
credentials). Users and groups are there when an example starts: without, finds take longer. Each
example has names of its own, so none sees what another one left behind.

A find is noted and the run goes on: the model takes over what the endpoint did. Nothing is shrunk.
Every request counts, those that prepare something too.

Prints, separated by tabs, the requests and seconds to the first wrong deletion, to each kind that
was seen wrong alone, and to all of these.
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
# What moto forgets; it refuses for inline and managed policies.
KINDS = ["login profile", "access key", "signing certificate", "SSH key", "MFA device", "group membership"]


class Ended(KeyboardInterrupt):
    """The run is over. Hypothesis would take anything else for a failure of the example."""


class Run:
    """The endpoint, and what was found after how many requests."""

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
        """The answer, or nothing where the call is refused."""
        if self.requests == self.limit:
            raise Ended
        self.requests += 1
        try:
            return getattr(self.iam, api)(**members)
        except ClientError:
            return None
        except BotoCoreError as error:
            raise Ended(f"expected an answer to {api}, came: {error}; is the endpoint still there?")

    def note(self, what):
        self.found.setdefault(what, (self.requests, self.seconds()))

    def wrongly_deleted(self, kinds):
        """A user was deleted that held these kinds."""
        self.note(FIRST)
        if len(kinds) == 1:
            self.note(*kinds)
        if all(kind in self.found for kind in KINDS):
            self.note(ALL)


class Iam(RuleBasedStateMachine):
    """Users, and what is attached to them. The model is `held`: what each user that exists holds."""

    run = None

    users = Bundle("users")
    groups = Bundle("groups")
    policies = Bundle("policies")
    devices = Bundle("devices")
    # What the service names, each with its user.
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
        """The answer, or nothing where there is one already."""
        return self.run.call(api, **{member: self.own(name)}, **members)

    def attach(self, kind, item, api, user, **members):
        """Whatever the endpoint attaches is held."""
        made = self.run.call(api, UserName=user, **members)
        if made:
            self.held[user].add((kind, item))

    def attach_named(self, kind, path, api, user, **members):
        """The same, for what the service names: the user and the name, for a bundle."""
        made = self.run.call(api, UserName=user, **members)
        if not made:
            return multiple()
        item = made[path[0]][path[1]]
        self.held[user].add((kind, item))
        return user, item

    def detach(self, kind, item, api, user, **members):
        if self.run.call(api, UserName=user, **members):
            self.held[user].discard((kind, item))

    # Users, and what can be attached to them.

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
        """Must be refused with DeleteConflict where the user holds anything."""
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
    """Until the requests are spent or all is found; what went wrong, if anything did."""
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
    asked = parser.parse_args()
    run = Run(asked.endpoint, asked.requests)
    wrong = search(run, asked.seed)
    if wrong:
        sys.exit(wrong)
    print(f"seed {asked.seed}", run.requests, f"{run.seconds():.3f}", sep="\t")
    for what in [FIRST, *KINDS, ALL]:
        requests, seconds = run.found.get(what, ("never", None))
        print(what, requests, "never" if seconds is None else f"{seconds:.3f}", sep="\t")


if __name__ == "__main__":
    main()
