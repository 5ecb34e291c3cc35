#!/usr/bin/env bash
# Fuzzes each parser with libFuzzer for a number of seconds:
#
#   tests/fuzz/run.sh SECONDS [TARGET...]
#   tests/fuzz/run.sh SECONDS --report    every target; also writes tests/reports/fuzzing.md
#
# Needs a nightly Rust compiler and a C++ compiler. Inputs that crash a target are in target/fuzz/crashes; pass
# the file to the binary of the target to reproduce the crash.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
out=$(cd "$here/../.." && pwd)/target/fuzz
seconds=${1:?expected the number of seconds per target}
shift
report=/dev/null
if [ "${1:-}" = --report ]; then
  report=$here/../reports/fuzzing.md
  shift
fi
targets=("$@")
if [ ${#targets[@]} = 0 ]; then
  for file in "$here"/targets/*.rs; do targets+=("$(basename "$file" .rs)"); done
fi

export RUSTFLAGS="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
-Cllvm-args=-sanitizer-coverage-trace-compares --cfg fuzzing"
host=$(rustc +nightly -vV | sed -n 's/^host: //p')
cargo +nightly build --quiet --release --target "$host" --target-dir "$out" --manifest-path "$here/Cargo.toml"

# A number with commas.
grouped() { sed -E ':a; s/^([0-9]+)([0-9]{3})/\1,\2/; ta' <<< "$1"; }

cat > "$report" << END
# Fuzzing

Inputs that libFuzzer made from the seeds of \`tests/fuzz/seeds\` and from the scripts, $seconds seconds for each target. \`edges\` are the
branches of the program that they reached. Written by \`tests/fuzz/run.sh $seconds --report\`.

| target | checks that | inputs | edges | crashes |
|---|---|---|---|---|
END

failed=0
for target in "${targets[@]}"; do
  corpus=$out/corpus/$target
  crashes=$out/crashes/$target
  mkdir -p "$corpus" "$crashes"
  seeds=()
  if [ -d "$here/seeds/$target" ]; then seeds=("$here/seeds/$target"); fi
  if [ "$target" = script ]; then seeds=("$here/../../conformance/scripts"); fi
  log=$out/$target.log
  if "$out/$host/release/$target" "$corpus" "${seeds[@]}" -max_total_time="$seconds" -max_len=65536 \
    -timeout=10 -rss_limit_mb=2048 -artifact_prefix="$crashes/" -print_final_stats=1 > "$log" 2>&1; then
    verdict="no crash"
  else
    verdict="CRASHED, see $log"
    failed=1
  fi
  executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
  echo "$target: ${executions:-?} executions, $verdict"
  # The first sentence of the target, and the last coverage of its log.
  purpose=$(sed -n 's|^//! ||p' "$here/targets/$target.rs" | tr '\n' ' ' | sed 's/\. .*//; s/ *$//; s/\.$//')
  edges=$(grep -o ' cov: [0-9]*' "$log" | tail -n 1 | tr -dc 0-9)
  crashes=$(find "$crashes" -type f | wc -l)
  printf '| `%s` | %s | %s | %s | %s |\n' \
    "$target" "$purpose" "$(grouped "${executions:-0}")" "$(grouped "${edges:-0}")" "$crashes" >> "$report"
done
exit $failed
