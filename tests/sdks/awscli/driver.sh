#!/usr/bin/env bash
# Installs the pinned packages into a cache outside the checkout, and runs the driver.
#
#   iamspec run --driver tests/sdks/awscli/driver.sh
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
name=awscli
# shellcheck source=../python.sh
. "$here/../python.sh"
