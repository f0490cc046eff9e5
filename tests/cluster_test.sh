#!/usr/bin/env bash
# The practice cluster does what a cluster does, and nothing of it stays behind.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
PATH="$(./setup.sh cluster):$PATH"

folder=$(mktemp -d)/cluster
trap './cluster down "$folder"; rm -rf "${folder%/*}"' EXIT
fail() { echo "FAILED $*"; exit 1; }
program() { pgrep -f -- "^${1:-}.*$folder" || true; }
gone() { for _ in $(seq 100); do [ -n "$(program)" ] || return 0; sleep 0.05; done; fail "still runs: $(program)"; }
within() { timeout "$1" bash -c "until $2; do sleep 0.1; done" || fail "after $1 s not: $2"; }

eval "$(./cluster up "$folder")"
[ "$(./cluster up "$folder")" = "export KUBECONFIG=$KUBECONFIG" ] || fail "a second up is no other cluster"

kubectl apply --server-side --filename - >/dev/null <<'YAML'
apiVersion: apps/v1
kind: Deployment
metadata: {name: good}
spec:
  selector: {matchLabels: {app: good}}
  template:
    metadata: {labels: {app: good}}
    spec: {initContainers: [{name: first, image: a}], containers: [{name: a, image: a}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: bad}
spec:
  selector: {matchLabels: {app: bad}}
  template:
    metadata: {labels: {app: bad, homebuild.test/outcome: crash}}
    spec: {containers: [{name: a, image: a}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: gpu}
spec:
  selector: {matchLabels: {app: gpu}}
  template:
    metadata: {labels: {app: gpu}}
    spec:
      nodeSelector: {gpu: "true"}
      tolerations: [{key: nvidia.com/gpu, operator: Equal, value: "true", effect: NoSchedule}]
      containers: [{name: a, image: a, resources: {limits: {nvidia.com/gpu: 1}}}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: not-tolerated}
spec:
  selector: {matchLabels: {app: not-tolerated}}
  template:
    metadata: {labels: {app: not-tolerated}}
    spec: {nodeSelector: {gpu: "true"}, containers: [{name: a, image: a}]}
---
apiVersion: batch/v1
kind: Job
metadata: {name: job}
spec: {template: {spec: {restartPolicy: Never, containers: [{name: a, image: a}]}}}
---
apiVersion: v1
kind: Service
metadata: {name: asks, annotations: {metallb.universe.tf/loadBalancerIPs: 10.0.20.222}}
spec: {type: LoadBalancer, selector: {app: good}, ports: [{port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: takes}
spec: {type: LoadBalancer, selector: {app: good}, ports: [{port: 80}]}
YAML
kubectl wait --for=condition=Available --timeout=60s deployment/good deployment/gpu >/dev/null
kubectl wait --for=condition=Complete --timeout=60s job/job >/dev/null
kubectl wait --for=jsonpath='{.status.loadBalancer.ingress[0].ip}'=10.0.20.222 --timeout=60s service/asks >/dev/null
kubectl wait --for=jsonpath='{.status.loadBalancer.ingress[0].ip}' --timeout=60s service/takes >/dev/null
within 60 'kubectl get pods -l app=bad | grep -q CrashLoopBackOff'
within 60 'kubectl get pods -l app=not-tolerated | grep -q Pending'
kubectl delete deployment good --wait >/dev/null
# shellcheck disable=SC2016 # expanded at each try
within 60 '[ -z "$(kubectl get pods -l app=good -o name)" ]'
echo "ok     pods, jobs, services, the GPU node"

kill -9 "$(program etcd)"
gone
./cluster up "$folder" >/dev/null
[ -z "$(kubectl get deployments -o name)" ] || fail "a new cluster is not empty"
echo "ok     when one program ends, all do, and up starts anew"

kill -9 "$(cat "$folder/lock")"
gone
echo "ok     when their parent is killed, all end"

./cluster up "$folder" >/dev/null 2>&1 &
starting=$!
within 60 "pgrep -f ^kube-apiserver.*$folder >/dev/null"
kill -9 "$(program kube-apiserver)"
! wait "$starting" || fail "up succeeds without an API server"
gone
echo "ok     a start that fails leaves nothing running"

./cluster up "$folder" >/dev/null
./cluster down "$folder"
gone
[ ! -e "$folder" ] || fail "the folder is still there"
./cluster down "$folder"
mkdir "$folder" && touch "$folder/mine"
! ./cluster up "$folder" 2>/dev/null || fail "up takes a folder that is no cluster's"
! ./cluster down "$folder" 2>/dev/null || fail "down takes a folder that is no cluster's"
[ -e "$folder/mine" ] || fail "a folder that is no cluster's is gone"
rm -r "$folder"
echo "ok     down leaves nothing, and takes nothing that is not a cluster's"
printf '\n5 passed, 0 failed\n'
