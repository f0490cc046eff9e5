# `just` alone lists the recipes. The tests' tools come from tests/setup.sh.

tools := 'PATH="$(tests/setup.sh):$PATH"'

[private]
default:
    @just --list --unsorted

# Build out/ from the sources
build *ARGS:
    cargo run --locked --release -- build {{ARGS}}

# All tests, as CI runs them; or the steps named (format clippy test doc build fmt language_server docs fresh schemas fuzz readers kstatus kubeconform renovate page inventory cluster api_server other_engines push clean)
ci *STEPS:
    tests/run.sh {{STEPS}}

# The Rust tests
test *ARGS:
    {{tools}} cargo test --locked {{ARGS}}

# Rewrite the snapshots with what the tests get now; then read the diff
accept:
    INSTA_UPDATE=always just test

# Speed: the table of docs/performance.md (`just bench 100 1000`: these sizes)
bench *ARGS:
    cargo bench --locked -- {{ARGS}}

# Speed of a push, against kubectl over the same files (`just bench-push --objects 10000`: a made-up site)
bench-push *ARGS:
    cargo build --locked --release
    PATH="$(tests/setup.sh cluster):$PATH" tests/bench_push.py target/release/homebuild {{ARGS}}

# Make schemas/ again (after a change of version in tools/schemas)
schemas *ARGS:
    cargo build --locked --release
    {{tools}} tools/schemas target/release/homebuild {{ARGS}}

# Draw docs/graph.svg again (after a stack came, went, or depends on others)
picture:
    cargo run --locked --release --quiet -- graph --format svg > target/graph.svg && mv target/graph.svg docs/graph.svg

# Independent readers of out/: PyYAML, ruamel, kubectl, sops, cloud-init, JSON Schema
readers:
    tests/run.sh readers

# out/ against the facts of the live homelab
inventory:
    tests/run.sh inventory

# Start a practice cluster on this machine, and print the line that makes kubectl use it
cluster-up *FOLDER:
    @tests/cluster up {{FOLDER}}

# Stop it; nothing of it stays
cluster-down *FOLDER:
    @tests/cluster down {{FOLDER}}

# Edit the secrets of this example homelab with its (worthless) key
secrets:
    SOPS_AGE_KEY_FILE=tests/keys/age.txt {{tools}} sops secrets.sops.yaml

# Install what the tests need
setup:
    tests/setup.sh
