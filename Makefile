# `make app` starts the dashboard, `make test` passes the tests; both set up .venv first where needed.
# Another Python: `make PYTHON=python3.13 test`. An existing .venv keeps its own until told otherwise.
VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= $(if $(wildcard $(BIN)/python),$(BIN)/python,python3)
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet install

# A stamp carries the checksum of what it stands for, so a changed requirement installs again, and nothing else does.
APP_READY := $(VENV)/.app-$(shell cat requirements.txt requirements/*.txt pyproject.toml | cksum | tr ' ' '-')
TEST_READY := $(VENV)/.test-$(shell cat requirements/*.txt pyproject.toml | cksum | tr ' ' '-')
DOCS_READY := $(TEST_READY:$(VENV)/.test-%=$(VENV)/.docs-%)

.PHONY: app serve test long soak lint format screenshots docs clean venv
.DEFAULT_GOAL := app

app: $(APP_READY)
	$(BIN)/streamlit run app.py

# Several dashboards behind nginx, which the distribution provides: `make serve REPLICAS=4 PORT=8501`.
REPLICAS ?= 2
PORT ?= 8501
serve: $(APP_READY)
	$(BIN)/python -m deploy.serve --replicas $(REPLICAS) --port $(PORT)

test: lint
	$(BIN)/python -m pytest -n 2 --dist worksteal

# What only a browser shows, beyond that every page opens, and whole trainings; CI runs it after `make test`.
long: $(DOCS_READY)
	$(BIN)/python -m pytest -m "long and not soak"

# What takes minutes: runs killed, files bent, links of nonsense, random solves, visitors at once.
soak: $(TEST_READY)
	$(BIN)/python -m pytest -m soak -s

lint: $(TEST_READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(TEST_READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

screenshots: $(TEST_READY)
	$(BIN)/python -m tests.browser.screenshots

# The guides, the notebook with its outputs, and the API reference, as one site. Any warning is an error.
docs: $(DOCS_READY)
	$(BIN)/python -m sphinx -q -W -c docs -d build/doctrees . build/docs
	@echo "Open build/docs/index.html"

clean:
	rm -rf $(VENV) .pytest_cache .ruff_cache .mypy_cache *.egg-info build dist

venv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "This needs Python 3.11 or newer and '$(PYTHON)' is not. Try: make PYTHON=python3.12 $(MAKECMDGOALS)"; \
	  echo "(make clean first, if an old .venv is in the way)"; exit 1; }
	@[ "$$($(BIN)/python -V 2>&1)" = "$$($(PYTHON) -V 2>&1)" ] || $(PYTHON) -m venv --clear $(VENV)

$(APP_READY): | venv
	@echo "Installing what the dashboard needs into $(VENV): a few minutes the first time."
	@$(PIP) -r requirements.txt -e .
	@rm -f $(VENV)/.app-*; touch $@

$(TEST_READY): | venv
	@echo "Installing what the tests need into $(VENV): a few minutes the first time."
	@$(PIP) -e '.[dev]'
	@rm -f $(VENV)/.test-* $(VENV)/.app-*; touch $@ $(APP_READY)

$(DOCS_READY): $(TEST_READY)
	@echo "Installing what the documentation needs into $(VENV)."
	@$(PIP) -e '.[docs]'
	@rm -f $(VENV)/.docs-*; touch $@
