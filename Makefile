# idgen: every target is explained by `make help`.
# Only Node 20 or later, npm and make are needed: Node 24 and the tools come with the npm packages.

BIN := node_modules/.bin
NODE := $(BIN)/node
IMAGE ?= idgen:dev
BASE_IMAGE ?= node:24.21.0-bookworm-slim
# What `make test` runs.
SUITES ?= unit integration cluster
# How long `make fuzz` goes on with each protocol (and FUZZ_SEED=7 replays one seed).
FUZZ_MINUTES ?= 10
# How much `make e2e` does: long (all scenarios) or short (a quarter of an hour: what .ci/run runs; ci.yaml runs neither).
E2E ?= long
# How much `make faults` does: long (25 minutes, writes docs/reliability.md) or short (what CI runs), and how often it kills.
FAULTS ?= long
KILLS ?= 30
# How much `make bench` does, which benches `make bench-check` holds, and which load `make flame` draws.
BENCH ?= long
GATED := core sdk http grpc resp batch tracing prefetch
PROFILE ?= http

.DEFAULT_GOAL := help
.PHONY: help install run check audit-packages sbom format generate generate-check servers test sdk simulate fuzz faults proofs cluster-test cluster cluster-down dev-up dev-down dev-logs docs links e2e bench bench-check flame image clean

help: ## Show this list
	@echo "idgen: distributed IDs that are never handed out twice. Try: make run"
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## /{printf "  %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: ## Install what running needs (once)
	@scripts/install.sh run

run: install ## Start the service on the embedded database with a demo tag, and print a line to try
	@exec bin/idgen serve --quickstart

check: ## Format, lint with the layer rules, types, dead code, generated files, released definitions: below a minute
	@scripts/install.sh dev
	$(BIN)/biome ci --colors=off --error-on-warnings .
	$(BIN)/oxlint --type-aware --deny-warnings
	$(BIN)/tsc -p .
	$(BIN)/knip --no-progress
	$(BIN)/buf lint
	$(NODE) scripts/generate.ts --check
	$(NODE) scripts/crd-compatibility.ts

audit-packages: ## Known vulnerabilities of what production installs; fails at high ones, says so where the registry cannot tell
	@scripts/install.sh dev
	@$(NODE) scripts/audit-packages.ts

sbom: ## Write dist/sbom.cdx.json: all packages of production with licences and hashes (CycloneDX)
	@scripts/install.sh dev
	@$(NODE) scripts/sbom.ts dist/sbom.cdx.json

format: ## Format every file
	@scripts/install.sh dev
	$(BIN)/biome check --write .

generate: ## Write what is made from something else: documents, OpenAPI, gRPC code, types of crds/, the chart's schema and tables
	@scripts/install.sh dev
	$(NODE) scripts/generate.ts

generate-check: ## Fail when a generated file is not current
	@scripts/install.sh dev
	$(NODE) scripts/generate.ts --check

servers: ## Build etcd and install redis-server, which the tests start (once; minutes without a Go cache)
	@scripts/install.sh dev
	@scripts/install-servers.sh

test: servers ## Unit, contract, integration and cluster tests, with coverage (SUITES="unit" for some)
	@case " $(SUITES) " in *" cluster "*) scripts/install-kubernetes.sh || echo "the cluster tests are left out: see above" >&2;; esac
	@$(NODE) scripts/run-tests.ts $(SUITES)

sdk: ## Build the client library into dist/sdk as it is published, test it, and check the package (publint, types)
	@scripts/install.sh dev
	@$(NODE) scripts/sdk-package.ts dist/sdk
	@$(NODE) --test 'sdk/**/*.test.ts' 'test/sdk-*.test.ts' test/integration/sdk-package.test.ts

simulate: ## Simulate faults from seeds in virtual time, and count every ID (MINUTES=5, SEEDS=5000, SIM_SEED=7 replays one)
	@scripts/install.sh dev
	@$(NODE) test/simulation/simulate.ts

fuzz: ## Bad input of every kind to HTTP, gRPC and RESP of a real service, from seeds (FUZZ_MINUTES=10 each, FUZZ_SEED=7)
	@scripts/install.sh dev
	@FUZZ_MINUTES=$(FUZZ_MINUTES) FUZZ_SEED=$(FUZZ_SEED) $(NODE) --test --test-concurrency=1 'test/fuzz/*.test.ts'

faults: servers ## Real faults on real servers under load, every ID counted; writes docs/reliability.md (FAULTS=short for minutes)
	@scripts/install-servers.sh faults
	@rm -rf coverage/faults
	@FAULTS=$(FAULTS) IDGEN_TEST_KILLS=$(KILLS) $(NODE) scripts/run-tests.ts faults
	@if [ $(FAULTS) = long ]; then $(NODE) scripts/reliability-document.ts; fi

proofs: ## Check the protocols' models with TLC, for all rules and without each of them (PROOFS=short for minutes)
	@scripts/install.sh dev
	@scripts/install-tlc.sh
	@$(NODE) scripts/check-proofs.ts $(PROOFS)

cluster-test: servers ## The operator and the chart on a real kube-apiserver (built once from Go modules, many minutes)
	@scripts/install-kubernetes.sh
	@$(NODE) scripts/run-tests.ts cluster

cluster: servers ## A real one-node Kubernetes without Docker (root on Linux), idgen in it; KUBECONFIG=… IMAGE=… installs into yours
	@scripts/install-kubernetes.sh $$(if [ -n "$$KUBECONFIG" ]; then echo helm kubectl; else echo node; fi)
	@$(NODE) scripts/cluster/up.ts

cluster-down: ## Take away all that `make cluster` started
	@scripts/install.sh dev
	@$(NODE) scripts/cluster/down.ts

dev-up: ## All servers and idgen with demo tags: containers (dev/compose.yaml), without Docker as processes (IDGEN_DEV=processes)
	@scripts/install.sh dev
	@$(NODE) scripts/dev/up.ts

dev-down: ## Stop what `make dev-up` started and keep its data (WIPE=yes deletes it)
	@scripts/install.sh dev
	@$(NODE) scripts/dev/down.ts $(if $(filter yes,$(WIPE)),--wipe)

dev-logs: ## Follow the logs of what `make dev-up` started (ONLY=idgen: of one of them)
	@scripts/install.sh dev
	@$(NODE) scripts/dev/logs.ts $(ONLY)

docs: ## Build the documents into dist/site, a web site with a search; dead links are errors
	@scripts/install.sh dev
	@$(NODE) scripts/docs/build.ts

links: ## Ask every address of another host that the documents link to: needs the internet (once a week in the workflow)
	@scripts/install.sh dev
	@$(NODE) scripts/docs/ask.ts

e2e: servers ## Everything on a real one-node cluster that it starts: canaries, evictions, lost operators; every ID counted (E2E=short)
	@scripts/install-kubernetes.sh node
	@E2E=$(E2E) $(NODE) scripts/run-tests.ts e2e

bench: servers ## Measure speed beside floors, hours in all; writes bench/results/ and docs/performance.md (BENCH=short: minutes, saves nothing)
	@set -e; for file in bench/*.bench.ts; do echo "== $$file"; $(NODE) $$file $(if $(filter short,$(BENCH)),--short,--save); done
	@if [ $(BENCH) != short ]; then $(NODE) scripts/generate.ts; fi

bench-check: ## Measure processor time beside its floor, and fail where it is worse than what was saved (below four minutes)
	@scripts/install.sh dev
	@set -e; for name in $(GATED); do echo "== $$name"; $(NODE) bench/$$name.bench.ts --check; done

flame: ## Draw where the time goes of one load: PROFILE=http, resp, grpc, http-text, …, into docs/pictures/
	@scripts/install.sh dev
	@$(NODE) bench/flame.ts $(PROFILE) --save

image: ## Build the container image (IMAGE, BASE_IMAGE)
	docker build --build-arg BASE_IMAGE=$(BASE_IMAGE) --tag $(IMAGE) .

clean: ## Remove what was installed, built and measured; never the data folder
	rm -rf node_modules dist coverage
