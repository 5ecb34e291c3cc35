# Runs named checks one after the other. Sourced by run and nightly. A failure ends the run at once, unless
# `keep_going` is set: then the other checks still run, and `finish` names those that failed.
export CI=true INSTA_UPDATE=no CARGO_TERM_COLOR=never
passed=0
failed=()
keep_going=

# step NAME COMMAND...
step() {
  local name=$1 started=$SECONDS
  shift
  printf '\n== %s\n' "$name"
  if "$@"; then
    passed=$((passed + 1))
    printf '== %s: passed in %s s\n' "$name" "$((SECONDS - started))"
  else
    failed+=("$name")
    printf '== %s: FAILED after %s s\n' "$name" "$((SECONDS - started))"
    [ -n "$keep_going" ] || finish
  fi
}

finish() {
  printf '\nci: %s passed, %s failed\n' "$passed" "${#failed[@]}"
  [ "${#failed[@]}" = 0 ] && exit 0
  printf 'failed: %s\n' "${failed[@]}"
  exit 1
}
