#!/usr/bin/env python3
"""Faults that public issues report of IAM endpoints: which rule finds each, and at which request.

    tests/emulators/public_reports.py target/release/iamspec > tests/reports/public-reports.md

A proxy in front of the reference endpoint changes each response as the issue describes. Each fault gets a run with
default settings and one with `--tier wire`. With --check FILE, the program compares its output with the file. It
exits with 1 if the file differs, or if a run does not find the fault by the rule of its row.
"""

import http.client
import http.server
import json
import pathlib
import re
import socketserver
import subprocess
import sys
import tempfile
import threading
import urllib.parse

CRASHES = ["GetUser", "ListAccessKeys", "DeleteAccessKey"]
PAGE = b"<!DOCTYPE html><title>500 Internal Server Error</title>"


def error_of(status, body):
    """The code and the message of a refusal."""
    found = re.search(rb"<Code>(.*?)</Code>(?:.*?<Message>(.*?)</Message>)?", body, re.S) if status >= 400 else None
    return (found[1], found[2] or b"") if found else None


def without(body, *names):
    for name in names:
        body = re.sub(rf"<{name}>.*?</{name}>".encode(), b"", body, flags=re.S)
    return body


def item_lists(action, form, status, body):
    return status, body.replace(b"<member>", b"<item>").replace(b"</member>", b"</item>")


def tag_lists(action, form, status, body):
    renamed = lambda found: found[0].replace(b"<member>", b"<Tag>").replace(b"</member>", b"</Tag>")
    return status, re.sub(rb"<Tags>.*?</Tags>", renamed, body, flags=re.S)


def bare_error(action, form, status, body):
    error = error_of(status, body)
    return status, b"<Error><Code>%s</Code><Message>%s</Message></Error>" % error if error else body


def json_error(action, form, status, body):
    error = error_of(status, body)
    return status, json.dumps({"__type": error[0].decode(), "message": error[1].decode()}).encode() if error else body


def html_crash(action, form, status, body):
    return (500, PAGE) if action in CRASHES and "UserName" not in form else (status, body)


def json_crash(action, form, status, body):
    return (500, b'{"message": "internal error"}') if action in CRASHES and "UserName" not in form else (status, body)


def crash_on_existing(action, form, status, body):
    error = error_of(status, body)
    exists = error and error[0] == b"EntityAlreadyExists"
    return (500, body.replace(b"EntityAlreadyExists", b"ServiceFailure")) if exists else (status, body)


def unescaped(action, form, status, body):
    return status, body.replace(b"&amp;", b"&").replace(b"&lt;", b"<")


def lacks(of, *names):
    return lambda action, form, status, body: (status, without(body, *names) if action in (of, "*") or of == "*" else body)


def unchanged(action, form, status, body):
    return status, body


def plus_as_space(form):
    return {name: value.replace("+", " ") if name == "UserName" else value for name, value in form.items()}


# The issues, the fault, the change of the response, the change of the request, and the rule that finds the fault.
FAULTS = [
    ("getmoto/moto#4341, localstack/localstack#1673", "entries of lists are `<item>`", item_lists, None, "wire-list-framing"),
    ("faiscadev/fakecloud#1846", "entries of `Tags` are `<Tag>`", tag_lists, None, "wire-list-framing"),
    ("localstack/localstack#6451", "ListMFADevices lacks `EnableDate` and `UserName`",
     lacks("ListMFADevices", "EnableDate", "UserName"), None, "ListMFADevices/wire-required-members"),
    ("scality/cloudserver#1837, ceph/s3-tests#453", "errors have the root `<Error>`", bare_error, None, "wire-error-framing"),
    ("floci-io/floci#1753", "calls without `UserName` return 500 with JSON", json_crash, None, "GetUser/user-name-absent"),
    ("localstack/localstack#5196", "calls without `UserName` return 500 with HTML", html_crash, None, "GetUser/user-name-absent"),
    ("versity/versitygw#613", "creating what exists returns 500", crash_on_existing, None, "CreateUser/user-exists"),
    ("floci-io/floci#1801", "errors are JSON", json_error, None, "wire-error-framing"),
    ("hashicorp/terraform#9985, tmobile/t-vault#890", "`+` in `UserName` is read as a space", unchanged, plus_as_space, "CreateUser/carried-out"),
    ("getmoto/moto#3469", "`&` and `<` in values are not escaped", unescaped, None, "CreateUser/carried-out"),
    ("localstack/localstack#4150", "listings lack `IsTruncated`", lacks("*", "IsTruncated"), None, "max-items-one-by-one"),
    ("ministackorg/ministack#441, getmoto/moto#3829", "GetUser lacks `Tags`", lacks("GetUser", "Tags"), None, "GetUser/carried-out"),
    ("getmoto/moto#3451", "CreateUser lacks `Tags`", lacks("CreateUser", "Tags"), None, "CreateUser/carried-out"),
]


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True


class Proxy:
    """A proxy of an endpoint with one fault, on a free port."""

    def __init__(self, upstream, change, rewrite):
        host = urllib.parse.urlsplit(upstream).netloc

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version, wbufsize, disable_nagle_algorithm = "HTTP/1.1", -1, True
            other = None

            def log_message(self, *_):
                pass

            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                form = dict(urllib.parse.parse_qsl(body.decode(), keep_blank_values=True))
                if rewrite:
                    body = urllib.parse.urlencode(rewrite(form)).encode()
                self.other = self.other or http.client.HTTPConnection(host, timeout=30)
                self.other.request("POST", "/", body, {"content-type": self.headers["content-type"],
                                                       "authorization": self.headers.get("authorization", "")})
                reply = self.other.getresponse()
                status, changed = change(form.get("Action"), form, reply.status, reply.read())
                kind = "application/json" if changed[:1] == b"{" else "text/html" if changed == PAGE else "text/xml"
                self.send_response(status)
                self.send_header("content-type", kind)
                self.send_header("content-length", str(len(changed)))
                self.end_headers()
                self.wfile.write(changed)
                self.wfile.flush()

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


def run(binary, url, tier):
    """The findings, and for each rule the number of the first diverging request of its action in the finding's script."""
    with tempfile.TemporaryDirectory() as folder:
        report = pathlib.Path(folder) / "report.jsonl"
        subprocess.run([binary, "run", "--endpoint", url, "--report", f"json={report}", *tier],
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=900)
        events = [json.loads(line) for line in report.read_text().splitlines()]
    findings = [it for it in events if it["event"] == "finding" and it["status"] == "unexpected"]
    first = {}
    for call in events:
        if call["event"] == "call" and call["verdict"] == "diverges":
            for finding in findings:
                if finding["action"] == call["action"] and finding["script"] == call["script"]:
                    first.setdefault(finding["rule"], call["request"])
    return findings, first


def row(binary, upstream, fault):
    issues, symptom, change, rewrite, rule = fault
    proxy = Proxy(upstream, change, rewrite)
    cells = []
    try:
        for tier in ([], ["--tier", "wire"]):
            findings, first = run(binary, proxy.url, tier)
            by_rule = [it for it in findings if rule in it["rule"]]
            if not by_rule:
                sys.exit(f"{symptom}: no finding of {rule} with {tier}, but {[it['rule'] for it in findings]}")
            earliest = min(by_rule, key=lambda it: first.get(it["rule"], float("inf")))
            cells.append(f"`{earliest['rule']}`, request {first.get(earliest['rule'], 'unknown')} | {len(findings)}")
    finally:
        proxy.stop()
    links = ", ".join(f"[{it}](https://github.com/{it.replace('#', '/issues/')})" for it in issues.split(", "))
    return f"| {links} | {symptom} | " + " | ".join(cells) + " |"


HEAD = """# Publicly reported faults

Faults that public issues report of IAM endpoints. A proxy in front of the reference endpoint adds each fault to its
responses, or to its requests. The table shows the earliest finding of the rule about the fault and the number of its request, in
a run with default settings and in a run with `--tier wire`, and how many findings each run has.
`tests/emulators/public_reports.py` prints this page.

| issue | fault | default run | findings | `--tier wire` | findings |
|---|---|---|---|---|---|"""


def main():
    binary, *options = sys.argv[1:]
    serve = subprocess.Popen([binary, "serve", "--listen", "127.0.0.1:0"], stdout=subprocess.PIPE,
                             stderr=subprocess.DEVNULL, text=True)
    try:
        upstream = serve.stdout.readline().strip()
        text = "\n".join([HEAD, *(row(binary, upstream, fault) for fault in FAULTS)]) + "\n"
    finally:
        serve.terminate()
        serve.wait()
    print(text, end="")
    if options[:1] == ["--check"] and pathlib.Path(options[1]).read_text() != text:
        sys.exit(f"{options[1]} differs: write it again with {sys.argv[0]}")


if __name__ == "__main__":
    main()
