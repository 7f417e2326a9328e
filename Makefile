# clearbind. `make demo` runs the main job, `make test` passes the tests; both need
# nothing but Go. As root on Debian, `make test` installs what some tests use
# besides; elsewhere these skip and say so.

GO       ?= go
VERSION  ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
REVISION ?= $(shell git rev-parse HEAD 2>/dev/null || echo unknown)
PKG      := github.com/prometheus/common/version
LDFLAGS  := -s -w -X $(PKG).Version=$(VERSION) -X $(PKG).Revision=$(REVISION)
FUZZTIME ?= 30s

# The toolchain that go.mod names: older ones have holes that govulncheck knows.
export GOTOOLCHAIN := auto

GOLANGCI    := github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
GOVULNCHECK := golang.org/x/vuln/cmd/govulncheck@v1.9.0
VULNDB      := golang.org/x/vulndb

.PHONY: help
help: ## What there is to make
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: build
build: ## ./clearbind, one static program
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '$(LDFLAGS)' -o clearbind ./cmd/clearbind

.PHONY: demo
demo: build ## Build, read the shipped captures, print alerts and summary
	@echo
	./clearbind --format=text --report=demo.html pcaps/simple-bind-success.pcap pcaps/starttls-refused-fallback.pcap \
	  pcaps/bind-before-starttls.pcap pcaps/starttls-good.pcap pcaps/ldaps-636.pcap
	@echo; echo "demo.html has the same as a report."

.PHONY: test
test: ## Every test: formatting, vet, unit, golden replay, command line
	@.ci/install
	@test -z "$$(gofmt -l .)" || { echo "gofmt wants:"; gofmt -l .; exit 1; }
	$(GO) vet ./...
	$(GO) test ./...

.PHONY: race
race: ## The same tests under the race detector (needs a C compiler)
	CGO_ENABLED=1 $(GO) test -race ./...

.PHONY: lint
lint: vuln ## golangci-lint and govulncheck
	$(GO) run $(GOLANGCI) run ./...

# The database comes as a module too, so that a machine that reaches nothing but
# the module proxy can be checked.
.PHONY: vuln
vuln: ## govulncheck with the newest database
	@set -e; db=$$(mktemp -d); trap 'rm -rf "$$db"' EXIT; \
	  source=$$(cd "$$db" && $(GO) mod download -json $(VULNDB)@latest | sed -n 's/^.*"Dir": "\(.*\)".*$$/\1/p'); \
	  (cd "$$db" && $(GO) run $(VULNDB)/cmd/indexdb@latest -vulns "$$source/data/osv" -out "$$db/index-v1"); \
	  $(GO) run $(GOVULNCHECK) -db "file://$$db/index-v1" ./...

.PHONY: fuzz
fuzz: ## Every fuzz target for FUZZTIME (30s)
	@for pkg in $$($(GO) list ./...); do \
	  for target in $$($(GO) test -list '^Fuzz' $$pkg | grep '^Fuzz'); do \
	    echo "== $$pkg $$target"; \
	    $(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 10x $$pkg || exit 1; \
	  done; \
	done

.PHONY: bench
bench: ## Benchmarks beside the code, and the program beside its peers
	$(GO) test -run '^$$' -bench . -benchmem ./...
	$(GO) run ./internal/loadgen/cmd/bench

.PHONY: soak
soak: ## Ten million packets over a cable into a sensor; SOAK="-packets=… -rate=…" (root)
	$(GO) run ./internal/loadgen/cmd/soak $(SOAK)

.PHONY: golden
golden: ## Rewrite pcaps/*.golden.jsonl; look at the diff before you commit it
	$(GO) test ./cmd/clearbind -run TestReplay -update
	git diff --stat -- pcaps

.PHONY: man
man: ## Rewrite docs/clearbind.1 from the flags
	$(GO) run ./cmd/clearbind --help-man >docs/clearbind.1

.PHONY: lab
lab: ## Record pcaps/ again from real servers and clients (Debian, root)
	pcaps/lab/record

.PHONY: clean
clean: ## Remove what was built
	rm -f clearbind demo.html
