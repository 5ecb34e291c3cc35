"""Asks for one user again and again: `loop.py URL REQUESTS AT_ONCE`. Prints requests a second."""

import sys
import time
from concurrent.futures import ThreadPoolExecutor

import boto3

url, requests, at_once = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
client = boto3.client(
    "iam",
    endpoint_url=url,
    region_name="us-east-1",
    aws_access_key_id="AKIAIOSFODNN7EXAMPLE",
    aws_secret_access_key="wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
)


def ask(times):
    for _ in range(times):
        client.get_user(UserName="alice")


ask(20)
begun = time.perf_counter()
with ThreadPoolExecutor(at_once) as pool:
    list(pool.map(ask, [requests // at_once] * at_once))
print(f"{requests / (time.perf_counter() - begun):.0f}")
