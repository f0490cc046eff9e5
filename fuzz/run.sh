#!/usr/bin/env bash
# Fuzzing with libFuzzer on the stable toolchain:  fuzz/run.sh SECONDS [TARGET...]
# What was found and what was learnt stays in fuzz/artifacts and fuzz/corpus, which git ignores. `cargo fuzz run TARGET`
# does the same on nightly, with sanitizers.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
seconds=$1
shift
targets=("$@")
[ $# -gt 0 ] || targets=(yaml expression stack format)

# What `cargo fuzz` sets, without the sanitizers: there is no unsafe code here.
coverage="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
-Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares --cfg fuzzing -Ccodegen-units=1"
# Slow to build, so it outlives a checkout.
build=${HOMEBUILD_CACHE:-$HOME/.cache/homebuild}/fuzz
host=$(rustc -vV | sed -n 's/^host: //p')
RUSTFLAGS=$coverage CARGO_TARGET_DIR=$build cargo build --locked --release --target "$host" --bins

mkdir -p seeds artifacts
if [ ! -e seeds/done ]; then
  number=0
  while IFS= read -r source; do
    number=$((number + 1))
    cp "$source" "seeds/$number.yaml"
  done < <(find ../tests/base ../tests/cases -name '*.yaml' -size -16; ls ../stacks/*/stack.yaml)
  touch seeds/done
fi
for target in "${targets[@]}"; do
  mkdir -p "corpus/$target"
  "$build/$host/release/$target" "corpus/$target" seeds -max_total_time="$seconds" -timeout=20 -rss_limit_mb=2048 \
    -max_len=4096 ${SEED:+-seed=$SEED} -artifact_prefix="artifacts/$target-" -print_final_stats=1 2>"artifacts/$target.log" ||
    { tail -n 40 "artifacts/$target.log"; exit 1; }
  runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "artifacts/$target.log")
  rss=$(sed -n 's/^stat::peak_rss_mb: *//p' "artifacts/$target.log")
  echo "$target: $runs runs in $seconds s, $rss MiB at most, nothing found"
done
