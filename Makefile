# Every target's sentence stands above it; bare `make` prints them.
# The logic is in Python: `python -m lab` works without make.

PYTHON ?= python3
VENV   := .venv
PROXY  := .venv-mitmproxy
BIN    := $(VENV)/bin
RUN    := $(BIN)/python
# What JupyterLab writes into a notebook's metadata and differs from machine to machine.
VARYING := metadata.language_info.version metadata.language_info.codemirror_mode \
	metadata.language_info.file_extension metadata.language_info.mimetype metadata.language_info.nbconvert_exporter \
	metadata.language_info.pygments_lexer

# In a room without a network: packages that `make offline` put into wheels/ are taken from there, and nobody else is asked.
WHEELS ?= $(wildcard wheels)
ifneq ($(WHEELS),)
export PIP_NO_INDEX := 1
export PIP_FIND_LINKS := $(WHEELS)
endif

# What the tests and the book start, kernels and programs, would compile the lab anew each time.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo test test-every test-core coverage lab notebooks doctor offline certs sid field report browser bench lint size clean

help:
	@awk '/^## /{said=substr($$0,4); next} /^[a-z-]+:/ && said{split($$1,t,":"); printf "  make %-10s %s\n", t[1], said; said=""}' $(MAKEFILE_LIST)

$(VENV)/core: requirements/core.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("this lab needs Python 3.11 or later; try make PYTHON=python3.12" if sys.version_info < (3, 11) else 0)'
	@echo "Installing the lab's packages into $(VENV), once; a minute where none of them is kept on this machine."
	$(PYTHON) -m venv $(VENV)
	$(RUN) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/core.txt $(if $(WHEELS),|| { cat $(WHEELS)/README.txt; exit 1; })
	$(RUN) -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/test: $(VENV)/core requirements/test.txt
	@echo "Installing the tools of the tests, once."
	$(RUN) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/test.txt
	@touch $@

$(VENV)/jupyter: $(VENV)/core requirements/jupyter.txt
	@echo "Installing Jupyter, once; about 110 MB, a minute where none of it is kept on this machine."
	$(RUN) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/jupyter.txt
	@touch $@

$(VENV)/lint: $(VENV)/test requirements/lint.txt
	@echo "Installing the tools that check style and types, once."
	$(RUN) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/lint.txt
	@touch $@

# mitmproxy wants older libraries than the lab, so it lives alone. Without it `make field` says what is missing.
$(PROXY)/ready: requirements/mitmproxy.txt
	@echo "Installing mitmproxy into $(PROXY), once."
	@($(PYTHON) -m venv $(PROXY) && $(PROXY)/bin/python -m pip install --quiet --disable-pip-version-check \
		--require-hashes -r requirements/mitmproxy.txt) || echo "mitmproxy could not be installed; the field goes on without it"
	@mkdir -p $(PROXY) && touch $@

# What drives a browser over the atlas: playwright-core and axe-core, from npm.
tests/browser/node_modules: tests/browser/package-lock.json
	npm ci --silent --no-audit --no-fund --prefix tests/browser
	@touch $@

## Run every client against every attack and rotation, and print the matrix. Start here.
demo: $(VENV)/core
	@$(RUN) -m lab demo

## Run all tests, the notebooks included.
test: $(VENV)/test $(VENV)/jupyter
	@$(RUN) -m pytest

## Run whole what `make test` takes samples of: every client in every scene, and the long lists of cases.
test-every: $(VENV)/test $(VENV)/jupyter
	@$(RUN) -m pytest --every -m "sampled and not browser and not field"

## Run the tests of the core alone, within half a minute; needs no Jupyter.
test-core: $(VENV)/test
	@$(RUN) -m pytest --core

## Say how much of the library the tests of the core run through.
coverage: $(VENV)/test
	@$(RUN) -m pytest --core --cov=lab --cov-report=
	@echo "percent of the library that the tests of the core run through: $$($(RUN) -m coverage report --format=total)"

## Copy the notebooks to work/, never over yours, and open JupyterLab there, at the first one.
lab: $(VENV)/jupyter
	@$(RUN) -m lab work --open

## Run every notebook and write the book, HTML pages that need no network, to build/notebooks.
notebooks: $(VENV)/jupyter
	@$(RUN) -m lab notebooks

## Say whether this machine can run the lab: Python, packages, loopback, disk, clock, proxies, programs.
doctor:
	@$(firstword $(wildcard $(RUN)) $(PYTHON)) -m lab doctor

## Write one archive for a room without a network: the lab, and its packages for machines like this one.
offline: $(VENV)/core
	@$(RUN) -m lab offline

## Write throwaway chains, stores, keys and pins to certs/, to look at with openssl.
certs: $(VENV)/core
	@$(RUN) -m lab certs

## Fetch a real log (Sunlight) and a newer Pebble from Debian's unstable suite into build/sid; nothing is installed.
sid:
	@.ci/sid

## Run the real programs that are here (curl, wget, OpenSSL, OkHttp, ...): their tests, then all scenes against their profiles.
field: $(VENV)/test $(VENV)/jupyter $(PROXY)/ready
	@$(RUN) -m pytest -m field --every
	@$(RUN) -m lab field --out build/field.json

## Write the atlas, one HTML page with every trial, to build/atlas.html.
report: $(VENV)/jupyter
	@$(RUN) -m lab report

## Test the atlas, and what else needs a browser, in headless Chromium; needs chromium, node and npm.
browser: $(VENV)/test $(VENV)/jupyter tests/browser/node_modules
	@$(RUN) -m pytest -m browser --every

## Measure what a trial costs, as ratios against bare handshakes and other tools.
bench: $(VENV)/core
	@$(RUN) -m lab bench

## Check style, types, and that no notebook carries outputs.
lint: $(VENV)/lint
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/nbstripout --verify --keep-id --extra-keys "$(VARYING)" notebooks/*.ipynb

## Count the library's code lines, room by room: no blanks, comments or docstrings.
size: $(VENV)/core
	@$(RUN) tests/size.py

## Remove the environment, the certificates and what the tools left behind.
clean:
	rm -rf $(VENV) $(PROXY) tests/browser/node_modules build .coverage .pytest_cache .hypothesis .mypy_cache .ruff_cache *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
	if [ -e certs/.lab-folder ]; then find certs -mindepth 1 ! -path certs/README.md -delete; fi
