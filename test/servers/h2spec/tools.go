//go:build tools

// Package tools names the conformance tester that a test builds, so that go.mod and go.sum pin it.
package tools

import _ "github.com/summerwind/h2spec/cmd/h2spec"
