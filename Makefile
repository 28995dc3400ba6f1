# Needs python3 (3.11 or newer), make and git. `make help` lists the targets.
PYTHON ?= python3
VENV   ?= .venv
PY      = $(VENV)/bin/python
LOCKED  = $(PY) -m pip install --quiet --disable-pip-version-check --no-input --require-hashes --no-deps --only-binary :all:
FAILED  = { echo "Installing $< failed: see the lines above. Is the package index reachable (pip config list)? Then run the same command again."; exit 1; }
UV      = var/tools/bin/uv
WEEK_OLD = $(shell $(PYTHON) -c 'import datetime as d; print(d.datetime.now(d.timezone.utc).date() - d.timedelta(7))')
COMPILE = $(UV) pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--exclude-newer $(WEEK_OLD) --custom-compile-command 'make lock'
.DEFAULT_GOAL = help
.PHONY: help demo demo-reset manage screenshot test test-sqlite test-pg test-browser prove bench lint format messages lock clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

$(VENV)/.python:
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed, this is " + sys.version.split()[0] + ". Name another one: make PYTHON=python3.12")'
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "No virtual environment could be made: install your system's python3-venv package."; exit 1; }
	@touch $@
$(VENV)/.base: requirements/base.txt | $(VENV)/.python
	@$(LOCKED) -r $< || $(FAILED)
	@touch $@
$(VENV)/.dev: requirements/dev.txt | $(VENV)/.python
	@$(LOCKED) -r $< || $(FAILED)
	@touch $@ $(VENV)/.base
$(VENV)/.e2e: requirements/e2e.txt | $(VENV)/.python
	@$(LOCKED) -r $< || $(FAILED)
	@touch $@ $(VENV)/.base $(VENV)/.dev
$(UV): requirements/tools.txt
	@$(PYTHON) -m venv var/tools
	@var/tools/bin/python -m pip install --quiet --disable-pip-version-check --no-input --require-hashes --no-deps -r $< || $(FAILED)
	@touch $@

demo: $(VENV)/.base ## run the dashboard with sample data on http://localhost:8000 (PORT=…, DIALECT=A|B|C)
	@$(PY) tools/demo.py
demo-reset: $(VENV)/.base ## forget what was changed in the demo
	@$(PY) tools/demo.py reset
manage: $(VENV)/.base ## run a management command on the demo: make manage ARGS='verify_ledger'
	@$(PY) tools/demo.py manage $(ARGS)
screenshot: $(VENV)/.e2e ## take the picture of the README anew, from the demo
	@$(PY) tools/screenshot.py

test: $(VENV)/.e2e ## run all checks and all tests: SQLite, PostgreSQL, browser
	@$(PY) tools/run_tests.py
test-sqlite: $(VENV)/.dev ## run the tests on SQLite
	@$(PY) tools/run_tests.py sqlite
test-pg: $(VENV)/.dev ## run the tests on a throwaway PostgreSQL
	@$(PY) tools/run_tests.py postgresql
test-browser: $(VENV)/.e2e ## run the browser tests
	@$(PY) tools/run_tests.py browser
lint: $(VENV)/.dev ## format, lint, types, templates, layers, migrations
	@$(PY) tools/run_tests.py lint
prove: $(VENV)/.e2e ## try to break the promises, in full, on both databases
	@$(PY) tools/prove.py
bench: $(VENV)/.e2e ## measure against plain baselines, on both databases
	@$(PY) tools/bench.py $(ARGS)

format: $(VENV)/.dev ## format code and templates
	@$(VENV)/bin/ruff format . && $(VENV)/bin/ruff check --fix . && find templates -name '*.html' | xargs $(VENV)/bin/djade --target-version 5.2
lock: $(UV) ## renew the lock files in requirements/
	$(COMPILE) pyproject.toml -o requirements/base.txt
	$(COMPILE) pyproject.toml --group dev -o requirements/dev.txt
	$(COMPILE) pyproject.toml --group dev --group e2e -o requirements/e2e.txt
	$(COMPILE) --group pyproject.toml:tools -o requirements/tools.txt
clean: ## remove what was installed and cached; databases and the demo stay
	rm -rf $(VENV) var/static var/static.lock var/tools .mypy_cache .ruff_cache .pytest_cache .hypothesis
