# Everything is installed into .venv in this folder; only Python 3.11 to 3.13 is needed.
PYTHON ?= python3
BIN := .venv/bin
DEV := .venv/.troth-dev
RUN := .venv/.troth-run

.PHONY: help demo check test clients compiled lint bounds bench soak graphiql lock clean python
.DEFAULT_GOAL := help

help: ## List the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 16

python:
	@$(PYTHON) -c 'import sys; sys.exit(0 if (3, 11) <= sys.version_info[:2] <= (3, 13) else f"Troth needs Python 3.11, 3.12 or 3.13; this is {sys.version.split()[0]}. Try: make PYTHON=python3.11 $(MAKECMDGOALS)")'

$(RUN): requirements.lock requirements-build.lock pyproject.toml | python
	@echo "Setting up .venv, which takes a minute the first time."
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock -r requirements-build.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(DEV): requirements-dev.lock $(RUN) | python
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

demo: $(RUN) ## Run a server with sample data on 127.0.0.1:8000 (PORT changes it)
	@exec $(BIN)/troth demo

lint: $(DEV) ## Check style, types, import direction and container files
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --strict app bench
	$(BIN)/lint-imports
	$(BIN)/hadolint Dockerfile
	$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec compose.yaml

# The journeys that most changes touch; `make test` runs all of tests/api.
QUICK_API := $(addprefix tests/api/test_,access.py client_and_server_errors.py idempotency.py reasons.py refunds.py reversals.py schema.py till.py)

check: $(DEV) lint ## Run the quick tests, on SQLite alone: under three minutes
	TROTH_SOAK_STEPS=30 $(BIN)/pytest -n 4 --durations=25 --sqlite-only tests/domain tests/shape tests/store $(QUICK_API)

# Four at once on two cores: one of them runs the tests that wait most of their time. More are slower: they get into each
# other's way (a third of the API tests took 109 s with two processes, 118 s with four, 141 s with six).
test: | python ## Run every test, on SQLite and PostgreSQL
	@$(MAKE) --no-print-directory -j 2 .venv-clients/.made lint compiled
	$(BIN)/pytest -n 4 --durations=25

# The first collection compiles the modules of the tests, which each process would do for itself.
compiled: $(DEV)
	@$(BIN)/pytest --collect-only -qq >/dev/null || true # what fails here fails again, and says why, in the run itself

# Clients of Python that the tests run: they need an older graphql-core than the server.
.venv-clients/.made: requirements-clients.lock | python
	@rm -rf .venv-clients
	@$(PYTHON) -m venv .venv-clients
	@.venv-clients/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-clients.lock \
		&& touch $@ || { rm -rf .venv-clients; echo "The Python clients cannot be installed: their tests are skipped." >&2; }

clients: ## Make the JavaScript clients that the tests run anew (needs Node and npm)
	cd tests/clients/node && npm ci && node build.mjs && node_modules/.bin/relay-compiler relay.config.json \
		&& node_modules/.bin/graphql-codegen --config codegen.json

# The tests of what uses graphql-core, strawberry, Tortoise, uvicorn and aiosqlite beyond their documentation.
INSIDES := tests/shape $(addprefix tests/store/test_,long_reads.py orm.py postgres.py) \
	$(addprefix tests/web/test_,connection_limits.py error_responses.py health.py) \
	$(addprefix tests/api/test_,compiled_selections.py costs.py client_and_server_errors.py http_protocol.py http_connections.py limits.py refunds.py \
	scalars.py schema.py schema_export.py till.py time_budget.py worst_case_queries.py)

.venv-lowest .venv-highest: requirements-dev.lock requirements-build.lock pyproject.toml tests/dependency_bounds.py | python
	@rm -rf $@
	@$(PYTHON) -m venv $@
	@$@/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock -r requirements-build.lock
	@$@/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@$@/bin/python -m pip uninstall --quiet --yes asyncpg-stubs # types for mypy, which bind asyncpg to one version
	@$@/bin/python -m tests.dependency_bounds $(@:.venv-%=%) >$@/bounds.txt
	@$@/bin/python -m pip install --quiet --disable-pip-version-check --upgrade -r $@/bounds.txt
	@touch $@

bounds: .venv-lowest .venv-highest ## Test the lowest and highest versions of dependencies
	.venv-lowest/bin/pytest -n 2 $(INSIDES)
	.venv-highest/bin/pytest -n 2 $(INSIDES)

bench: $(DEV) ## Measure speed against a floor of the same run
	$(BIN)/python -m bench.http_bench
	$(BIN)/python -m bench.engine_bench
	$(BIN)/python -m bench.orm_bench
	$(BIN)/python -m bench.preview_bench
	$(BIN)/python -m bench.verify_bench 200000
	$(BIN)/python -m bench.overload_bench
	TROTH_LONG_READ_ENTRIES=200000 $(BIN)/pytest -q -s tests/faults/test_long_reads_beside_a_till.py

soak: $(DEV) ## Run random histories and kills for SOAK_MINUTES (10)
	$(BIN)/python -m bench.soak

graphiql: ## Build GraphiQL anew from npm (needs Node 20; its files are in the repository)
	cd graphiql && npm ci --no-audit --no-fund && npm run build

lock: ## Update the pinned dependencies (needs uv)
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --no-emit-find-links requirements.in -o requirements.lock
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --no-emit-find-links requirements-build.in -o requirements-build.lock
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --no-emit-find-links requirements-dev.in -o requirements-dev.lock
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --no-emit-find-links requirements-clients.in -o requirements-clients.lock

clean: ## Remove everything that make has set up
	rm -rf .venv .venv-clients .venv-lowest .venv-highest tests/clients/node/node_modules graphiql/node_modules .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache *.egg-info
