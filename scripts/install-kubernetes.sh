#!/bin/sh
# Brings the Kubernetes programs of the tests and of `make cluster`, built from the versions pinned in
# scripts/cluster/programs/*/go.mod. What was built lies outside the checkout, one folder for each version, so that it is
# built once a machine: ${IDGEN_CACHE_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/idgen}/FAMILY/VERSION/PROGRAM.
#   install-kubernetes.sh               what the tests need and neither KUBEBUILDER_ASSETS nor the PATH has
#   install-kubernetes.sh NAME...       only these
#   install-kubernetes.sh node          everything that `make cluster` needs, in the pinned versions
#   install-kubernetes.sh --print NAME  the path of a program of the tests: KUBEBUILDER_ASSETS, the PATH, what was built
#   install-kubernetes.sh --pinned NAME the path of what was built, and of nothing else
#   install-kubernetes.sh --built       whether all that `node` builds is there: names the first that is not
# Does nothing that is done already. Everything takes about 30 minutes of two cores once, without Go's cache.
set -eu
modules=$(dirname "$0")/cluster/programs
cache=${IDGEN_CACHE_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/idgen}

# The set, the family (a folder of programs/), the module that carries the version, the package. Quick builds first.
table() {
  cat <<'TABLE'
test kubeconform github.com/yannh/kubeconform github.com/yannh/kubeconform/cmd/kubeconform
test helm helm.sh/helm/v4 helm.sh/helm/v4/cmd/helm
test helm-unittest github.com/helm-unittest/helm-unittest github.com/helm-unittest/helm-unittest/cmd/helm-unittest
test kubernetes k8s.io/kubernetes k8s.io/kubernetes/cmd/kubectl
test kubernetes k8s.io/kubernetes k8s.io/kubernetes/cmd/kube-apiserver
test kubernetes k8s.io/kubernetes k8s.io/kubernetes/cmd/kube-controller-manager
node kubernetes k8s.io/kubernetes k8s.io/kubernetes/cmd/kube-scheduler
node kubernetes k8s.io/kubernetes k8s.io/kubernetes/cmd/kubelet
node kubernetes k8s.io/kubernetes k8s.io/kubernetes/cmd/kube-proxy
node containerd github.com/containerd/containerd/v2 github.com/containerd/containerd/v2/cmd/containerd
node containerd github.com/containerd/containerd/v2 github.com/containerd/containerd/v2/cmd/containerd-shim-runc-v2
node containerd github.com/containerd/containerd/v2 github.com/containerd/containerd/v2/cmd/ctr
node coredns github.com/coredns/coredns github.com/coredns/coredns
node metrics-server sigs.k8s.io/metrics-server sigs.k8s.io/metrics-server/cmd/metrics-server
node contour github.com/projectcontour/contour github.com/projectcontour/contour/cmd/contour
TABLE
}

# Reads the row of a program: set, family, module, package and version, and where it is when it was built.
find_program() {
  row=$(table | grep -E "/$1\$" || true)
  if [ -z "$row" ]; then
    echo "$1: not one of $(table | sed 's|.*/||' | tr '\n' ' ')" >&2
    exit 2
  fi
  IFS=' ' read -r set family module package <<ROW
$row
ROW
  version=$(sed -n "s|^[[:space:]]*\\(require \\)\\{0,1\\}$module \\(v[0-9][^ ]*\\).*|\\2|p" "$modules/$family/go.mod" | head -n 1)
  built=$cache/$family/$version/$1
}

# A program of the tests may come from elsewhere. One of the node may not: a kubelet must not be newer than its
# kube-apiserver, and Debian's containerd is too old for both.
elsewhere() {
  if [ -x "${KUBEBUILDER_ASSETS:-/nonexistent}/$1" ]; then
    echo "$KUBEBUILDER_ASSETS/$1"
  else
    command -v "$1"
  fi
}

# What the linker writes into the program. Without a version a client takes kube-apiserver for 0.0 and refuses it.
stamp() {
  case $family in
    kubernetes)
      number=${version#v}
      rest=${number#*.}
      for name in gitVersion="$version" gitMajor="${number%%.*}" gitMinor="${rest%%.*}"; do
        printf -- '-X k8s.io/component-base/version.%s ' "$name"
      done ;;
    containerd) echo "-X $module/version.Version=$version" ;;
    helm) echo "-X $module/internal/version.version=$version" ;;
    *) ;;
  esac
}

build() {
  if ! command -v go >/dev/null; then
    echo "Go is missing: install the version that $modules/$family/go.mod names (or later), or set KUBEBUILDER_ASSETS to a folder with $1" >&2
    exit 1
  fi
  echo "building $1 of $family $version into $cache (minutes, once) ..."
  mkdir -p "$cache/$family/$version"
  # Built beside it and renamed: a test that runs now must not start half a file. At low priority: it takes long.
  (cd "$modules/$family" &&
    CGO_ENABLED=0 nice -n 10 go build -mod=readonly -trimpath -tags no_btrfs,no_devmapper,no_zfs \
      -ldflags "-s -w $(stamp)" -o "$built.$$" "$package")
  mv "$built.$$" "$built"
}

install() {
  find_program "$1"
  if [ -x "$built" ]; then return; fi
  if [ "$2$set" = testtest ] && elsewhere "$1" >/dev/null; then return; fi
  build "$1"
}

case ${1:-} in
  --print | --pinned)
    find_program "${2:?name a program}"
    if [ "$1" = --print ] && [ "$set" = test ] && elsewhere "$2"; then exit 0; fi
    if [ -x "$built" ]; then echo "$built"; exit 0; fi
    echo "$2 is missing: run scripts/install-kubernetes.sh $2 (needs Go), or set KUBEBUILDER_ASSETS" >&2
    exit 1 ;;
  --built) for program in $(table | sed 's|.*/||'); do "$0" --pinned "$program" >/dev/null; done ;;
  node) for program in $(table | sed 's|.*/||'); do install "$program" node; done ;;
  '') for program in $(table | sed -n 's|^test .*/||p'); do install "$program" test; done ;;
  *) for program in "$@"; do install "$program" test; done ;;
esac
