#!/bin/sh
# Brings the servers that tests start: etcd with its tools and the reader of compose files, built from the versions pinned
# in test/servers, into .cache/servers, and redis-server, pgbouncer and MariaDB of the system; with the argument "faults" also
# libfaketime, with "watch" also prometheus, promtool and alertmanager, with "tracing" also Jaeger, Zipkin
# and an OpenTelemetry Collector, with "browser" also Chromium, with "scanners" also gitleaks.
# Does nothing that is done already; a stamp holds a checksum of what pins the versions, because the times of files say nothing after a checkout.
set -eu
cd "$(dirname "$0")/.."
target=$PWD/.cache/servers
ZIPKIN=3.4.4

# Builds the programs of a folder of test/servers: build NAME PROGRAM=PACKAGE...
build() {
  module=test/servers/$1
  sum=$(cat "$module/go.mod" "$module/go.sum" | cksum | cut -d ' ' -f 1)
  stamp=$target/.built-$1
  shift
  missing=$([ "$(cat "$stamp" 2>/dev/null || true)" = "$sum" ] || echo yes)
  for program in "$@"; do
    [ -x "$target/${program%%=*}" ] || missing=yes
  done
  if [ -z "$missing" ]; then
    return
  fi
  if ! command -v go >/dev/null; then
    echo "Go is missing: install the version that $module/go.mod names (or later). Instead of etcd, IDGEN_TEST_ETCD may name an etcd 3.6 with etcdutl and etcdctl beside it" >&2
    exit 1
  fi
  mkdir -p "$target"
  for program in "$@"; do
    echo "building ${program%%=*} into .cache/servers (once) ..."
    # Built beside it and renamed: a test that runs now must not start half a file.
    (cd "$module" && CGO_ENABLED=0 go build -mod=readonly -trimpath -o "$target/${program%%=*}.new" "${program#*=}")
    mv "$target/${program%%=*}.new" "$target/${program%%=*}"
  done
  echo "$sum" > "$stamp"
}

# Prometheus without what finds targets in clouds, which is most of what there is to build.
build_watch() {
  export GOFLAGS=-tags=remove_all_sd,netgo
  build prometheus promtool=github.com/prometheus/prometheus/cmd/promtool prometheus=github.com/prometheus/prometheus/cmd/prometheus
  build alertmanager alertmanager=github.com/prometheus/alertmanager/cmd/alertmanager
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

# One test needs it, and says so where it is left out.
install_pgbouncer() {
  if [ ! -x /usr/sbin/pgbouncer ]; then
    (install_package pgbouncer) || true
  fi
}

# What docs/migration.md takes a dump of: 12 MB to fetch. These packages hold programs only, and start no service.
install_mariadb() {
  if [ ! -x /usr/sbin/mariadbd ] || [ ! -x /usr/bin/mysqldump ]; then
    (install_package mariadb-server-core mariadb-client) || true
  fi
}

# Steps the clock of one process, in fault tests.
install_faketime() {
  if ! ls /usr/lib/*/faketime/libfaketimeMT.so.1 >/dev/null 2>&1; then
    install_package faketime
  fi
}

# With a font for Chinese: the pages speak it too.
install_browser() {
  if [ -z "${IDGEN_TEST_CHROMIUM:-}" ] && ! command -v chromium >/dev/null; then
    install_package chromium
  fi
  if [ ! -d /usr/share/fonts/opentype/noto ]; then
    install_package fonts-noto-cjk
  fi
}

install_package() {
  if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "$* is missing: install it, on Debian and Ubuntu by apt-get install $*" >&2
    exit 1
  fi
  echo "installing $* ..."
  export DEBIAN_FRONTEND=noninteractive
  apt-get install --yes --no-install-recommends "$@" >/dev/null ||
    { apt-get update >/dev/null && apt-get install --yes --no-install-recommends "$@" >/dev/null; }
}

build etcd etcd=go.etcd.io/etcd/server/v3 etcdutl=go.etcd.io/etcd/etcdutl/v3 etcdctl=go.etcd.io/etcd/etcdctl/v3
build compose compose-spec=github.com/compose-spec/compose-go/v2/cmd
install_redis
install_pgbouncer
install_mariadb
case "${1:-}" in
faults) install_faketime ;;
watch) build_watch ;;
browser) install_browser ;;
scanners) build gitleaks gitleaks=github.com/zricethezav/gitleaks/v8 ;;
tracing)
  # A hundred megabytes of modules, so only where it is asked for.
  build jaeger jaeger=github.com/jaegertracing/jaeger/cmd/all-in-one
  install_zipkin
  build otelcol otelcol=.
  ;;
esac
