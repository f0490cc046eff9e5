#!/bin/bash
# Runs the cluster health script of the checked-out repository where its tools are: in the agent's container.
set -euo pipefail
pod="$(kubectl get pods -n openclaw -l app=openclaw --field-selector=status.phase=Running -o jsonpath='{.items[*].metadata.name}')"
pod="${pod%% *}"
[ -n "$pod" ] || { echo "no openclaw pod is running" >&2; exit 1; }
# shellcheck disable=SC2016  # expanded over there
exec kubectl exec -n openclaw "$pod" -c openclaw -- bash -euc \
  'cd /workspace/infra && script="$(git ls-files "*cluster*health*.sh" | head -n 1)" && test -n "$script" && exec bash "$script"'
