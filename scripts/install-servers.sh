#!/bin/sh
# Brings the servers that tests start: etcd and etcdutl, built from the versions pinned in test/servers/etcd, into
# .cache/servers, and redis-server of the system. Does nothing that is done already; the stamp holds a checksum of what
# pins the versions, because the times of files say nothing after a checkout.
set -eu
cd "$(dirname "$0")/.."
target=$PWD/.cache/servers
stamp=$target/.idgen-built

build_etcd() {
  sum=$(cat test/servers/etcd/go.mod test/servers/etcd/go.sum | cksum | cut -d ' ' -f 1)
  if [ -x "$target/etcd" ] && [ -x "$target/etcdutl" ] && [ "$(cat "$stamp" 2>/dev/null || true)" = "$sum" ]; then
    return
  fi
  if ! command -v go >/dev/null; then
    echo "Go is missing: install the version that test/servers/etcd/go.mod names (or later), or set IDGEN_TEST_ETCD to an etcd 3.6 with etcdutl beside it" >&2
    exit 1
  fi
  echo "building etcd and etcdutl into .cache/servers (minutes, once) ..."
  mkdir -p "$target"
  for program in server:etcd etcdutl:etcdutl; do
    # Built beside it and renamed: a test that runs now must not start half a file.
    (cd test/servers/etcd &&
      CGO_ENABLED=0 go build -mod=readonly -trimpath -o "$target/${program#*:}.new" "go.etcd.io/etcd/${program%:*}/v3")
    mv "$target/${program#*:}.new" "$target/${program#*:}"
  done
  echo "$sum" > "$stamp"
}

install_redis() {
  if command -v redis-server >/dev/null; then
    return
  fi
  if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "redis-server is missing: install it, on Debian and Ubuntu by apt-get install redis-server" >&2
    exit 1
  fi
  echo "installing redis-server ..."
  export DEBIAN_FRONTEND=noninteractive
  apt-get install --yes --no-install-recommends redis-server >/dev/null ||
    { apt-get update >/dev/null && apt-get install --yes --no-install-recommends redis-server >/dev/null; }
}

build_etcd
install_redis
