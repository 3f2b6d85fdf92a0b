# One command each; `make help` lists them. GPU=1 sets up XGBoost for NVIDIA GPUs and stays in force.

PYTHON ?= python3
GPU ?= $(if $(wildcard .venv/ready-gpu),1,0)
REPEATS ?= 10
READY := .venv/ready-$(if $(filter 1,$(GPU)),gpu,cpu)

.PHONY: help setup demo compare-demo study test soak lint house benchmarks reproduce gpu clean

help:
	@echo 'make setup          make .venv from requirements.lock, with the command spex (PYTHON=python3.12 for another Python, GPU=1 for a GPU)'
	@echo 'make demo           run the whole program on the embedded example, with stand-in weights'
	@echo 'make compare-demo   compare four maps of a made study of which is known what each can add (1.3 GB, some minutes)'
	@echo 'make study          run a whole study of three maps on the embedded example, up to its report'
	@echo 'make test           run the tests'
	@echo 'make soak           kill it a hundred times, start it eight times at once (half an hour)'
	@echo 'make benchmarks     measure speed and memory on this machine (half an hour)'
	@echo 'make gpu            compare a GPU with the CPU, time it, write one table: check_gpu.md (OPTIONS=--quick)'
	@echo 'make reproduce      get the real files and compare with the published figures (DATA=, GENES=, REPEATS=)'
	@echo 'make lint           check style, formatting and the types of the interfaces'
	@echo 'make house          count lines, modules and imports, and check that imports go down only'
	@echo 'make clean          remove what demo and tests made'

setup: $(READY)

demo: $(READY)
	@.venv/bin/python -m data.example.demo

compare-demo: $(READY)
	@.venv/bin/python -m data.example.compare_demo

study: $(READY)
	@.venv/bin/python -m data.example.study_demo

test: $(READY)
	.venv/bin/python -m pytest -n 2 --durations=10 --durations-min=1

soak: $(READY)
	.venv/bin/python -m pytest -m soak -s

benchmarks: $(READY)
	.venv/bin/python -m benchmarks.scan
	.venv/bin/python -m benchmarks.contacts
	.venv/bin/python -m benchmarks.contacts
	.venv/bin/python -m benchmarks.hic --pixels 10000000
	.venv/bin/python -m benchmarks.hic --pixels 10000000
	.venv/bin/python -m benchmarks.store
	.venv/bin/python -m benchmarks.resume
	.venv/bin/python -m benchmarks.projection
	.venv/bin/python -m benchmarks.precision
	.venv/bin/python -m benchmarks.metrics
	.venv/bin/python -m benchmarks.training ridge
	.venv/bin/python -m benchmarks.ridge old
	.venv/bin/python -m benchmarks.ridge folds
	.venv/bin/python -m benchmarks.power --quick
	.venv/bin/python -m benchmarks.training trees
	.venv/bin/python -m benchmarks.training reading
	.venv/bin/python -m benchmarks.keeping

reproduce: $(READY)
	.venv/bin/spex reproduce $(if $(DATA),--data '$(DATA)') $(if $(GENES),--genes $(GENES)) --repeats $(REPEATS) $(OPTIONS)

gpu: $(READY)
	.venv/bin/python -m benchmarks.gpu $(OPTIONS)

lint: $(READY)
	.venv/bin/python -m ruff check .
	.venv/bin/python -m ruff format --check .
	.venv/bin/python -m basedpyright

house: $(READY)
	.venv/bin/python -m benchmarks.house

clean:
	rm -rf data/demo build dist .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +

# The last line marks the set-up as whole, so one that was interrupted starts again. xgboost-cpu and xgboost hold the
# same files: an environment gets one or the other, never both. macOS has wheels of xgboost alone (and those bring no
# NVIDIA libraries). The project itself goes in last, as a link to this folder, for the command .venv/bin/spex.
.venv/ready-%: requirements.lock pyproject.toml
	@command -v $(PYTHON) >/dev/null || \
	  { echo 'setup: no $(PYTHON) here; install Python 3.11 or newer, or name one: make setup PYTHON=...' >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "setup: $(PYTHON) is $$($(PYTHON) -V 2>&1), expected 3.11 or newer; name one: make setup PYTHON=..." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	  { echo 'setup: $(PYTHON) has no venv or ensurepip module; install it (on Debian and Ubuntu: python3-venv)' >&2; exit 1; }
	$(PYTHON) -m venv --clear .venv
	$(if $(filter gpu,$*)$(filter Darwin,$(shell uname -s)),sed 's/^xgboost-cpu==/xgboost==/',cat) requirements.lock > .venv/requirements.txt
	.venv/bin/python -m pip install --disable-pip-version-check -r .venv/requirements.txt
	.venv/bin/python -m pip install --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@
