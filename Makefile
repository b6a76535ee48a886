# Everything that the project can do for you. Each target does its own set-up in .venv.

PYTHON ?= python3
BIN    := .venv/bin
READY  := .venv/ready
# One more than the cores of a small machine: many tests wait for processes that they started.
WORKERS ?= 3

.DEFAULT_GOAL := help
.PHONY: help setup demo test check format bench campaign docs lock wheel clean

##@ See it work
demo: $(READY) ## Deliver the samples to a sandbox, with real processes, and show what became of each
	@$(BIN)/ecas demo

##@ Trust it
test: check ## Everything that must hold: style, types, arrows, and the whole suite
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

check: $(READY) ## The quick part of it: ruff, mypy, import-linter
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

campaign: $(READY) ## The long runs, before a release
	$(BIN)/python -m pytest -m campaign -n 0

bench: $(READY) ## Figures, each beside a baseline of the same run
	$(BIN)/python -m bench

##@ Change it
setup: $(READY) ## The environment in .venv
format: $(READY) ## Lay the code out
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .

docs: $(READY) ## Write docs/rules and the pages about controls, settings and FHIR's two tiers anew
	$(BIN)/ecas spec docs --out docs/rules
	$(BIN)/python docs/compliance.py
	$(BIN)/python -m docs.configuration
	$(BIN)/python -m tests.fhir_probes

lock: $(READY) ## Pin the newest versions that pyproject.toml allows, with hashes (needs uv)
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
	  --constraint constraints.txt --extra dev pyproject.toml --output-file requirements-dev.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
	  --constraint constraints.txt --constraint requirements-dev.txt --extra postgres pyproject.toml --output-file requirements.txt

wheel: $(READY) ## The distribution, in dist/
	$(BIN)/python -m hatchling build --target wheel

clean: ## Remove what was made
	rm -rf .venv dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

help: ## This text
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-z]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(READY): requirements-dev.txt constraints.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "ecas-bridge needs Python 3.11 or newer; name one with PYTHON=…" >&2; exit 2; }
	@echo "Setting up .venv (once) …"
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip --disable-pip-version-check install --quiet --require-hashes \
	  --requirement requirements-dev.txt --constraint constraints.txt
	@$(BIN)/python -m pip --disable-pip-version-check install --quiet --no-deps --no-build-isolation --editable .
	@touch $@
