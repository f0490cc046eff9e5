#!/usr/bin/env bash
# Runs a command with a practice cluster of its own (KUBECONFIG) and all tools, and stops the cluster whatever happens:
#     tests/with_cluster.sh kubectl get nodes
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
PATH="$("$here/setup.sh" cluster):$PATH"
export PATH
folder=$(mktemp -d)/cluster
trap '"$here/cluster" down "$folder"; rm -rf "${folder%/*}"' EXIT
eval "$("$here/cluster" up "$folder")"
"$@"
