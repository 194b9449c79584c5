#!/bin/sh
# Installs the npm packages once: "install.sh run" what the service needs, "install.sh dev" everything.
# The stamp lies in node_modules, so that it goes when they go, and holds a checksum of package-lock.json, because the
# times of files say nothing after a checkout.
set -eu
cd "$(dirname "$0")/.."
wanted=$1
stamp=node_modules/.idgen-installed
sum=$(cksum < package-lock.json | cut -d ' ' -f 1)

present=$(cat "$stamp" 2>/dev/null || true)
# Everything includes what the service needs.
if [ "$present" = "dev $sum" ] || [ "$present" = "$wanted $sum" ]; then
  exit 0
fi

if ! command -v npm >/dev/null; then
  echo "npm is missing: install Node 20 or later, which brings it" >&2
  exit 1
fi
echo "installing the npm packages ($wanted) ..."
# Only errors: npm under Node 20 warns about packages that want Node 24, and Node 24 is what they get (package "node").
if [ "$wanted" = dev ]; then
  npm ci --no-audit --no-fund --loglevel=error
else
  npm ci --omit=dev --no-audit --no-fund --loglevel=error
fi
echo "$wanted $sum" > "$stamp"
