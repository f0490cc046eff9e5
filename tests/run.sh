#!/usr/bin/env bash
# All tests, as CI runs them:  tests/run.sh            every step
#                              tests/run.sh readers    the steps named
# Each step runs, also after one that failed; the last line counts them.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

PATH="$(tests/setup.sh):$PATH"
export PATH RUSTDOCFLAGS="-D warnings"
before=$(git status --porcelain)

# The program as the tests have it: what is optimised takes minutes to link, and says the same.
program() {
  cargo build --locked --quiet
  program=$(realpath "${CARGO_TARGET_DIR:-target}")/debug/homebuild
}

step_format() { cargo fmt --check; }
step_clippy() { cargo clippy --locked --all-targets -- -D warnings; }
# The ignored ones of the library need the tools of setup.sh, which are there now; those of push need a cluster.
step_test() { cargo test --locked --no-fail-fast && cargo test --locked --lib -- --ignored --skip push::; }
step_doc() { cargo doc --locked --no-deps; }
step_build() { program && "$program" build --check --warnings deny; }
step_fmt() { program && "$program" fmt --check; }
step_first_secret() { program && tests/first_secret.py "$program"; }
step_docs() { program && tests/docs.py "$program"; }
step_tfvars() { program && tests/tfvars.py "$program"; }
step_fuzz() { SEED=1 fuzz/run.sh 15; } # the same tries each time: what chance finds must not fail a build
step_language_server() { tests/language_server.py; }
step_cluster() { tests/cluster_test.sh; }
step_push() { tests/with_cluster.sh tests/push.sh; }
step_api_server() { program && tests/api_server.py "$program"; }
step_other_engines() { program && PATH="$(tests/setup.sh cluster):$PATH" tests/other_engines.py "$program"; }
step_kstatus() { go run -C tests/kstatus . ../../src/push/kubernetes/ready/table.yaml; }
step_kubeconform() { program && tests/kubeconform.py "$program"; }
step_schemas() { program && tools/schemas "$program" --check; }
step_readers() { tests/readers.py --self-test && tests/readers.py; }
step_page() { program && tests/page.py "$program"; }
# Those of stacks/ are checked as out/ has them; the others are examples, some of them broken.
step_shellcheck() { git ls-files -z '*.sh' .ci/run ':!stacks' ':!tests/cases' ':!tests/compose' | xargs -0 shellcheck; }
step_texts() { program && tests/texts.py --self-test && tests/texts.py "$program"; }
step_dumps() { tests/dumps.py; }
step_renovate() { python3 tests/renovate.py --self-test && python3 tests/renovate.py; }

step_inventory() {
  python3 tests/conformance/inventory_check.py --inventory tests/conformance/inventory --out out \
    --accept tests/inventory-deviations.yaml
}

# The sources alone, elsewhere, give the same out/.
step_fresh() {
  local copy ok=0
  program
  copy=$(mktemp -d)
  git ls-files -z --cached --others --exclude-standard -- ':!out' ':!src' ':!tests' |
    tar -c --null --files-from=- | tar -x -C "$copy"
  (cd "$copy" && "$program" build) && diff -r "$copy/out" out || ok=1
  rm -rf "$copy"
  return "$ok"
}

# The tests leave the work tree as it was: clean, in a clone.
step_clean() { [ "$(git status --porcelain)" = "$before" ] || { git status --short; false; }; }

steps=("$@")
[ $# -gt 0 ] || steps=(format clippy test doc build fmt language_server docs first_secret tfvars fresh schemas fuzz readers shellcheck texts dumps kstatus kubeconform renovate page inventory cluster api_server other_engines push clean)
passed=0 failed=0 table=""
for step in "${steps[@]}"; do
  printf '\n== %s\n' "$step"
  began=$SECONDS verdict=ok
  "step_$step" </dev/null || verdict=FAILED
  [ "$verdict" = ok ] && passed=$((passed + 1)) || failed=$((failed + 1))
  table+=$(printf '%-6s  %-15s  %4d s' "$verdict" "$step" $((SECONDS - began)))$'\n'
done
printf '\n%s\n%d passed, %d failed\n' "$table" "$passed" "$failed"
[ "$failed" = 0 ]
