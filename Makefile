# Each target does its own set-up, in .venv: it needs only make and Python 3.11 or newer.
# `make PYTHON=/path/to/python test` chooses the interpreter.

VENV := .venv
PY := $(VENV)/bin/python
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3 python3.14; do \
	$$p -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 \
	&& echo $$p && break; done)

# Tests in as many processes as there are cores, up to four: each needs about 0.8 GB.
BESIDE := -n auto --maxprocesses=4

.PHONY: help demo test test-torch test-long lint notebooks documents clean
.NOTPARALLEL:

help:
	@echo "make demo    train LeNet-5 on handwritten digits; results in runs/lenet-digits"
	@echo "make test    lint, then all tests and doctests"
	@echo "make test-torch  the tests that compare with PyTorch, which it installs"
	@echo "make test-long  all cases of the campaigns in tests/long, and docs/reliability.md: hours"
	@echo "make lint    ruff and mypy"
	@echo "make notebooks  run the notebooks from top to bottom"
	@echo "make documents  draw the pictures of the documentation anew, and write its lists"
	@echo "make clean   remove .venv and all caches; runs/ stays"

demo: $(VENV)/.demo
	$(PY) -m nn --model lenet --data digits --out runs/lenet-digits

test: lint
	$(PY) -m pytest $(BESIDE)

# test_ops.py takes its comparisons from tests/cases. The benchmark only times PyTorch.
COMPARING := $(filter-out tests/test_bench.py,$(shell grep -ls torch tests/test_*.py tests/long/test_*.py))

test-torch: $(VENV)/.crosscheck
	$(PY) -m pytest $(BESIDE) $(COMPARING)

test-long: $(VENV)/.crosscheck
	GLASSGRAD_CAMPAIGN=long $(PY) -m pytest tests/long
	$(PY) -m tests.long.report

lint: $(VENV)/.test
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy

notebooks: $(VENV)/.notebook
	$(PY) notebooks/execute.py

documents: $(VENV)/.test
	$(PY) -m tests.documents

clean:
	rm -rf $(VENV) build dist .pytest_cache .ruff_cache .mypy_cache .numba_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The environment, made only where there is no working one. The stamps .demo, .test, ... say which
# extra was installed from which pyproject.toml; they are void once the Python they were for is gone.
$(shell test -x $(PY) || rm -f $(VENV)/.demo $(VENV)/.test $(VENV)/.notebook $(VENV)/.crosscheck)

$(PY):
	@test -n "$(PYTHON)" || { echo "No Python 3.11 or newer with venv was found. Install one" \
		"(on Debian and Ubuntu python3 and python3-venv), or run make PYTHON=/path/to/python." >&2; \
		exit 1; }
	$(PYTHON) -m venv --clear $(VENV)

$(VENV)/.demo $(VENV)/.test $(VENV)/.notebook $(VENV)/.crosscheck: $(VENV)/.%: pyproject.toml | $(PY)
	@echo "Installing what pyproject.toml names for $* into $(VENV); a minute or two, once."
	@$(PY) -m pip --version >/dev/null 2>&1 || $(PY) -m ensurepip
	@$(PY) -m pip install --quiet -e ".[$*]" || { echo "pip could not install the packages named" \
		"in pyproject.toml (its reason is above). The first run needs the network or a package" \
		"index that pip is configured for; later runs do not." >&2; exit 1; }
	@touch $@ $(if $(filter test,$*),$(VENV)/.demo)  # the extra test contains demo
