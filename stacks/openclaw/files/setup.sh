#!/bin/sh
# Fills the volumes of the pod before the gateway starts: tools, configuration, the infra repository.
# This container is Alpine (musl, root); the gateway is Debian bookworm (glibc, Python 3.11) and runs as node.
set -eu

node=1000:1000
home=/openclaw-home                     # mounted at /home/node/.openclaw in the gateway
gateway_home=/home/node/.openclaw
infra=/workspace/infra
kubectl_version=v1.34.2
terraform_version=1.14.5

export PATH="$PATH:/tools" GIT_CONFIG_GLOBAL="$home/.gitconfig"
apk add --no-cache bash curl git git-crypt openssh-client py3-pip unzip

fetch() { curl --fail --silent --show-error --location --retry 5 --remote-name-all "$@"; }

get_kubectl() (
  cd "$(mktemp -d)"
  fetch "https://dl.k8s.io/release/$kubectl_version/bin/linux/amd64/kubectl" \
        "https://dl.k8s.io/release/$kubectl_version/bin/linux/amd64/kubectl.sha256"
  echo "$(cat kubectl.sha256)  kubectl" | sha256sum -c -
  install -m 0755 kubectl /tools/kubectl
)

get_terraform() (
  cd "$(mktemp -d)"
  zip="terraform_${terraform_version}_linux_amd64.zip"
  sums="terraform_${terraform_version}_SHA256SUMS"
  fetch "https://releases.hashicorp.com/terraform/$terraform_version/$zip" \
        "https://releases.hashicorp.com/terraform/$terraform_version/$sums"
  grep " $zip\$" "$sums" | sha256sum -c -
  unzip -q "$zip" terraform
  install -m 0755 terraform /tools/terraform
)

get_kubectl & kubectl_pid=$!
get_terraform & terraform_pid=$!

# Python packages for the skills: wheels for the gateway's Python, not for this one; uptime-kuma-api has none.
pip_target() { pip install --quiet --root-user-action=ignore --upgrade --target /tools/python-libs "$@"; }
pip_target --only-binary=:all: --implementation cp --python-version 3.11 \
  --platform manylinux2014_x86_64 --platform manylinux_2_28_x86_64 \
  requests caldav icalendar 'python-socketio[client]' packaging
pip_target --no-deps uptime-kuma-api

# git-crypt is a filter of the repository, so the gateway's git runs it too: with the loader and libraries it has here.
mkdir -p /tools/musl
program="$(command -v git-crypt)"
ldd "$program" | awk '$2 == "=>" { print $3 }' | sort -u | xargs -I{} cp {} /tools/musl/
cp "$program" /tools/musl/git-crypt
cat > /tools/git-crypt <<'EOF'
#!/bin/sh
exec /tools/musl/ld-musl-x86_64.so.1 --argv0 git-crypt --library-path /tools/musl /tools/musl/git-crypt "$@"
EOF
chmod 0755 /tools/git-crypt

# Configuration, SSH key, git.
cp /openclaw-config-src/openclaw.json "$home/openclaw.json"
mkdir -p "$home/.ssh"
{ cat /ssh/id_rsa; echo; } > "$home/.ssh/id_rsa"
chmod 0700 "$home/.ssh"
chmod 0600 "$home/.ssh/id_rsa"
git config --global safe.directory "$infra"
git config --global user.name openclaw
git config --global user.email openclaw@localhost
git config --global core.sshCommand "ssh -i $gateway_home/.ssh/id_rsa -o UserKnownHostsFile=$gateway_home/.ssh/known_hosts -o StrictHostKeyChecking=accept-new"

# The repository is read over HTTPS and written over SSH. Work that the agent left in it stays.
if [ -d "$infra/.git" ]; then
  git -C "$infra" pull --ff-only || echo "infra: could not be fast-forwarded, left as it is" >&2
else
  rm -rf "$infra.new"                   # of a clone that was cut off
  git clone https://github.com/ViktorBarzin/infra.git "$infra.new"
  mv "$infra.new" "$infra"
  git -C "$infra" remote set-url --push origin git@github.com:ViktorBarzin/infra.git
fi
if [ ! -e "$infra/.git/git-crypt/keys/default" ]; then
  key="$(mktemp)"
  echo "$GIT_CRYPT_KEY" | base64 -d > "$key"
  (cd "$infra" && git-crypt unlock "$key")
  rm "$key"
fi
ln -sfn "$infra/.claude/skills" "$home/skills"

# The account's token is renewed in its file, so the kubeconfig names the file.
account=/var/run/secrets/kubernetes.io/serviceaccount
cat > "$home/kubeconfig" <<EOF
apiVersion: v1
kind: Config
current-context: cluster
clusters: [{name: cluster, cluster: {server: "https://kubernetes.default.svc", certificate-authority: $account/ca.crt}}]
users: [{name: openclaw, user: {tokenFile: $account/token}}]
contexts: [{name: cluster, context: {cluster: cluster, user: openclaw, namespace: openclaw}}]
EOF

wait "$kubectl_pid"
wait "$terraform_pid"
terraform -chdir="$infra" init -input=false || echo "terraform init failed; the gateway starts without it" >&2
chown -R "$node" "$home" "$infra"
