# Everything runs inside .venv, so that a fresh machine needs Python 3.11+ and make only.
PYTHON ?= python3
BIN := .venv/bin
DONE := .venv/.installed

help:  ## list these words
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 10

install: $(DONE)  ## make .venv and install tag2vec with its development tools into it
$(DONE): pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --constraint constraints.txt --editable ".[cpu,dev]"
	@touch $(DONE)

demo: install  ## the main job, end to end, on clips and posts made here (working folder: demo/)
	$(BIN)/tag2vec demo -o demo

test: install  ## the test suite
	$(BIN)/python -m pytest -n auto

coverage: install  ## the test suite, and which lines and branches of tag2vec it went through
	$(BIN)/python -m pytest -n auto --cov --cov-report=term:skip-covered

lint: install  ## style, types, and that dependencies are those that are imported
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/deptry .

api: install  ## the reference of the library, as pages in build/api
	$(BIN)/python docs/api.py build/api

dist: install  ## the sdist, and the wheel that is built from it, in dist/
	rm -rf dist
	$(BIN)/python -m build --outdir dist

notebooks: install  ## run the tutorials in docs/notebooks again and store what they print
	$(BIN)/python -m tests.notebooks

bench: install  ## the measurements behind every table in docs/ (see benchmarks/README.md)
	$(BIN)/python -m benchmarks.run

.PHONY: help install demo test coverage lint api dist notebooks bench
.DEFAULT_GOAL := help
