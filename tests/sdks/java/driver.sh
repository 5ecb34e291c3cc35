#!/usr/bin/env bash
# Builds the driver with the pinned SDK in a cache outside the checkout, and runs it.
#
#   iamspec run --driver tests/sdks/java/driver.sh
#
# IAMSPEC_CACHE moves the cache (default: ~/.cache/iamspec).
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
cache=${IAMSPEC_CACHE:-$HOME/.cache/iamspec}/sdk-java

if ! cmp -s "$here/pom.xml" "$cache/pom.xml" || ! cmp -s "$here/src/Driver.java" "$cache/src/Driver.java" || [ ! -e "$cache/installed" ]; then
  rm -rf "$cache"
  mkdir -p "$cache"
  cp -r "$here/pom.xml" "$here/src" "$cache"
  (cd "$cache" && mvn --batch-mode --quiet compile dependency:copy-dependencies -DoutputDirectory=target/jars >&2)
  touch "$cache/installed"
fi

# The SDK warns about missing log configuration.
exec java -cp "$cache/target/classes:$cache/target/jars/*" Driver 2> >(grep -v SLF4J >&2)
