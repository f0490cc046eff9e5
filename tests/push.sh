#!/usr/bin/env bash
# The tests of push, against the cluster of KUBECONFIG; `tests/with_cluster.sh tests/push.sh` starts one.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
: "${KUBECONFIG:?tests/with_cluster.sh sets it}"
cargo test --locked --lib push:: -- --ignored
# Most of them wait: more of them at once than there are cores.
tests/push/charts.py cargo test --locked --test helm -- --include-ignored --test-threads 4
tests/push/charts.py cargo test --locked --test push -- --include-ignored --test-threads 4 "$@"
