# make demo [ARGS="--headless --for 75 --report r.json"]   the main job, live
# make test                                               everything a change must pass

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# apart, since each has a conftest of its own
TEST_ROOMS := tests/auditor tests/broker tests/collector/test_*.py tests/collector/web tests/common tests/end_to_end \
  tests/faults tests/firmware tests/kills tests/hardware tests/interop tests/simulator tests/technician tests/vectors
# whole installations, which need the machine for themselves
WHOLE := tests/end_to_end tests/faults
# thousands of small databases, each commit synced: in memory, where 4 GB of it are free
ROOM := $(shell [ "$$(df -k --output=avail /dev/shm 2>/dev/null | tail -n 1)" -gt 4000000 ] 2>/dev/null && echo TMPDIR=/dev/shm)
PYTEST := $(ROOM) $(BIN)/python -m pytest
# the tests start hundreds of Pythons: none compiles what another has compiled
unexport PYTHONDONTWRITEBYTECODE
STUBS := .cache/esp32-stubs
WASM := .cache/wasm
PIP := PIP_DISABLE_PIP_VERSION_CHECK=1 $(BIN)/pip install --quiet -c constraints.txt

MICROPYTHON_WASM := @micropython/micropython-webassembly-pyscript@1.28.0-6

.PHONY: demo test check unit parts clean

demo: $(VENV)/.demo
	$(BIN)/esep demo $(ARGS)

test: parts check unit

# lint, types, the house's contracts, sizes of the firmware: no test is run
check: $(VENV)/.test $(STUBS)/.installed
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy collector esep simulator technician auditor benchmarks
	@for room in $(TEST_ROOMS); do $(BIN)/mypy $$room || exit 1; done
	$(BIN)/mypy --config-file firmware/mypy.ini firmware
	$(BIN)/lint-imports
	@rm -rf .cache/firmware.romfs && $(BIN)/esep device bundle .cache/firmware.romfs
	$(BIN)/python tests/vectors/make.py --check

unit: $(VENV)/.test $(WASM)/.installed
ifdef ARGS
	$(PYTEST) $(ARGS)
else
	$(PYTEST) --numprocesses 2 --dist worksteal $(addprefix --ignore ,$(WHOLE))
	$(PYTEST) $(WHOLE)
endif

# what the tests use and pip cannot bring: installed when we may, named when we may not
parts:
	@sh tests/parts.sh

$(VENV)/bin/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Esep needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) -V). Try: make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || \
	  { echo "no virtual environment could be made; on Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }

$(VENV)/.demo: pyproject.toml constraints.txt | $(VENV)/bin/pip
	@echo "setting up $(VENV), once"
	@$(PIP) --upgrade pip setuptools
	@$(PIP) --no-build-isolation --editable .
	@touch $@

$(VENV)/.test: $(VENV)/.demo
	@$(PIP) --group dev
	@touch $@

$(STUBS)/.installed: constraints.txt | $(VENV)/.test
	@$(PIP) --no-deps --upgrade --target $(STUBS) micropython-esp32-stubs micropython-stdlib-stubs
	@touch $@

# MicroPython with words of 32 bits, for what the firmware takes of an ESP32's heap; without npm
# the test that measures it says so
$(WASM)/.installed: Makefile
	@mkdir -p $(WASM)
	@! command -v npm >/dev/null || npm install --silent --no-save --prefix $(WASM) $(MICROPYTHON_WASM)
	@touch $@

clean:
	rm -rf $(VENV) .cache .mypy_cache .ruff_cache .pytest_cache
