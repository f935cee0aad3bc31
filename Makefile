# Two commands: `make demo` shows one photo to three viewers, `make test` runs the checks. Both set everything up first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PHOTO ?=
SHARED ?= ../shared

# Models and donor faces beside the checkout are used where they lie; see README.md for other places. SHARED= looks for none.
ifneq ($(SHARED),)
ifneq ($(wildcard $(SHARED)/models),)
export MFMC_MODEL_MIRROR ?= $(abspath $(SHARED)/models)
endif
ifneq ($(wildcard $(SHARED)/images/donors),)
export MFMC_DONORS ?= $(abspath $(SHARED)/images/donors)
endif
endif

.PHONY: help setup demo test lint bench clean
help:
	@echo "make demo [PHOTO=mine.jpg]  seal a photo and show it to three viewers at http://127.0.0.1:8080/-/demo"
	@echo "make test                   all checks: ruff, mypy, pytest"
	@echo "make setup                  the environment that everything here uses (.venv)"
	@echo "make bench                  every benchmark, with its bars"
	@echo "make clean                  remove the environment and the demo's files"

setup: $(VENV)/.ready

# insightface pulls in onnxruntime, which writes over onnxruntime-gpu; the last line puts the GPU build back on top.
$(VENV)/.ready: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; make PYTHON=python3.12 …" >&2; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[precompute,dev]'
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --force-reinstall --no-deps onnxruntime-gpu
	touch $@

demo: setup
	$(BIN)/python -m examples.demo $(if $(PHOTO),--photo '$(PHOTO)') $(DEMO)

lint: setup
	$(BIN)/python -m ruff check .
	$(BIN)/python -m mypy

test: lint
	$(BIN)/python -m pytest

bench: setup
	$(BIN)/python -m benchmarks.reveal --check
	$(BIN)/python -m benchmarks.seal --check
	$(BIN)/python -m benchmarks.models --check
	$(BIN)/python -m benchmarks.anonymity --check
	$(BIN)/python -m benchmarks.people --check
	$(BIN)/python -m benchmarks.serve --check
	$(BIN)/python -m benchmarks.catalog --check
	$(BIN)/python -m benchmarks.revocation --check

clean:
	rm -rf $(VENV) demo
