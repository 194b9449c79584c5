//go:build tools

// Package tools names the programs that scripts/install-servers.sh builds, so that go.mod and go.sum pin them.
package tools

import (
	_ "go.etcd.io/etcd/etcdctl/v3"
	_ "go.etcd.io/etcd/etcdutl/v3"
	_ "go.etcd.io/etcd/server/v3"
)
