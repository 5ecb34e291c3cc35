#!/usr/bin/env bash
# Feeds each reader with anything at all, guided by what its code has seen, so long:
#
#   tests/fuzz/run.sh SECONDS [TARGET...]
#
# It needs a nightly compiler and a C++ compiler. What crashes a target is kept under
# target/fuzz/crashes; give the file to the binary to see it again.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
out=$(cd "$here/../.." && pwd)/target/fuzz
seconds=${1:?how many seconds for each target}
shift
targets=("$@")
if [ ${#targets[@]} = 0 ]; then
  for file in "$here"/targets/*.rs; do targets+=("$(basename "$file" .rs)"); done
fi

export RUSTFLAGS="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
-Cllvm-args=-sanitizer-coverage-trace-compares --cfg fuzzing"
host=$(rustc +nightly -vV | sed -n 's/^host: //p')
cargo +nightly build --quiet --release --target "$host" --target-dir "$out" --manifest-path "$here/Cargo.toml"

failed=0
for target in "${targets[@]}"; do
  corpus=$out/corpus/$target
  crashes=$out/crashes/$target
  mkdir -p "$corpus" "$crashes"
  seeds=()
  if [ -d "$here/seeds/$target" ]; then seeds=("$here/seeds/$target"); fi
  if [ "$target" = script ]; then seeds=("$here/../scripts"); fi
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
done
exit $failed
