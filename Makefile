# 'make help' lists the targets. Each makes its own .venv first, so nothing else needs typing.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: help demo test test-long check format bench clean
.DEFAULT_GOAL := help

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: .venv/ready ## a whole small study on bundled digits, in minutes, ending with its report
	$(BIN)/python -m study.run demo

test: .venv/ready ## the tests that take seconds each (some five minutes on two cores)
	$(BIN)/python -m pytest -n 2 --dist loadfile

# three at a time: of two, both wait for processes a quarter of the time
test-long: .venv/ready ## the long tests: browser, kills, real images (some fifteen minutes)
	$(BIN)/python -m pytest -m long -n 3 --dist loadfile --durations 10

check: .venv/ready ## style, formatting and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: .venv/ready ## put the source into form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: .venv/ready ## speed against the classic loop, and the overhead of a sweep
	$(BIN)/python -m benchmarks.epoch
	$(BIN)/python -m benchmarks.sweep

clean: ## remove .venv and caches; studies under runs/ stay
	rm -rf .venv build *.egg-info .pytest_cache .mypy_cache .ruff_cache

.venv/ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[test]'
	@touch $@
