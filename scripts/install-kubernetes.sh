#!/bin/sh
# Brings kube-apiserver and kube-controller-manager for the tests in test/cluster: the ones of KUBEBUILDER_ASSETS or of
# the PATH where they are, else built from the versions pinned in test/cluster/go.mod into .cache/kubernetes/VERSION.
# Does nothing that is done already. Building takes about 15 minutes of two busy cores once, without Go's cache.
set -eu
cd "$(dirname "$0")/.."
module=test/cluster
programs="kube-apiserver kube-controller-manager"

version=$(sed -n 's|^[[:space:]]*k8s.io/kubernetes \(v[0-9.]*\).*|\1|p' "$module/go.mod")
target=$PWD/.cache/kubernetes/$version

# All of them in the folder that $1 names.
has_all() {
  for program in $programs; do
    [ -x "$1/$program" ] || return 1
  done
}

on_path() {
  for program in $programs; do
    command -v "$program" >/dev/null || return 1
  done
}

if { [ -n "${KUBEBUILDER_ASSETS:-}" ] && has_all "$KUBEBUILDER_ASSETS"; } || on_path || has_all "$target"; then
  exit 0
fi
if ! command -v go >/dev/null; then
  echo "Go is missing: install the version that $module/go.mod names (or later), or set KUBEBUILDER_ASSETS to a folder with $programs" >&2
  exit 1
fi

echo "building Kubernetes $version into .cache/kubernetes (many minutes, once) ..."
mkdir -p "$target"
number=${version#v}
major=${number%%.*}
rest=${number#*.}
# Without a version a client takes the server for 0.0 and refuses it.
stamp="-s -w -X k8s.io/component-base/version.gitVersion=$version -X k8s.io/component-base/version.gitMajor=$major -X k8s.io/component-base/version.gitMinor=${rest%%.*}"
for program in $programs; do
  # Built beside it and renamed: a test that runs now must not start half a file. At low priority: it takes long.
  (cd "$module" &&
    CGO_ENABLED=0 nice -n 19 go build -mod=readonly -trimpath -ldflags "$stamp" -o "$target/$program.new" "k8s.io/kubernetes/cmd/$program")
  mv "$target/$program.new" "$target/$program"
done
