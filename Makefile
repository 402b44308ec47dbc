# All targets work from any folder: `make -C path/to/chaosmesh test`.
ROOT := $(patsubst %/,%,$(dir $(abspath $(lastword $(MAKEFILE_LIST)))))
VENV := $(ROOT)/.venv
BIN := $(VENV)/bin
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
STAMP := $(VENV)/.chaosmesh-ready
BROWSER := $(ROOT)/tests/browser
AXE := $(BROWSER)/node_modules/.package-lock.json
RUN := cd $(ROOT) &&
# pytest ends with 5 where nothing is left to run: fine if the caller chose so
NARROWED = $(if $(PYTEST_ARGS),|| test $$? -eq 5)

SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help setup demo test lint docs bench soak clean lock

help: ## what can be made
	@grep -hE '^[a-z]+:.*## ' $(ROOT)/Makefile | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 16

setup: $(STAMP) $(if $(shell command -v npm),$(AXE)) ## the virtual environment, locked dependencies and Toxiproxy (fetched once, then kept)
	@$(RUN) $(BIN)/chaosmesh setup --quiet

$(STAMP): $(ROOT)/requirements/dev.txt $(ROOT)/pyproject.toml $(ROOT)/hatch_build.py
	@test -n "$(PYTHON)" || { echo "chaosmesh needs Python 3.11 or newer on PATH (or: make PYTHON=/path/to/python)" >&2; exit 4; }
	@echo "setup: $(PYTHON) -m venv .venv, then the locked packages of requirements/dev.txt (about 200 MB, once)" >&2
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(ROOT)/requirements/dev.txt
	@echo "setup: chaosmesh itself (its build dumps Envoy's API types from xds-protos)" >&2
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -e $(ROOT)
	@touch $(STAMP)

# What the browser tests use. They say so themselves where it is missing, so nothing else waits for it.
$(AXE): $(BROWSER)/package-lock.json
	@cd $(BROWSER) && npm ci --ignore-scripts --no-audit --no-fund --no-update-notifier --silent >&2 && touch $@ || echo "setup: npm ci failed: the browser tests can't run" >&2

demo: setup ## verify the airport on real Envoy sidecars, under faults: the main job in about a minute
	@$(RUN) $(BIN)/chaosmesh demo

test: lint ## lint, then all tests (real Envoy, Toxiproxy, Locust and Chromium); the experiments in containers too, where Docker is
	@$(RUN) $(BIN)/python -m pytest -q -n 2 tests/unit tests/golden $(PYTEST_ARGS) $(NARROWED)
	@$(RUN) $(BIN)/python -m pytest -n 2 --dist loadfile --max-worker-restart 0 tests/integration tests/e2e --ignore tests/integration/docker --ignore tests/e2e/docker --durations=25 --durations-min=5 $(PYTEST_ARGS) $(NARROWED)
	@$(RUN) $(BIN)/python -m pytest tests/integration/docker tests/e2e/docker experiments $(PYTEST_ARGS) $(NARROWED)
	@$(RUN) $(BIN)/python -m pytest tests/browser $(PYTEST_ARGS) $(NARROWED)
	@$(RUN) $(BIN)/python -m pytest experiments --chaos-runtime docker $(PYTEST_ARGS) $(NARROWED)

lint: setup ## ruff, mypy --strict, import-linter
	@$(RUN) $(BIN)/ruff check . && $(BIN)/ruff format --check .
	@$(RUN) $(BIN)/mypy
	@$(RUN) $(BIN)/lint-imports --no-cache 2>&1 | tail -n 6; test $${PIPESTATUS[0]} -eq 0

docs: setup ## a site of all pages, in .build/site (nothing in it is fetched from elsewhere)
	@$(RUN) NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet && echo "$(ROOT)/.build/site/index.html"

bench: setup ## the figures of docs/benchmarks.md, as ratios inside one run
	@$(RUN) $(BIN)/python -m benchmarks $(BENCH)

soak: setup ## the long tests: kill -9 at random moments, under every kind of fault
	@$(RUN) $(BIN)/python -m pytest -m soak $(PYTEST_ARGS)

clean: ## what a killed run left, and the caches of the checkout (the virtual environment stays)
	@test ! -x $(BIN)/chaosmesh || $(BIN)/chaosmesh clean
	@$(RUN) rm -rf .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

lock: ## requirements/*.txt again from pyproject.toml (needs uv)
	@$(RUN) uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header pyproject.toml -o requirements/run.txt
	@$(RUN) uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header pyproject.toml --group dev -o requirements/dev.txt
