# `make train` and `make test` need only Python (3.11 or newer) with venv and pip.
PYTHON ?= python3
CONFIG ?= configs/mnist.yaml
VENV := .venv
BENCH := .venv-bench

.PHONY: help train test test-slow fuzz soak lint docs gallery parity bench notebooks clean

help: ## Show these targets.
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | sort

train: $(VENV)/installed ## Train CONFIG (configs/mnist.yaml) in its own environment.
	$(VENV)/bin/nnfs train $(CONFIG)

test: $(VENV)/installed-dev ## Run the test suite.
	$(VENV)/bin/python -m pytest --numprocesses auto --dist loadgroup

test-slow: $(VENV)/installed-dev ## Run the tests that train on real data for minutes.
	$(VENV)/bin/python -m pytest -m slow

fuzz: $(VENV)/installed-dev ## Try tens of thousands of damaged configs and files.
	NNFS_WHOLE=1 $(VENV)/bin/python -m pytest -m '' tests/test_fuzz_*.py

soak: $(VENV)/installed-dev ## Kill, fault and overload trainings for an hour or more.
	NNFS_WHOLE=1 $(VENV)/bin/python -m pytest -m '' tests/test_killed.py tests/test_disk.py tests/test_soak.py tests/test_soak_numbers.py

lint: $(VENV)/installed-dev ## Check style, types and the import contract.
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

docs: $(VENV)/installed-dev ## Build the documentation into site/; open site/index.html.
	NO_MKDOCS_2_WARNING=1 $(VENV)/bin/python -m mkdocs build --strict --quiet

gallery: $(VENV)/installed-dev ## Make every picture of the documentation again.
	$(VENV)/bin/python docs/making/gallery.py

parity: $(BENCH)/installed ## Compare the numbers with PyTorch's, and with the recorded ones.
	$(BENCH)/bin/python -m tests.reference.record --compare

bench: $(BENCH)/installed ## Measure speed against the peers; writes this processor's section of benchmarks/RESULTS.md.
	$(BENCH)/bin/python benchmarks/run.py
	$(BENCH)/bin/python benchmarks/csv_read.py
	$(BENCH)/bin/python benchmarks/tables.py

notebooks: $(VENV)/installed-dev ## Run the notebooks' sources, and write them with their outputs.
	cd notebooks && ../$(VENV)/bin/jupytext --to ipynb --execute *.py

clean: ## Remove the environments and caches.
	rm -rf $(VENV) $(BENCH) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache site

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed: $(VENV)/bin/python pyproject.toml
	$(VENV)/bin/python -m pip install --quiet --editable .
	touch $@

$(VENV)/installed-dev: $(VENV)/bin/python pyproject.toml
	$(VENV)/bin/python -m pip install --quiet --editable '.[dev]'
	touch $@ $(VENV)/installed

$(BENCH)/installed: pyproject.toml
	$(PYTHON) -m venv $(BENCH)
	$(BENCH)/bin/python -m pip install --quiet --editable '.[bench]'
	touch $@
