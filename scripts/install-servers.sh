#!/bin/sh
# Brings the servers that tests start: etcd and etcdutl, built from the versions pinned in test/servers/etcd, into
# .cache/servers, and redis-server of the system; with the argument "faults" also libfaketime, with "tracing" also Jaeger
# and Zipkin. Does nothing that is
# done already; the stamp holds a checksum of what pins the versions, because the times of files say nothing after a
# checkout.
set -eu
cd "$(dirname "$0")/.."
target=$PWD/.cache/servers
stamp=$target/.idgen-built
ZIPKIN=3.4.4

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

# For the tests of traces; a hundred megabytes of modules, so only where it is asked for.
build_jaeger() {
  jaeger_sum=$(cat test/servers/jaeger/go.mod test/servers/jaeger/go.sum | cksum | cut -d ' ' -f 1)
  jaeger_stamp=$target/.jaeger-built
  if [ -x "$target/jaeger" ] && [ "$(cat "$jaeger_stamp" 2>/dev/null || true)" = "$jaeger_sum" ]; then
    return
  fi
  if ! command -v go >/dev/null; then
    echo "Go is missing: install the version that test/servers/jaeger/go.mod names (or later), or set IDGEN_TEST_JAEGER to a jaeger-all-in-one 1.62" >&2
    exit 1
  fi
  echo "building Jaeger into .cache/servers (minutes, once) ..."
  mkdir -p "$target"
  (cd test/servers/jaeger &&
    CGO_ENABLED=0 go build -mod=readonly -trimpath -o "$target/jaeger.new" github.com/jaegertracing/jaeger/cmd/all-in-one)
  mv "$target/jaeger.new" "$target/jaeger"
  echo "$jaeger_sum" > "$jaeger_stamp"
}

# A Java program: fetched by Maven, which checks what it gets.
install_zipkin() {
  if [ -f "$target/zipkin-$ZIPKIN.jar" ]; then
    return
  fi
  if ! command -v mvn >/dev/null; then
    echo "Maven is missing, so the test with Zipkin is left out: install it, or set IDGEN_TEST_ZIPKIN to the exec jar of zipkin-server $ZIPKIN" >&2
    return
  fi
  echo "fetching Zipkin into .cache/servers ..."
  mkdir -p "$target"
  (cd "$target" && mvn -q dependency:copy -Dartifact="io.zipkin:zipkin-server:$ZIPKIN:jar:exec" -DoutputDirectory="$target/zipkin.new")
  mv "$target/zipkin.new/zipkin-server-$ZIPKIN-exec.jar" "$target/zipkin-$ZIPKIN.jar"
  rmdir "$target/zipkin.new"
}

install_redis() {
  if ! command -v redis-server >/dev/null; then
    install_package redis-server
  fi
}

# Steps the clock of one process, in fault tests.
install_faketime() {
  if ! ls /usr/lib/*/faketime/libfaketimeMT.so.1 >/dev/null 2>&1; then
    install_package faketime
  fi
}

install_package() {
  if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "$1 is missing: install it, on Debian and Ubuntu by apt-get install $1" >&2
    exit 1
  fi
  echo "installing $1 ..."
  export DEBIAN_FRONTEND=noninteractive
  apt-get install --yes --no-install-recommends "$1" >/dev/null ||
    { apt-get update >/dev/null && apt-get install --yes --no-install-recommends "$1" >/dev/null; }
}

build_etcd
install_redis
if [ "${1:-}" = faults ]; then install_faketime; fi
if [ "${1:-}" = tracing ]; then build_jaeger; install_zipkin; fi
