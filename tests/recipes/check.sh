#!/usr/bin/env bash
# Runs the recipes that start the reference endpoint from a test framework: JUnit 5, Go, Node.js and Python.
# Prints the lines of code of each, and how long the endpoint needed to start. Fails if a recipe leaves a server.
# The recipe rust-emulator starts nothing: its tests must find both faults of its emulator, and nothing else.
# The recipe rust starts nothing either: the AWS SDK calls the reference endpoint in the test process.
#
#   tests/recipes/check.sh target/release/iamspec [RECIPE…]
#
# Needs Java 17 with Maven, Go, Node.js, Rust and Python, and the network: the recipes download the AWS SDK.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
iamspec=$(realpath "$1")
shift
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# A program `iamspec` that notes its process id and when its server printed the URL. The recipes use the one on PATH.
mkdir "$work/bin"
cat > "$work/bin/iamspec" << END
#!/usr/bin/env bash
started=\$(date +%s%N)
echo \$\$ > "$work/pid"
exec "$iamspec" "\$@" > >(while IFS= read -r line; do
  [ -e "$work/time" ] || echo \$(((\$(date +%s%N) - started) / 1000000)) > "$work/time"
  printf '%s\n' "\$line"
done)
END
chmod +x "$work/bin/iamspec"

command_of() {
  case $1 in
    junit5) echo "mvn --batch-mode --quiet test" ;;
    go) echo "go test -count=1 ./..." ;;
    node) echo "npm install --silent --no-audit --no-fund && node --test" ;;
    python) echo "python3 -m unittest --quiet" ;;
    *) echo "expected junit5, go, node, python, rust or rust-emulator, got $1" >&2; return 1 ;;
  esac
}

# A copy of an example that depends on the crates of the checkout, and an own folder for what is built.
enter_example() {
  mkdir -p "$work/checkout/examples"
  for crate in model conformance harness testing; do ln -sfn "$root/$crate" "$work/checkout/$crate"; done
  cp "$root/Cargo.toml" "$work/checkout"
  cp -r "$root/examples/$1" "$work/checkout/examples"
  cp "$root/Cargo.lock" "$work/checkout/examples/$1"
  cd "$work/checkout/examples/$1"
  export CARGO_TARGET_DIR=$work/target
}

# Prints the lines of the test, and how long the test took with its endpoint.
check_sdk() {
  enter_example rust
  cargo test --quiet --no-run > "$work/log" 2>&1 || { cat "$work/log" >&2; return 1; }
  cargo test --test iam > "$work/log" 2>&1 || { cat "$work/log" >&2; return 1; }
  lines=$(grep -cvE '^\s*(//.*|use .*)?$' tests/iam.rs)
  printf '%-7s %3s lines, the endpoint is in the process: %s\n' rust "$lines" \
    "$(sed -n 's/^test result: \(.*passed\).*\(finished in .*\)/\1, \2/p' "$work/log" | tail -1)"
}

# Without known failures, the tests find exactly the two faults. With them, the tests pass.
check_emulator() {
  enter_example rust-emulator
  if cargo test --quiet --test iam > "$work/log" 2>&1; then
    echo "rust-emulator: expected that the tests fail, but they passed" >&2
    return 1
  fi
  rules=$(sed -n 's/^\([A-Z][A-Za-z]*\/[a-z-]*\)  \(must\|should\|info\), .*/\1/p' "$work/log" | sort -u | xargs)
  if [ "$rules" != "DeleteUser/holds-access-key ListAccessKeys/wire-list-framing" ]; then
    cat "$work/log" >&2
    echo "rust-emulator: expected findings of the two faults, got ${rules:-none}" >&2
    return 1
  fi
  KNOWN_FAILURES=known-failures.toml cargo test --quiet --test iam > "$work/log" 2>&1 || { cat "$work/log" >&2; return 1; }
  echo "rust-emulator: found $rules, which the known failures list"
}

[ $# -gt 0 ] || set -- junit5 go node python rust rust-emulator
for name in "$@"; do
  case $name in
    rust-emulator) (check_emulator); continue ;;
    rust) (check_sdk); continue ;;
  esac
  command=$(command_of "$name")
  rm -rf "$work/recipe" "$work/pid" "$work/time"
  # In a copy, so that nothing is written to the checkout.
  cp -r "$root/examples/$name" "$work/recipe"
  (cd "$work/recipe" && PATH=$work/bin:$PATH NO_PROXY=127.0.0.1 PYTHONDONTWRITEBYTECODE=1 bash -c "$command") > "$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }
  [ -s "$work/time" ] || { echo "$name: expected that the recipe starts iamspec, but it did not" >&2; exit 1; }
  if kill -0 "$(cat "$work/pid")" 2> /dev/null; then
    echo "$name: expected that the recipe stops the server, but process $(cat "$work/pid") still runs" >&2
    exit 1
  fi
  file=$(find "$root/examples/$name" -name '*[tT]est*.java' -o -name '*_test.go' -o -name '*.test.mjs' -o -name 'test_*.py')
  lines=$(grep -cvE '^\s*(//.*|/\*\*.*|""".*|import .*|use .*)?$' "$file")
  printf '%-7s %3s lines, endpoint after %3s ms: %s\n' "$name" "$lines" "$(cat "$work/time")" "$command"
done
