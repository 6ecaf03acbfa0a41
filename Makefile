# Two commands: `make run` and `make test`.  Everything else is for those who change the program.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
N ?= 20
T ?= 30
STEPS ?= 1000000
SEED ?= $(shell date +%s)
# One process more than there are cores, since a fifth of the time a test waits for a server; five at most.
SPREAD := -n $(shell echo $$(( $$(nproc) < 4 ? $$(nproc) + 1 : 5 ))) --dist worksteal --durations 15

.PHONY: run install test check format lint types bench bench-replay bench-contracts bench-audit bench-bomb bench-flood bench-import bench-desk bench-tokens crash-test simulate simulate-week fuzz locale lock audit sbom clean

run: $(VENV)/running
	@if [ -f config.toml ]; then $(VENV)/bin/processor run $(ARGS); else $(VENV)/bin/processor demo $(ARGS); fi

install: $(VENV)/running

# Each process of the suite reads all tests' bytecode, which the first run writes: reading it anew costs twice as much.
test: $(VENV)/testing
	@.ci/debian
	env -u PYTHONDONTWRITEBYTECODE $(PY) -m pytest $(SPREAD) $(ARGS)

check: format lint types

format: $(VENV)/testing
	$(PY) -m ruff format --check .

lint: $(VENV)/testing
	$(PY) -m ruff check .

types: $(VENV)/testing
	$(PY) -m mypy

bench: $(VENV)/testing
	@.ci/debian
	$(PY) -m tests.bench.bench $(ARGS)

bench-replay: $(VENV)/testing
	$(PY) -m tests.bench.replay $(ARGS)

bench-contracts: $(VENV)/testing
	$(PY) -m tests.bench.contracts $(ARGS)

bench-audit: $(VENV)/testing
	$(PY) -m tests.bench.audit $(ARGS)

bench-bomb: $(VENV)/testing
	$(PY) -m tests.bench.bomb $(ARGS)

bench-import: $(VENV)/testing
	$(PY) -m tests.bench.importing $(ARGS)

bench-desk: $(VENV)/testing
	@.ci/debian
	$(PY) -m tests.bench.desk $(ARGS)

bench-tokens: $(VENV)/testing
	@.ci/debian
	$(PY) -m tests.bench.tokens $(ARGS)

bench-flood: $(VENV)/testing
	@.ci/debian
	$(PY) -m tests.bench.flood $(ARGS)

crash-test: $(VENV)/testing
	@.ci/debian
	$(PY) -m tests.crash.crash_test --rounds $(N) --seed $(SEED) $(ARGS)

simulate: $(VENV)/testing
	$(PY) -m tests.simulator --steps $(STEPS) --seed $(SEED) $(ARGS)

simulate-week: $(VENV)/testing
	$(PY) -m tests.simulator week --seed $(SEED) $(ARGS)

fuzz: $(VENV)/testing
	$(PY) -m tests.fuzz --seconds $(T) --seed $(SEED) $(ARGS)

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed")'
	$(PYTHON) -m venv $(VENV)

# The lock holds hashes and no registry address; pip asks the registry that the machine is set up for.
$(VENV)/running: $(VENV)/bin/python requirements.lock pyproject.toml
	@echo "Installing the locked dependencies into $(VENV) (once) ..."
	@$(PY) -m pip install -qq --disable-pip-version-check --require-hashes -r requirements.lock
	@$(PY) -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/testing: $(VENV)/running requirements-test.lock
	@$(PY) -m pip install -qq --disable-pip-version-check --require-hashes -r requirements-test.lock
	@touch $@

$(VENV)/auditing: $(VENV)/running requirements-audit.lock
	@$(PY) -m pip install -qq --disable-pip-version-check --require-hashes -r requirements-audit.lock
	@touch $@

# Takes new words of the desk's pages into its catalog, says which lack a translation, and compiles it.
locale: $(VENV)/testing
	$(PY) -m tests.desk.catalog

lock:
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate --extra build pyproject.toml -o requirements.lock
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate --extra build --extra test -c requirements.lock pyproject.toml -o requirements-test.lock
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate --extra build --extra audit -c requirements-test.lock pyproject.toml -o requirements-audit.lock

# Asks a database of advisories about the locked packages, where one is reachable.
audit: $(VENV)/auditing
	$(PY) .ci/audit.py

# The software bill of materials: what `make run` installs, each package with its licence and its hashes.
sbom: $(VENV)/auditing
	@rm -rf build/shipped && $(PY) -m venv build/shipped
	@build/shipped/bin/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements.lock
	@$(PY) -m cyclonedx_py environment build/shipped --pyproject pyproject.toml --mc-type application --output-format JSON -o build/processor.cdx.json
	@rm -rf build/shipped; echo "build/processor.cdx.json"

clean:
	rm -rf $(VENV) var .mypy_cache .ruff_cache .pytest_cache .hypothesis
