# PICJobs. `make help` says what there is.

PREFIX ?= /usr/local
DESTDIR ?=
export SWIFT ?= swift
.DEFAULT_GOAL := help
.PHONY: help deps deps-test build demo test lint install uninstall bench acceptance fuzz clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

deps: ## install the Debian packages the build needs (only what is missing)
	@script/install-deps build

deps-test: ## the same, with what the tests need
	@script/install-deps build test

build: deps ## build the program (release) and say where it is
	@echo "built: $$(script/build)"

demo: deps ## back up, damage and restore a made-up cell below .demo/, without Docker
	@script/demo

test: deps-test ## every test, and the quick form of the acceptance checks
	@script/test

lint: ## strict formatting, and which room may import which
	@$(SWIFT) format lint --strict --recursive Sources Tests Benchmarks/Sources Package.swift
	@script/check-imports
	@echo "lint: clean"

install: ## PREFIX=/usr/local, DESTDIR: program, units, completions, example jobs
	@PREFIX="$(PREFIX)" DESTDIR="$(DESTDIR)" script/install

uninstall: ## remove what `make install` put there
	@PREFIX="$(PREFIX)" DESTDIR="$(DESTDIR)" script/install --remove

bench: deps-test ## times beside `docker exec … tar`, `nft` and `ip`, and of a large cell (needs root, minutes)
	@script/bench

acceptance: deps-test ## every acceptance check, in full (an hour and more)
	@script/acceptance

fuzz: deps-test ## fuzz the readers of archives and packages (FUZZ_SECONDS=1800)
	@script/fuzz

clean: ## remove what was built, found and demonstrated
	@rm -rf .build .demo Benchmarks/.build Tests/Fuzz/.build
