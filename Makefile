# The two commands of a fresh machine: `make demo` and `make test`.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

VENV := .venv
STAMP := $(VENV)/.installed
INPUTS := requirements/build.txt requirements/requirements.txt scripts/install.sh setup.py setup.cfg
ARGS ?=

# Software rendering without a screen; `make demo MUJOCO_GL=glfw` opens a window's context instead.
export MUJOCO_GL ?= egl
# A colcon overlay or another Python's packages must not come in between.
unexport PYTHONPATH
unexport PYTHONHOME

.PHONY: help demo test train install lock clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(STAMP) ## a policy moves the simulated robot (ARGS="--headless --episodes 1 --seed 1")
	$(VENV)/bin/robot-runtime demo $(ARGS)

test: $(STAMP) ## every test (ARGS="test/core -k name" for some)
	$(VENV)/bin/python -m pytest -q $(ARGS)

train: $(STAMP) ## train models/pick anew; goes on after a stop (ARGS="--quick --out build/quick")
	$(VENV)/bin/python -m pip install -q -r requirements/train.in
	$(VENV)/bin/robot-runtime train $(ARGS)

install: $(STAMP) ## the virtual environment, from the lock file

$(STAMP): $(INPUTS)
	bash scripts/install.sh $(VENV)
	@touch $@

lock: ## pin requirements.in anew, with hashes
	bash scripts/lock.sh $(VENV)

clean: ## remove the virtual environment
	rm -rf $(VENV)
