# What a newcomer needs: `make demo` and `make test`. Everything else is for those who change the code.
PYTHON ?= python3
UV_VERSION := 0.13.8
BIN := .venv/bin
ARGS ?=
PACKAGE ?= core/duo
DEST ?= /opt/broker
.DEFAULT_GOAL := help

.PHONY: help env demo test test-faults check format lint types layers tests docs screenshots plant plants install clean

help:  ## What can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

env: .venv/.made  ## The environment alone, from the lock file, in .venv

.venv/.made: pyproject.toml uv.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; this is " + sys.version.split()[0])'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@$(BIN)/uv sync --quiet --locked --inexact --all-extras --all-groups
	@touch $@

demo: env  ## The whole story over real HTTP, then a running broker (ARGS=--exit ends after the story)
	@$(BIN)/broker demo $(ARGS)

test: env  ## Everything that CI runs
	@$(MAKE) --no-print-directory -j2 check tests

check: lint types layers

lint: env
	@$(BIN)/ruff format --check --quiet . || { echo 'not formatted: run make format'; exit 1; }
	@$(BIN)/ruff check --quiet .

types: env
	@$(BIN)/mypy --no-error-summary

layers: env
	@$(BIN)/lint-imports --no-cache > .venv/layers.log || { cat .venv/layers.log; exit 1; }

tests: env
	@$(BIN)/python -m pytest -q -n 3 --dist worksteal $(ARGS)

interop-tools: env  ## Other people's clients, providers, suites and checkers, for tests/interop and tests/browser (needs npm)
	@$(BIN)/uv venv --quiet --allow-existing --python $(BIN)/python tests/interop/.suites
	@$(BIN)/uv pip install --quiet --python tests/interop/.suites/bin/python -r tests/interop/suites.txt
	@$(BIN)/uv pip install --quiet --target tests/interop/.suites/gen3 --no-deps -r tests/interop/gen3.txt
	@$(BIN)/uv pip install --quiet --target tests/interop/.suites/dnastack --no-deps -r tests/interop/dnastack.txt
	@$(BIN)/uv pip install --quiet --target tests/interop/.suites/checker --python-version 3.12 --no-deps aics-tlog==0.2.1
	@cd tests/interop && npm ci --silent --omit-lockfile-registry-resolved --no-audit --no-fund

fuzz: env  ## Hostile input for every parser, other input each time, for some minutes (ARGS='-k jws' for one)
	@HYPOTHESIS_PROFILE=thorough $(BIN)/python -m pytest -q tests/fuzz --hypothesis-seed=$$(date +%s) $(ARGS)

test-faults: env  ## What takes long: a hundred kills under load, every page in both languages in a browser
	@$(BIN)/python -m pytest -q -n 2 --long tests/faults tests/browser $(ARGS)

authzen-scenario: env  ## The certification scenario of AuthZEN, with its own policy in place of ours
	@$(BIN)/python -m pytest -q tests/web/test_authzen_scenario.py $(ARGS)

differential: env  ## Drawn cases through the rules and through a second reading of them (ARGS="--rows 300000 --seed 7")
	@nice $(BIN)/python -m tests.differential $(ARGS)

mutants: env  ## Small faults planted one by one into a package, and which of them the tests miss (PACKAGE=core/duo)
	@nice $(BIN)/python -m tests.mutants $(PACKAGE) $(ARGS)

bench: env  ## Is it as fast as it should be? Measured against bare cryptography in the same run; ends with 1 if not. Takes a quarter of an hour, and 7 GB below TMPDIR
	@$(BIN)/python -m tests.bench

docs: env  ## Write the pages and schemas that follow from the code
	@$(BIN)/python docs/generate.py

screenshots: env  ## Draw the pictures of pages for docs/reference/screens.md anew (needs Chromium; ARGS=me-ada for one)
	@$(BIN)/python -m tests.browser.screenshots $(ARGS)

plant: env  ## Remove the rule of one row in a copy of the code and see its tests turn red (ROW=C10)
	@$(BIN)/python -m tests.plants $(ROW)

plants: env  ## The same for every row; some minutes
	@$(BIN)/python -m tests.plants

install: env  ## What a service needs, without anything for development, into DEST (default /opt/broker)
	@UV_PROJECT_ENVIRONMENT=$(DEST) $(BIN)/uv sync --quiet --locked --no-dev --no-editable --python $(PYTHON)

format: env  ## Put the code into its format
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

clean:  ## Remove what was made
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis demo-state
