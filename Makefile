# The two commands of a fresh machine: `make demo` and `make test`; the others are for developers.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

VENV := .venv
STAMP := $(VENV)/.installed
TRAIN := .venv-train
PROOF := .venv-proof
INPUTS := requirements/build.txt requirements/requirements.txt scripts/install.sh setup.py setup.cfg
ARGS ?=
PROVED := $(wildcard test/core/test_guard*.py test/core/test_brake*.py) \
	$(addprefix test/core/test_,mode.py landing.py nearest.py shaper.py)

# Software rendering without a screen; `make demo MUJOCO_GL=glfw` opens a window's context instead.
export MUJOCO_GL ?= egl
# A colcon overlay or another Python's packages must not come in between.
unexport PYTHONPATH
unexport PYTHONHOME

.PHONY: help demo test train test-export branches mutants install lock clean

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

# Plain Python: no tracer and no mutant gets into what numba has compiled.
branches mutants: export NUMBA_DISABLE_JIT := 1
branches mutants: export PYTEST_DISABLE_PLUGIN_AUTOLOAD := 1

branches: $(PROOF)/.installed ## branches of guard, brake, shaper and modes that no test takes
	$(PROOF)/bin/python -m coverage run -m pytest -q $(PROVED)
	$(PROOF)/bin/python -m coverage report

mutants: $(PROOF)/.installed ## mutants of these files that no test notices (ARGS="brake --anew")
	$(PROOF)/bin/python -m benchmarks.mutants $(ARGS)

install: $(STAMP) ## the virtual environment, from the lock file

$(STAMP): $(INPUTS)
	bash scripts/install.sh $(VENV)
	@touch $@

$(TRAIN)/.installed: $(INPUTS) requirements/train.in
	bash scripts/install.sh $(TRAIN)
	$(TRAIN)/bin/python -m pip install -q -r requirements/train.in
	@touch $@

$(PROOF)/.installed: $(INPUTS) requirements/proof.in
	bash scripts/install.sh $(PROOF)
	$(PROOF)/bin/python -m pip install -q -r requirements/proof.in
	@touch $@

lock: ## pin requirements.in anew, with hashes
	bash scripts/lock.sh $(VENV)

clean: ## remove the virtual environments
	rm -rf $(VENV) $(TRAIN) $(PROOF)
