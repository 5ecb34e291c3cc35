#!/usr/bin/env bash
# Installs the pinned packages into a cache outside the checkout, and runs the driver.
#
#   iamspec run --driver tests/sdks/boto3/driver.sh
#   IAMSPEC_BOTO3=1.43.0 tests/sdks/boto3/driver.sh     another release
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
name=boto3
if [ -n "${IAMSPEC_BOTO3:-}" ]; then
  name=boto3-$IAMSPEC_BOTO3 requirements="boto3==$IAMSPEC_BOTO3 botocore==$IAMSPEC_BOTO3"
fi
# shellcheck source=../python.sh
. "$here/../python.sh"
