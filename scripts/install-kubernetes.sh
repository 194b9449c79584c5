#!/bin/sh
# Brings kube-apiserver and kube-controller-manager for the tests in test/cluster: each from KUBEBUILDER_ASSETS or the
# PATH where it is there, else built from the version pinned in test/cluster/go.mod into .cache/kubernetes/VERSION.
# Does nothing that is done already. Building takes about 15 minutes of two cores once, without Go's cache.
set -eu
cd "$(dirname "$0")/.."
module=test/cluster
programs="kube-apiserver kube-controller-manager"

version=$(sed -n 's|^[[:space:]]*k8s.io/kubernetes \(v[0-9.]*\).*|\1|p' "$module/go.mod")
target=$PWD/.cache/kubernetes/$version

missing=""
for program in $programs; do
  if [ -x "${KUBEBUILDER_ASSETS:-/nonexistent}/$program" ] || command -v "$program" >/dev/null || [ -x "$target/$program" ]; then
    continue
  fi
  missing="$missing $program"
done
if [ -z "$missing" ]; then
  exit 0
fi
if ! command -v go >/dev/null; then
  echo "Go is missing: install the version that $module/go.mod names (or later), or set KUBEBUILDER_ASSETS to a folder with$missing" >&2
  exit 1
fi

echo "building$missing of Kubernetes $version into .cache/kubernetes (many minutes, once) ..."
mkdir -p "$target"
number=${version#v}
major=${number%%.*}
rest=${number#*.}
# Without a version a client takes the server for 0.0 and refuses it.
stamp="-s -w -X k8s.io/component-base/version.gitVersion=$version -X k8s.io/component-base/version.gitMajor=$major -X k8s.io/component-base/version.gitMinor=${rest%%.*}"
for program in $missing; do
  # Built beside it and renamed: a test that runs now must not start half a file. At low priority: it takes long.
  (cd "$module" &&
    CGO_ENABLED=0 nice -n 19 go build -mod=readonly -trimpath -ldflags "$stamp" -o "$target/$program.new" "k8s.io/kubernetes/cmd/$program")
  mv "$target/$program.new" "$target/$program"
done
