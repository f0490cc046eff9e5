#!/usr/bin/env bash
# The tests of push, against the cluster of KUBECONFIG; `tests/with_cluster.sh tests/push.sh` starts one.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
: "${KUBECONFIG:?tests/with_cluster.sh sets it}"
cargo test --locked --lib push:: -- --ignored
tests/push/charts.py cargo test --locked --test helm -- --include-ignored
tests/push/charts.py cargo test --locked --test push -- --include-ignored "$@"
