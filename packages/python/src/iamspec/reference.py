"""The reference endpoint as a process: an endpoint that responds as AWS does, with a state of its own."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from iamspec import program

# The example key of AWS's documents, which the reference endpoint accepts. It is public.
EXAMPLE_KEY = "AKIAIOSFODNN7EXAMPLE"
EXAMPLE_SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"


@dataclass(frozen=True)
class Endpoint:
    """An endpoint and the credentials of its root user. No representation shows the secret."""

    url: str
    access_key_id: str = EXAMPLE_KEY
    secret_access_key: str = field(default=EXAMPLE_SECRET, repr=False)
    region: str = "us-east-1"

    def client(self, service: str = "iam", **options: Any) -> Any:
        """A client of boto3, which must be installed. `options` are those of `boto3.client`."""
        import boto3

        defaults = {
            "endpoint_url": self.url,
            "region_name": self.region,
            "aws_access_key_id": self.access_key_id,
            "aws_secret_access_key": self.secret_access_key,
        }
        return boto3.client(service, **(defaults | options))

    def environment(self) -> dict[str, str]:
        """The variables with which the AWS CLI and every AWS SDK use this endpoint."""
        return {
            "AWS_ENDPOINT_URL_IAM": self.url,
            "AWS_ENDPOINT_URL_STS": self.url,
            "AWS_ACCESS_KEY_ID": self.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.secret_access_key,
            "AWS_DEFAULT_REGION": self.region,
        }


class ReferenceServer:
    """A running reference endpoint on a free loopback port. A context manager: it stops at the end."""

    def __init__(self, options: Sequence[str] = (), faults: Sequence[Mapping[str, Any]] = (), seed: int = 1) -> None:
        """`options` are those of `iamspec serve`, and `faults` the entries of its fault file."""
        self._options = list(options)
        self._faults = fault_file(faults, seed) if faults else ""
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Endpoint:
        """Starts the process. Raises ProgramError with its message if it does not start."""
        faults = None
        if self._faults:
            handle, faults = tempfile.mkstemp(suffix=".toml", prefix="iamspec-faults-")
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(self._faults)
        try:
            return Endpoint(self._start([*self._options, *(["--faults", faults] if faults else [])]))
        finally:
            if faults:
                # The server reads the file before it prints its URL.
                pathlib.Path(faults).unlink()

    def _start(self, options: list[str]) -> str:
        words = [program.path(), "serve", "--listen", "127.0.0.1:0", *options]
        with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as log:
            self._process = subprocess.Popen(
                words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, encoding="utf-8"
            )
            assert self._process.stdout is not None
            # The server prints its URL once it listens, and closes the pipe if it fails.
            if url := self._process.stdout.readline().strip():
                return url
            self._stop()
            log.seek(0)
            raise program.ProgramError(log.read().strip() or "iamspec serve exited before it listened")

    def __exit__(self, *_: object) -> None:
        self._stop()

    def _stop(self) -> None:
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout:
            self._process.stdout.close()


def fault_file(faults: Sequence[Mapping[str, Any]], seed: int) -> str:
    """The faults in the format of `iamspec serve --faults`. `_` in a key stands for `-`."""
    lines = [f"seed = {seed}"]
    for fault in faults:
        lines.append("[[fault]]")
        # Strings, numbers and truth values are the same in JSON and in TOML.
        lines += [f"{key.replace('_', '-')} = {json.dumps(value)}" for key, value in fault.items()]
    return "\n".join(lines) + "\n"
