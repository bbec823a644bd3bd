# The two commands of a fresh machine: `make demo` and `make test`; the others are for developers.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

VENV := .venv
STAMP := $(VENV)/.installed
TRAIN := .venv-train
INPUTS := requirements/build.txt requirements/requirements.txt scripts/install.sh setup.py setup.cfg
ARGS ?=

# Software rendering without a screen; `make demo MUJOCO_GL=glfw` opens a window's context instead.
export MUJOCO_GL ?= egl
# A colcon overlay or another Python's packages must not come in between.
unexport PYTHONPATH
unexport PYTHONHOME

.PHONY: help demo test train test-export install lock clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(STAMP) ## a policy moves the simulated robot (ARGS="--headless --episodes 1 --seed 1")
	$(VENV)/bin/robot-runtime demo $(ARGS)

test: $(STAMP) ## every test (ARGS="test/core -k name" for some)
	$(VENV)/bin/python -m pytest -q $(ARGS)

train: $(TRAIN)/.installed ## train models/pick anew; goes on after a stop (ARGS="--quick --out build/quick")
	$(TRAIN)/bin/robot-runtime train $(ARGS)

test-export: $(TRAIN)/.installed ## tests of what needs PyTorch, in an environment of its own
	$(TRAIN)/bin/python -m pytest -q test_export $(ARGS)

install: $(STAMP) ## the virtual environment, from the lock file

$(STAMP): $(INPUTS)
	bash scripts/install.sh $(VENV)
	@touch $@

$(TRAIN)/.installed: $(INPUTS) requirements/train.in
	bash scripts/install.sh $(TRAIN)
	$(TRAIN)/bin/python -m pip install -q -r requirements/train.in
	@touch $@

lock: ## pin requirements.in anew, with hashes
	bash scripts/lock.sh $(VENV)

clean: ## remove the virtual environments
	rm -rf $(VENV) $(TRAIN)
