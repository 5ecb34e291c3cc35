"""Sends GetUser in a loop: `loop.py URL REQUESTS CONCURRENCY`. Prints the requests per second."""

import sys
import time
from concurrent.futures import ThreadPoolExecutor

import boto3

url, requests, concurrency = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
client = boto3.client(
    "iam",
    endpoint_url=url,
    region_name="us-east-1",
    aws_access_key_id="AKIAIOSFODNN7EXAMPLE",
    aws_secret_access_key="wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
)


def send(times):
    for _ in range(times):
        client.get_user(UserName="alice")


send(20)
start = time.perf_counter()
with ThreadPoolExecutor(concurrency) as pool:
    list(pool.map(send, [requests // concurrency] * concurrency))
print(f"{requests / (time.perf_counter() - start):.0f}")
