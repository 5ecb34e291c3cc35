"""The fixtures: the reference endpoint of a test, and applications that are served in process."""

from __future__ import annotations

import http.client
import urllib.parse

import pytest

from iamspec.applications import Applications
from iamspec.reference import EXAMPLE_SECRET, Endpoint, ReferenceServer

CALL = """
import urllib.error, urllib.parse, urllib.request

def call(url, **parameters):
    form = urllib.parse.urlencode(parameters | {"Version": "2010-05-08"}).encode()
    try:
        with urllib.request.urlopen(url, form) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
"""


def test_each_test_has_an_empty_account(pytester):
    pytester.makepyfile(
        CALL
        + """
import pytest

@pytest.mark.parametrize("n", range(3))
def test_create(iam_endpoint, n):
    assert call(iam_endpoint.url, Action="CreateUser", UserName="alice")[0] == 200
    assert call(iam_endpoint.url, Action="CreateUser", UserName="alice")[0] == 409
"""
    )
    pytester.runpytest().assert_outcomes(passed=3)


def test_markers_inject_faults_and_add_options(pytester):
    pytester.makepyfile(
        CALL
        + """
import pytest

@pytest.mark.iamspec_faults(sort="throttle", on="CreateUser", times=1)
def test_one_fault(iam_endpoint):
    statuses = [call(iam_endpoint.url, Action="CreateUser", UserName="alice")[0] for _ in range(2)]
    assert statuses == [400, 200]

@pytest.mark.iamspec_faults(
    dict(sort="fail", status=503, on="CreateUser", times=1), dict(sort="throttle", on="ListUsers", retry_after=1), seed=2
)
def test_two_faults(iam_endpoint):
    assert call(iam_endpoint.url, Action="CreateUser", UserName="alice")[0] == 503
    assert call(iam_endpoint.url, Action="ListUsers")[0] == 400

@pytest.mark.iamspec_serve("--quota", "UsersPerAccount=0")
def test_options(iam_endpoint):
    assert call(iam_endpoint.url, Action="CreateUser", UserName="alice")[0] == 409

@pytest.mark.iamspec_faults(sort="no-such-fault")
def test_wrong(iam_endpoint):
    pass
"""
    )
    result = pytester.runpytest("--strict-markers")
    result.assert_outcomes(passed=3, errors=1)
    result.stdout.fnmatch_lines(["*ProgramError*no-such-fault*"])


def test_the_server_ends_with_the_test():
    with ReferenceServer() as endpoint:
        port = urllib.parse.urlsplit(endpoint.url).port
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    with pytest.raises(ConnectionRefusedError):
        connection.request("GET", "/")


def test_no_output_shows_the_secret(pytester):
    pytester.makepyfile("def test_wrong(iam_endpoint):\n    copy = [iam_endpoint]\n    assert iam_endpoint == copy")
    result = pytester.runpytest("-vv", "--showlocals")
    result.assert_outcomes(failed=1)
    assert EXAMPLE_SECRET not in result.stdout.str() + result.stderr.str()


def test_the_credentials_of_the_environment_stay_secret(pytester, defective, monkeypatch):
    secret = "d34db33f-secret-of-this-test"
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", secret)
    result = pytester.runpytest("-vv", "--showlocals", "--iamspec-endpoint", defective, "-k", "delete-user/alone")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert secret not in result.stdout.str() + result.stderr.str()


def test_an_endpoint_names_the_variables_of_every_sdk():
    variables = Endpoint("http://127.0.0.1:1").environment()
    assert variables["AWS_ENDPOINT_URL_IAM"] == "http://127.0.0.1:1"
    assert variables["AWS_SECRET_ACCESS_KEY"] == EXAMPLE_SECRET


def wsgi(environ, start_response):
    """Returns the body of the request."""
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [environ["REQUEST_METHOD"].encode() + b" " + body]


async def asgi(scope, receive, send):
    """Returns the body of the request."""
    if scope["type"] == "lifespan":
        while (await receive())["type"] != "lifespan.shutdown":
            await send({"type": "lifespan.startup.complete"})
        await send({"type": "lifespan.shutdown.complete"})
        return
    message = await receive()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": scope["method"].encode() + b" " + message["body"]})


class AsgiObject:
    """An application that is an object."""

    async def __call__(self, scope, receive, send):
        """Calls the function."""
        await asgi(scope, receive, send)


@pytest.mark.parametrize("application", [wsgi, asgi, AsgiObject()], ids=["wsgi", "asgi", "asgi-object"])
def test_an_application_is_served_until_the_end(application):
    applications = Applications()
    parts = urllib.parse.urlsplit(applications.serve(application))
    assert parts.hostname == "127.0.0.1"
    for _ in range(2):
        connection = http.client.HTTPConnection("127.0.0.1", parts.port, timeout=10)
        connection.request("POST", "/", b"hello")
        assert connection.getresponse().read() == b"POST hello"
        connection.close()
    applications.close()
    with pytest.raises(ConnectionRefusedError):
        http.client.HTTPConnection("127.0.0.1", parts.port, timeout=10).request("GET", "/")


def test_an_unknown_interface_is_refused():
    with pytest.raises(ValueError, match="expected the interface"):
        Applications().serve(wsgi, interface="cgi")


def test_an_application_that_is_no_iam_gets_no_verdict(pytester):
    pytester.makeconftest(
        """
import pytest

def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/html")])
    return [b"<html>welcome</html>"]

@pytest.fixture(scope="session")
def iamspec_endpoint(iamspec_app):
    return iamspec_app(application)
"""
    )
    pytester.makepyfile("from iamspec import Scripts\nscripts = Scripts('delete-user/alone/*')")
    result = pytester.runpytest()
    result.assert_outcomes(failed=9)
    result.stdout.fnmatch_lines(["*no result:*"])
