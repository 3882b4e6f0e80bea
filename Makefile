# siteready. `make` or `make help` lists the targets.

GO          ?= go
VERSION     ?= $(shell git describe --tags --always --dirty 2>/dev/null)
LDFLAGS      = -s -w -X main.version=$(VERSION)
BUILD_FLAGS  = -trimpath -buildvcs=false -ldflags '$(LDFLAGS)'
TOOLS        = $(CURDIR)/.tools
FUZZTIME    ?= 60s

# Tools are pinned here, and kept out of go.mod: they are no part of the program.
GOTESTSUM    = $(TOOLS)/gotestsum-v1.13.0
GOLANGCI     = $(TOOLS)/golangci-lint-v2.15.0
GOFUMPT      = $(TOOLS)/gofumpt-v0.12.0
GOVERSIONINFO = $(TOOLS)/goversioninfo-v1.7.0

.PHONY: help build demo test test-web fuzz lint bench golden release test-release

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' Makefile

build: ## build siteready.exe for Windows, amd64 and arm64, into build/
	CGO_ENABLED=0 GOOS=windows GOARCH=amd64 $(GO) build $(BUILD_FLAGS) -o build/amd64/siteready.exe ./cmd/siteready
	CGO_ENABLED=0 GOOS=windows GOARCH=arm64 $(GO) build $(BUILD_FLAGS) -o build/arm64/siteready.exe ./cmd/siteready

demo: ## show the report of a constructed site; its exit code is not 0, because the site is not ready
	@CGO_ENABLED=0 $(GO) build $(BUILD_FLAGS) -o build/siteready ./cmd/siteready
	@build/siteready demo; code=$$?; echo "siteready ended with exit code $$code"; test $$code -eq 2

test: $(GOTESTSUM) ## run all tests, those for Windows under Wine; as root it installs what is lacking
	.ci/install-test-tools
	@mkdir -p build
	@$(GOTESTSUM) --format pkgname --jsonfile build/tests.json --raw-command -- .ci/go-test-json; \
		code=$$?; .ci/test-totals build/tests.json; exit $$code

test-web: ## look at HTML reports in Debian's Chromium; as root it installs what is lacking
	.ci/install-test-web
	.ci/test-web

release: $(GOVERSIONINFO) ## make installer, zip files, notices, list of parts and check sums in build/release/
	.ci/install-release-tools
	rm -rf build/release
	$(GO) run ./.ci/release -goversioninfo $(GOVERSIONINFO) -o build/release

test-release: $(GOVERSIONINFO) ## make releases, install them under Wine and sign them; as root it installs what is lacking
	.ci/install-release-tools test
	GOVERSIONINFO=$(GOVERSIONINFO) .ci/test-release

fuzz: ## run every fuzz target for FUZZTIME, by default 60s
	FUZZTIME=$(FUZZTIME) .ci/fuzz

lint: $(GOLANGCI) $(GOFUMPT) ## vet and lint for Linux and for Windows
	@unformatted=$$($(GOFUMPT) -l . .ci) && if [ -n "$$unformatted" ]; then echo "gofumpt would change:" $$unformatted; exit 1; fi
	$(GOLANGCI) run ./... ./.ci/bench ./.ci/release ./.ci/web
	GOOS=windows $(GOLANGCI) run ./...
	$(GO) mod tidy -diff

bench: ## measure start-up, memory, size, the HTML page, a year of runs, delays and hangs of SQL Server, and the search in logs (6 GiB of files)
	$(GO) run ./.ci/bench

golden: ## write the golden files, the demonstration's site and its picture anew
	$(GO) test ./report ./cmd/siteready/... -update

$(GOTESTSUM):
	GOBIN=$(TOOLS) GOFLAGS= $(GO) install gotest.tools/gotestsum@v1.13.0 && mv $(TOOLS)/gotestsum $@
$(GOLANGCI):
	GOBIN=$(TOOLS) GOFLAGS= $(GO) install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0 && mv $(TOOLS)/golangci-lint $@
$(GOFUMPT):
	GOBIN=$(TOOLS) GOFLAGS= $(GO) install mvdan.cc/gofumpt@v0.12.0 && mv $(TOOLS)/gofumpt $@
$(GOVERSIONINFO):
	GOBIN=$(TOOLS) GOFLAGS= $(GO) install github.com/josephspurrier/goversioninfo/cmd/goversioninfo@v1.7.0 && mv $(TOOLS)/goversioninfo $@
