//go:build tools

// Package tools names the program that scripts/install-servers.sh builds, so that go.mod and go.sum pin it.
package tools

import _ "github.com/zricethezav/gitleaks/v8"
