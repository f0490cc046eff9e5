# `just` alone lists the recipes. The tests' tools come from tests/setup.sh.

tools := 'PATH="$(tests/setup.sh):$PATH"'

[private]
default:
    @just --list --unsorted

# Build out/ from the sources
build *ARGS:
    cargo run --locked --release -- build {{ARGS}}

# All tests, as CI runs them; or the steps named (format clippy test doc build fmt docs fresh kinds fuzz readers inventory clean)
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

# Make the data about kinds again (after a change of version in tools/kinds.py)
kinds *ARGS:
    {{tools}} python3 tools/kinds.py {{ARGS}}

# Independent readers of out/: PyYAML, ruamel, kubectl, sops, cloud-init, JSON Schema
readers:
    tests/run.sh readers

# out/ against the facts of the live homelab
inventory:
    tests/run.sh inventory

# Edit the secrets of this example homelab with its (worthless) key
secrets:
    SOPS_AGE_KEY_FILE=tests/keys/age.txt {{tools}} sops secrets.sops.yaml

# Install what the tests need
setup:
    tests/setup.sh
