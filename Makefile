# The front door. Needs python3 (3.11 or newer) with pip, and make; brings the rest itself.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
PIP     = $(PYTHON) -m pip --python $(1)/bin/python --disable-pip-version-check --quiet install

# Tests wait for other processes half of the time. Each process must find them in the same order.
# Those that time a real engine have the machine for themselves. The files that take longest come
# early in the alphabet, and so they begin early.
SIDE_BY_SIDE ?= 3
E2E_SIDE_BY_SIDE ?= 2

.DEFAULT_GOAL := help
.PHONY: help run test check fix bench usage forecast faults fuzz soak streams patience twenty warm docs catalogue lock clean

help:  ## say what there is
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' Makefile | expand -t 16

run: $(READY)  ## rehearse a switch-over, then serve until Ctrl-C
	@$(BIN)/python -m standby drill --then-serve

test: $(READY)  ## the tests, end-to-end ones too
	$(BIN)/python tests/prepare.py
	PYTHONHASHSEED=0 $(BIN)/pytest --numprocesses $(SIDE_BY_SIDE) --dist loadfile --ignore tests/e2e
	PYTHONHASHSEED=0 $(BIN)/pytest --numprocesses $(E2E_SIDE_BY_SIDE) --dist loadfile \
		--no-loadscope-reorder -m "not alone" tests/e2e
	$(BIN)/pytest -m alone tests/e2e

check: $(READY)  ## format, lint, types, import contracts, dependencies, security, reference
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/deptry src
	$(BIN)/bandit --recursive src --configfile pyproject.toml --quiet
	$(BIN)/pytest --quiet tests/security
	$(BIN)/python docs/generate.py --check

fix: $(READY)  ## put right what a tool can put right
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(READY)  ## what the gateway adds beside nginx and a direct line, and what translation costs
	$(BIN)/python bench/relay.py
	$(BIN)/python bench/translate.py
	$(BIN)/python bench/workload.py
	$(BIN)/python bench/policy.py
	$(BIN)/python bench/bounds.py
	$(BIN)/python bench/weekly.py
	$(BIN)/python bench/replayed.py
	$(BIN)/python bench/statusline.py

usage: $(READY)  ## how long the views on usage take over ten million requests
	$(BIN)/python bench/usage.py

forecast: $(READY)  ## how often the range of a forecast holds the true moment
	$(BIN)/python bench/forecast.py

faults: $(READY)  ## what the gateway does under every failure mode
	$(BIN)/python -m standby faults run --write docs/reliability.md

fuzz: $(READY)  ## look for bytes and orders of events that break a promise
	$(call PIP,$(VENV)) --require-hashes --no-deps --target .cache/fuzz/lib --upgrade \
		--requirement tests/fuzz/requirements.txt
	PYTHONPATH=.cache/fuzz/lib $(BIN)/python -m tests.fuzz.run
	STANDBY_FUZZ_EXAMPLES=600 $(BIN)/pytest tests/app/answering/test_any_order.py --timeout 900

soak: $(READY)  ## half an hour of 50 clients while everything fails at random
	$(BIN)/python bench/soak.py --write docs/reliability.md

streams: $(READY)  ## a thousand streams at once, 20 events a second each
	$(BIN)/python bench/streams.py --write docs/performance.md

patience: $(READY)  ## fifteen minutes of prompt with the real client, as it comes
	$(BIN)/python tests/prepare.py
	$(BIN)/python -m bench.patience

twenty: $(READY)  ## a person among twenty subagents on one slot of a real engine
	$(BIN)/python -m bench.twenty

warm: $(READY)  ## the first word after a switch, warm against cold, and what is reused
	$(BIN)/python tests/prepare.py
	$(BIN)/python -m bench.warm --write docs/performance.md

docs: $(READY)  ## write the reference anew from the code
	$(BIN)/python docs/generate.py

catalogue: $(READY)  ## bring the catalogue of models up to date with the hub
	$(BIN)/python -m standby.adapters.host.models.catalogue_refresh

lock:  ## choose versions anew, none younger than a week
	$(PYTHON) -m venv --without-pip $(VENV)-lock
	$(call PIP,$(VENV)-lock) uv
	$(VENV)-lock/bin/uv pip compile --quiet --universal --generate-hashes --no-header \
		--exclude-newer "7 days" --group dev pyproject.toml --output-file requirements.lock

clean:  ## forget what was built
	rm -rf $(VENV) $(VENV)-lock .*_cache .cache .hypothesis

$(READY): requirements.lock pyproject.toml
	$(PYTHON) -m venv --without-pip --clear $(VENV)
	$(call PIP,$(VENV)) --require-hashes --requirement requirements.lock
	$(call PIP,$(VENV)) --no-build-isolation --no-deps --editable .
	@touch $@
