# Everything a person types. `make` alone explains itself.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
SEEDS  ?= 10000
ROUNDS ?= 5
EVENTS ?= 20000
REFERRALS ?= 1000000
# What needs no engines runs side by side; what needs them has the machine for itself, because it waits for real time.
UNITS  := $(BIN)/python -m pytest -m "not engines" -n 2 --dist loadfile

.DEFAULT_GOAL := help
.PHONY: help run test unit simulate year mutants chaos races growth flood mails alerts ledger bench check lint types contracts contracts-check asyncapi-check tools rendered containers down lock clean journeys board screenshots

help: ## this list
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' Makefile

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { echo "this Python has no venv module: on Debian, apt-get install python3-venv"; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(READY)

run: $(READY) ## set up, start everything, feed a network of partners, print where to look
	$(BIN)/throughline demo

test: $(READY) ## set up and run all tests, the simulation and the mutation proof
	$(UNITS)
	$(BIN)/python -m pytest -m engines
	$(BIN)/python -m tests.simulation --seeds $(SEEDS)
	$(BIN)/python -m tests.mutants

unit: $(READY) ## only what needs no engines
	$(UNITS)

simulate: $(READY) ## SEEDS=n: the protocol under every fault, deterministic
	$(BIN)/python -m tests.simulation --seeds $(SEEDS)

year: $(READY) ## 20 partners and 5,000 clients for a year, in compressed time: nobody without an owner, no clock missed
	$(BIN)/python -m tests.year

mutants: $(READY) ## every named mistake must be noticed by a test
	$(BIN)/python -m tests.mutants

chaos: $(READY) ## ROUNDS=n: real processes killed, starved and cut off under load, and the drills; writes docs/reliability.md
	$(BIN)/python -m tests.chaos --rounds $(ROUNDS)

races: $(READY) ## 8 processes race for 10 teams and 10 beds on the real database, some killed inside a transaction; writes docs/reliability.md
	$(BIN)/python -m tests.races

growth: $(READY) ## what an event costs beside 1,000 and beside 100,000 open referrals; writes docs/benchmarks.md
	$(BIN)/python -m tests.growth

flood: $(READY) ## 200 people in crisis behind 50,000 routine events, every service running; writes docs/reliability.md
	$(BIN)/python -m tests.flood

mails: $(READY) ## how a mail client shows three messages; writes docs/images/mail-*.png (needs chromium)
	$(BIN)/python -m tests.notification.pictures

alerts: $(READY) ## from a fact to the mail server, at 200 alerts a second; writes docs/notification.md
	$(BIN)/python -m tests.notification.speed

ledger: $(READY) ## EVENTS=n: everybody told once, whatever is killed and whatever mail servers do; writes docs/notification.md
	$(BIN)/python -m tests.notification.campaign --events $(EVENTS)

journeys: $(READY) ## the console in real Chromium: fourteen journeys through the running product, then every page; writes docs/images/journey-*.png (needs chromium)
	PICTURES=1 $(BIN)/python -m pytest tests/journeys
	EVERY_PAGE=1 $(BIN)/python -m pytest tests/worklist/test_browser.py

board: $(READY) ## REFERRALS=n: every page of the console over a read model of that size, viewers, rebuild; writes docs/benchmarks.md
	$(BIN)/python -m tests.board --referrals $(REFERRALS) --keep

screenshots: $(READY) ## pictures of a running demo's console, into docs/images (needs chromium, and `make run` beside it)
	$(BIN)/python -m tests.worklist.screenshots

walks: $(READY) ## lives of invented people through the running product, as stories; writes docs/walks.md
	$(BIN)/python -m tests.walks

bench: $(READY) ## measure; writes docs/benchmarks.md and docs/benchmarks.json
	$(BIN)/python -m tests.bench

lint: $(READY) ## ruff
	$(BIN)/ruff check . && $(BIN)/ruff format --check .

types: $(READY) ## mypy, strict
	$(BIN)/mypy

contracts: $(READY) ## write schemas, AsyncAPI, docs/events.md, examples' index and the README's map
	$(BIN)/python -m contracts.generate

contracts-check: $(READY) ## fail if any of them is stale
	$(BIN)/python -m contracts.generate --check

tools: $(READY) ## fetch what checks images, charts and alert rules (Helm, promtool, …), once per user; needs Go
	$(BIN)/python -m deploy.tools

rendered: $(READY) ## write Strimzi's resources, the chart's golden renders, the dashboards (needs `make tools`)
	$(BIN)/python -m deploy.strimzi && $(BIN)/python -m deploy.chart && $(BIN)/python -m deploy.dashboards

containers: $(READY) ## run the compose file for real, in an engine of its own; says SKIPPED where none can start
	-$(BIN)/python -m deploy.tools docker-compose
	$(BIN)/python -m tests.containers

asyncapi-check: $(READY) ## the official parser on contracts/asyncapi.json (needs node)
	node tests/contracts/asyncapi_check.mjs contracts/asyncapi.json

check: lint types contracts-check test ## what must be green before anything lands

down: $(READY) ## stop what `make run` left running
	$(BIN)/throughline down

COMPILE := uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate
lock: ## renew the locks from pyproject.toml (needs uv): of everything, the image's part of it, and the demo's addition to that
	$(COMPILE) --extra dev --extra local pyproject.toml -o requirements.lock
	$(COMPILE) -c requirements.lock pyproject.toml -o requirements-services.lock
	said=$$(head -2 requirements-demo.lock; echo bhsim | $(COMPILE) -q --no-deps -c requirements.lock -) && echo "$$said" > requirements-demo.lock

clean: ## forget the virtual environment
	rm -rf $(VENV)
