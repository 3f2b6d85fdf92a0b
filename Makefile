# One command each; `make help` lists them. GPU=1 sets up PyTorch and XGBoost for NVIDIA GPUs and stays in force.

PYTHON ?= python3
GPU ?= $(if $(wildcard .venv/ready-gpu),1,0)
REPEATS ?= 10
READY := .venv/ready-$(if $(filter 1,$(GPU)),gpu,cpu)
DEV := .venv/ready-dev
STUDY := $(if $(wildcard $(DEV)),$(DEV),.venv/ready-study)

.PHONY: help setup demo compare-demo cells-demo study test soak lint house benchmarks reproduce docs dist gpu clean

help:
	@echo 'make setup          make .venv from requirements.lock, with the command spex (PYTHON=python3.12 for another Python, GPU=1 for a GPU)'
	@echo 'make demo           run the whole program on the embedded example, up to a verdict, an element and an allele'
	@echo 'make compare-demo   compare four maps of a synthetic study of which the truth is known (1.3 GB, some minutes)'
	@echo 'make cells-demo     compare maps of four synthetic cells with what is different about each (0.6 GB, some minutes)'
	@echo 'make study          run a whole study of three synthetic maps, up to its report and verdicts; installs Snakemake'
	@echo 'make test           run the tests; installs requirements-dev.lock, as soak, benchmarks, lint, house and docs do'
	@echo 'make soak           kill it a hundred times, start it eight times at once (half an hour)'
	@echo 'make benchmarks     measure speed and memory on this machine (half an hour)'
	@echo 'make gpu            compare a GPU with the CPU, time it, write one table: check_gpu.md (OPTIONS=--quick)'
	@echo 'make reproduce      get the real files and compare with the published figures (DATA=, GENES=, REPEATS=)'
	@echo 'make lint           check style, formatting and the types of the interfaces'
	@echo 'make docs           build the documents as a site, build/site; warnings and broken links are errors'
	@echo 'make dist           build what a release publishes, source and wheel in dist/, and print their hashes'
	@echo 'make house          count lines, modules and imports, and check that imports go down only'
	@echo 'make clean          remove what demo and tests made'

setup: $(READY)

demo: $(READY)
	@.venv/bin/python -m data.example.demo

compare-demo: $(READY)
	@.venv/bin/python -m data.example.compare_demo

cells-demo: $(READY)
	@.venv/bin/python -m data.example.cells_demo

study: $(STUDY)
	@.venv/bin/python -m data.example.study_demo

# Tests start hundreds of processes. Where the environment forbids Python to keep what it compiled, as images of
# containers do, each of them would compile the program anew.
test soak: export PYTHONDONTWRITEBYTECODE =

test: $(DEV)
	.venv/bin/python -m pytest -n 2 --durations=10 --durations-min=1

soak: $(DEV)
	.venv/bin/python -m pytest -m soak -s
	FUZZ_ALL=1 .venv/bin/python -m pytest -n 2 tests/test_fuzz.py

benchmarks: $(DEV)
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
	.venv/bin/python -m benchmarks.bootstrap --genomes 20
	.venv/bin/python -m benchmarks.predicted --genomes 2

reproduce: $(READY)
	.venv/bin/spex reproduce $(if $(DATA),--data '$(DATA)') $(if $(GENES),--genes $(GENES)) --repeats $(REPEATS) $(OPTIONS)

gpu: $(READY)
	.venv/bin/python -m benchmarks.gpu $(OPTIONS)

lint: $(DEV)
	.venv/bin/python -m ruff check .
	.venv/bin/python -m ruff format --check .
	.venv/bin/python -m basedpyright

docs: $(DEV)
	.venv/bin/python -m sphinx -W --keep-going -q -c docs -d build/doctrees -b html . build/site
	@echo 'The site begins with build/site/index.html'

dist: $(READY)
	rm -rf dist
	.venv/bin/python -c 'from setuptools import build_meta; build_meta.build_sdist("dist")' >/dev/null
	.venv/bin/python -m pip wheel --quiet --no-deps --no-build-isolation --wheel-dir dist dist/*.tar.gz
	.venv/bin/python -m pip hash dist/*

house: $(DEV)
	.venv/bin/python -m benchmarks.house

clean:
	rm -rf data/demo build dist .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +

# Set-up says one line before and one after; what pip says is in SETUP_LOG. A step that fails ends with a line that names
# it. The marker comes last, so a set-up that was interrupted starts again.
#
# On Linux the ordinary index gives PyTorch with gigabytes of CUDA. So the CPU build is installed first, from PyTorch's
# own index; where that can't be reached, or with GPU=1, the lock takes the ordinary one. macOS has no CUDA build.
# xgboost-cpu and xgboost contain the same files: an environment gets one or the other, never both. macOS has wheels of
# xgboost alone (and those bring no NVIDIA libraries). The project itself goes in last, as a link to this folder, for the
# command .venv/bin/spex.
#
# Sizes and times: measured on Linux x86-64 with Python 3.11, sizes as the sum of the wheels.
SETUP_LOG := .venv/setup.log
PIP := .venv/bin/python -m pip install --disable-pip-version-check --no-input
TORCH_CPU := https://download.pytorch.org/whl/cpu
SIZE_cpu := 320 MB to download, 1.4 GB on disk
SIZE_gpu := 3 GB to download (CUDA)
SIZE_dev := 200 MB to download
SIZE_study := 30 MB to download

packages = $$(cat $(1) | grep -c '==') packages
logged = $(1) >>$(SETUP_LOG) 2>&1 || { echo "setup: $(2) failed; the whole log is $(SETUP_LOG), its last error: $$(grep -i error $(SETUP_LOG) | tail -n 1)" >&2; exit 1; }
done_in = echo "setup: done in $$(($$(date +%s) - $$(cat .venv/started))) s, $$(du -sh .venv | cut -f 1) in .venv"

.venv/ready-cpu .venv/ready-gpu: .venv/ready-%: requirements.lock pyproject.toml
	@command -v $(PYTHON) >/dev/null || \
	  { echo 'setup: no $(PYTHON) here; install Python 3.11 or newer, or name one: make setup PYTHON=...' >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "setup: $(PYTHON) is $$($(PYTHON) -V 2>&1), expected 3.11 or newer; name one: make setup PYTHON=..." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	  { echo 'setup: $(PYTHON) has no venv or ensurepip module; install it (on Debian and Ubuntu: python3-venv)' >&2; exit 1; }
	@echo "setup: $(call packages,requirements.lock) into .venv, about $(SIZE_$*), a few minutes; log: $(SETUP_LOG)"
	@$(PYTHON) -m venv --clear .venv
	@date +%s >.venv/started
	@$(if $(filter gpu,$*)$(filter Darwin,$(shell uname -s)),sed 's/^xgboost-cpu==/xgboost==/',cat) requirements.lock >.venv/requirements.txt
	@$(if $(filter cpu-Linux,$*-$(shell uname -s)),$(PIP) --index-url $(TORCH_CPU) --no-deps --timeout 15 --retries 0 $$(grep '^torch==' requirements.lock) >>$(SETUP_LOG) 2>&1 || true)
	@$(call logged,$(PIP) -r .venv/requirements.txt,pip)
	@$(call logged,$(PIP) --no-deps --no-build-isolation -e .,the installation of SpEx itself)
	@$(done_in)
	@$(if $(filter cpu,$*),! command -v nvidia-smi >/dev/null || echo 'setup: this machine has an NVIDIA GPU; make setup GPU=1 sets it up')
	@touch $@

# The developer's environment is the other one with requirements-dev.lock on top.
$(DEV): $(READY) requirements-dev.lock
	@echo "setup: $(call packages,requirements-dev.lock) for developers, about $(SIZE_dev), a minute or two; log: $(SETUP_LOG)"
	@date +%s >.venv/started
	@$(call logged,$(PIP) -c .venv/requirements.txt -r requirements-dev.lock,pip)
	@$(done_in)
	@touch $@

# What the extra `workflow` asks for, at the developer's versions.
.venv/ready-study: $(READY) requirements-dev.lock
	@echo "setup: Snakemake and what it needs, about $(SIZE_study), a minute; log: $(SETUP_LOG)"
	@date +%s >.venv/started
	@$(call logged,$(PIP) -c .venv/requirements.txt -c requirements-dev.lock jsonschema pyyaml snakemake snakemake-executor-plugin-slurm,pip)
	@$(done_in)
	@touch $@
