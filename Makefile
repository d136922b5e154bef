# make setup | demo | test | check | bench | lock | clean        (help: make help)
SHELL := /bin/sh
.DEFAULT_GOAL := help
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
STAMPS := $(VENV)/.stamps
JOBS ?= 2
DEMO_ARGS := $(if $(NOSERVE),--no-serve,)
COMPILE := uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header

export OPENBLAS_NUM_THREADS := 1

.PHONY: help setup demo test check bench lock clean

help:
	@echo "make setup   virtual environment in $(VENV) with everything pinned (PYTHON=... to choose one)"
	@echo "make demo    the demonstration; NOSERVE=1 ends after its summary"
	@echo "make test    all tests (JOBS=$(JOBS) at a time)"
	@echo "make check   ruff, mypy, import boundaries, house rules"
	@echo "make bench   the measurements, as JSON"
	@echo "make lock    compile requirements/*.in to hash-pinned *.txt (needs uv)"
	@echo "make clean   remove what tests, checks and the demonstration leave behind"

setup: $(STAMPS)/runtime $(STAMPS)/install

# A missing or half-made environment is made new; a good one is left alone.
$(STAMPS)/venv:
	@python=$$(PYTHON="$(PYTHON)" sh scripts/find_python.sh) && \
	if ! $(BIN)/python -m pip --version >/dev/null 2>&1; then \
	  echo "setup: virtual environment by $$python"; "$$python" -m venv --clear $(VENV); fi
	@mkdir -p $(STAMPS) && touch $@

# pip skips what is installed in the pinned version already, without asking any registry.
$(STAMPS)/runtime: requirements/build.txt requirements/runtime.txt | $(STAMPS)/venv
	@echo "setup: runtime packages"
	@$(PIP) install --require-hashes -r requirements/build.txt -r requirements/runtime.txt
	@touch $@

$(STAMPS)/install: pyproject.toml verifier/pyproject.toml $(STAMPS)/runtime
	@echo "setup: proofdesk and proofdesk-verify"
	@$(PIP) install --no-deps --no-build-isolation -e . -e verifier
	@touch $@

$(STAMPS)/dev: requirements/dev.txt $(STAMPS)/runtime
	@echo "setup: packages of tests and checks"
	@$(PIP) install --require-hashes -r requirements/dev.txt
	@touch $@

demo: setup
	@$(BIN)/python -m examples.demo $(DEMO_ARGS)

test: setup $(STAMPS)/dev
	$(BIN)/python -m pytest -n $(JOBS) --dist loadfile -p no:cacheprovider

check: setup $(STAMPS)/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest tests/arch -p no:cacheprovider

bench: setup
	@$(BIN)/python bench/throughput.py --json
	@$(BIN)/python bench/decision.py --json

lock:
	$(COMPILE) requirements/build.in -o requirements/build.txt
	$(COMPILE) requirements/runtime.in -o requirements/runtime.txt
	$(COMPILE) requirements/dev.in -o requirements/dev.txt

clean:
	rm -rf var/demo .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist
	find . -path ./$(VENV) -prune -o -name __pycache__ -type d -print0 | xargs -0 rm -rf
