# Runs named checks one after the other and stops at the first failure. Sourced by run and nightly.
export CI=true INSTA_UPDATE=no CARGO_TERM_COLOR=never
passed=0

# step NAME COMMAND...
step() {
  local name=$1 started=$SECONDS
  shift
  printf '\n== %s\n' "$name"
  if "$@"; then
    passed=$((passed + 1))
    printf '== %s: passed in %s s\n' "$name" "$((SECONDS - started))"
  else
    printf '== %s: FAILED\nci: %s passed, 1 failed\n' "$name" "$passed"
    exit 1
  fi
}

finish() {
  printf '\nci: %s passed, 0 failed\n' "$passed"
}
