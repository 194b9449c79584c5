#!/bin/sh
# Makes a Redis cluster of $NODES (address:port, three masters and three replicas) once; does nothing where it is one.
set -eu
for node in $NODES; do
  tries=0
  until redis-cli -h "${node%:*}" -p "${node#*:}" ping | grep -q PONG; do
    tries=$((tries + 1))
    if [ "$tries" -ge 60 ]; then
      echo "the Redis node $node does not answer" >&2
      exit 1
    fi
    sleep 0.5
  done
done
first=${NODES%% *}
state() { redis-cli -h "${first%:*}" -p "${first#*:}" cluster info | tr -d '\r' | sed -n 's/^cluster_state://p'; }
if redis-cli -h "${first%:*}" -p "${first#*:}" cluster info | grep -q 'cluster_known_nodes:1[^0-9]*$'; then
  # shellcheck disable=SC2086
  redis-cli --cluster create $NODES --cluster-replicas 1 --cluster-yes
fi
tries=0
until [ "$(state)" = ok ]; do
  tries=$((tries + 1))
  if [ "$tries" -ge 60 ]; then
    echo "the Redis cluster does not come together: $(state)" >&2
    exit 1
  fi
  sleep 0.5
done
echo "the Redis cluster is ready"
