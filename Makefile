# make help lists the targets.
PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || echo python3)
VENV := .venv
BIN := $(VENV)/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)

.DEFAULT_GOAL := help

.PHONY: help
help: ## Show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(VENV)/.installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(v not in ((3, 11), (3, 12)) and f"Python 3.11 or 3.12 is needed, {sys.executable} is {v[0]}.{v[1]}; say make PYTHON=/path/to/python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

# A tool of the tests whose requirements do not fit the lock's: an environment of its own, see the .in file beside its lock.
$(VENV)/roc-validator/.installed: tests/bundle/roc-validator.lock | $(VENV)/.installed
	$(BIN)/python -m venv $(VENV)/roc-validator
	$(VENV)/roc-validator/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r tests/bundle/roc-validator.lock
	@touch $@

.PHONY: setup
setup: $(VENV)/.installed $(VENV)/roc-validator/.installed ## Create the environments from the locks

.PHONY: repro
repro: setup ## Regenerate everything that is out of date and print the table of all runs
	dvc repro
	@ganprint summary

.PHONY: test
test: setup ## Run the tests
	python -m pytest

.PHONY: lint
lint: setup ## Lint, check format, types and the promises between packages
	ruff check --output-format concise .
	ruff format --check .
	mypy
	lint-imports

.PHONY: ui
ui: setup ## Open the MLflow UI on loopback
	ganprint ui

.PHONY: bench
bench: setup ## Measure speed and memory; writes docs/benchmarks.md
	python benchmarks/run.py

.PHONY: lock
lock: setup ## Renew the locks; pins stay as they are where they still fit
	uv pip compile pyproject.toml --extra dev --generate-hashes --universal --python-version 3.11 \
	  --no-emit-index-url --no-annotate --custom-compile-command "make lock" --output-file requirements.lock
	uv pip compile tests/bundle/roc-validator.in --generate-hashes --universal --python-version 3.11 \
	  --no-emit-index-url --no-annotate --custom-compile-command "make lock" --output-file tests/bundle/roc-validator.lock

# BASE_IMAGE: another base; BUILD_ARGS: what the engine's build needs here, see containers/README.md; ENGINE: podman, docker.
IMAGE ?= ganprint
export ENGINE

.PHONY: image
image: ## Build the container image from the last commit
	containers/build-image.sh --tag $(IMAGE) $(if $(BASE_IMAGE),--base $(BASE_IMAGE)) -- $(BUILD_ARGS)

.PHONY: image-check
image-check: image setup ## Build the container image and run everything that it promises (20 minutes)
	containers/check.sh $(CHECK_ARGS) $(IMAGE)
