"""Applies the deletion plan of a user that holds everything that the endpoint supports.

    check.py IAMSPEC URL JOURNALS
"""

import pathlib
import re
import signal
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent / "../sdks/boto3"))

import account

iamspec, url, journals = sys.argv[1:]


def apply(name, missing, interrupt_after):
    """Applies the plan. Sends an interrupt after some calls; 0 for none."""
    words = [iamspec, "plan", name, "--endpoint", url, "--apply", "--yes", "--delete-user", "--devices"]
    words += ["--journal", journals]
    for kind in missing:
        words += ["--assume-none", kind]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    lines = []
    for line in process.stdout:
        lines.append(line)
        print(f"  {line}", end="")
        if interrupt_after and sum("[x]" in it for it in lines) == interrupt_after:
            process.send_signal(signal.SIGINT)
            interrupt_after = 0
    code = process.wait()
    last = re.search(r"calls planned: (\d+), done: (\d+), sent: (\d+), retries: (\d+)", "".join(lines))
    assert last, f"exit code {code}, no line `calls planned`"
    return code, [int(it) for it in last.groups()]


def main():
    iam = account.client(url)
    name, missing = account.everything(iam)
    for kind in missing:
        print(f"not created: {kind}")
    code, (planned, done, sent, retries) = apply(name, missing, 3)
    while code == 3 and done and done < planned:
        # Interrupted: the same command continues.
        code, (left, more, further, again) = apply(name, missing, 0)
        done, sent, retries = done + more, sent + further, retries + again
        if not more:
            break
    account.refused(iam, "NoSuchEntity", iam.get_user, UserName=name)
    assert code == 0, f"exit code {code}"
    print(f"{url}: {9 - len(missing)} of 9 kinds; {planned} calls planned, {sent} made, {retries} retries; the user is deleted")


main()
