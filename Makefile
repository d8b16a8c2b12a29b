# zkhub: `make demo` and `make test` do all their own set-up on a fresh machine.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.stamp
PACKAGES := zkhub contracts zkvm chain_template shared_bridge cluster ecosystem

.DEFAULT_GOAL := help
.PHONY: help setup native demo test lint types unit contracts npm conformance soak test-gpu bench-gpu fuzz bench lock clean

help: ## List the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  %-12s %s\n", $$1, $$2}'

setup: native ## Make the environment in .venv: install what requirements.lock pins, build, compile bytecode

$(STAMP): requirements.lock pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "zkhub needs Python 3.11 or newer: $(PYTHON) is not on the PATH"; exit 1; }
	@command -v $${CC:-cc} >/dev/null || { echo "zkhub needs a C compiler: install gcc or clang (or set CC)"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "zkhub needs Python 3.11 or newer; try: make PYTHON=python3.11 $(MAKECMDGOALS)"; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check "$$(grep -oE '^uv==[^ \\]+' requirements.lock)"
	$(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes --compile-bytecode requirements.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@$(BIN)/python -c 'import os, sys, sysconfig; sys.exit(not os.path.exists(os.path.join(sysconfig.get_path("include"), "Python.h")))' || { echo "zkhub needs the headers of Python: install python3-dev (Debian) or its like"; exit 1; }
	$(BIN)/python -m compileall -q $(PACKAGES) -x node_modules
	@touch $@

native: $(STAMP) ## Compile the C parts into zkvm/ (again, where a source changed)
	@# One at a time: two would write the same log of ninja's.
	@# A process that has the old module open keeps it: files are exchanged, never written over.
	@mkdir -p build; set -e; exec 9>build/native.lock; ! command -v flock >/dev/null || flock 9; \
	test -f build/native/build.ninja || $(BIN)/cmake -S . -B build/native -G Ninja -DCMAKE_MAKE_PROGRAM=$(CURDIR)/$(BIN)/ninja -DPython_EXECUTABLE=$(CURDIR)/$(BIN)/python --log-level=WARNING >/dev/null; \
	$(BIN)/cmake --build build/native -- --quiet; \
	$(BIN)/cmake --install build/native --prefix $(CURDIR)/build/native/installed >/dev/null; \
	for new in build/native/installed/zkvm/*.abi3.so; do at=zkvm/$${new##*/}; \
	  cmp -s $$new $$at || { cp $$new $$at.new && mv $$at.new $$at; }; done

demo: setup ## Start a hub, launch a chain into it while it works, watch batches settle
	$(BIN)/python examples/demo.py

npm: setup ## Install the npm tools the tests use (solc, forge, anvil, cast, clients)
	$(MAKE) -C contracts node_modules/.stamp

lint: setup ## ruff and the layer rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-cache

types: setup ## mypy, strict
	$(BIN)/mypy

unit: setup ## The tests that need neither Ray nor npm
	$(BIN)/pytest tests -n 2 -m "not cluster and not npm and not slow and not soak and not gpu"

contracts: setup npm ## Foundry tests, and whether the committed artifacts were made of the sources (make soak compiles them)
	$(MAKE) -C contracts digest test

# What runs on Ray waits most of its time, and solc and mypy use one core: the rest runs beside them. What they said is
# shown when all have ended, and last of all which tests failed.
test: SHELL := bash
test: setup npm ## Everything CI runs
	@mkdir -p build
	@$(MAKE) lint types contracts >build/checks.log 2>&1 & checks=$$!; \
	  $(BIN)/pytest tests -m "cluster and not soak and not gpu" >build/tests-on-ray.log 2>&1 & on_ray=$$!; \
	  $(BIN)/pytest tests -n 2 -m "not cluster and not soak and not gpu" | tee build/tests.log; rest=$${PIPESTATUS[0]}; \
	  wait $$checks; checks=$$?; cat build/checks.log; \
	  wait $$on_ray; ray=$$?; cat build/tests-on-ray.log; \
	  grep -hE '^(FAILED|ERROR) ' build/tests.log build/tests-on-ray.log; \
	  echo "lint, types, contracts: $$checks, tests: $$rest, tests on Ray: $$ray (0 is good)"; \
	  exit $$((rest + checks + ray))

conformance: setup ## All of Ethereum's Cancun state tests on the native EVM: N of N, with those named that are not
	$(BIN)/python -m tests.zkvm.guest.conformance

soak: setup npm ## What takes longer than the gate may: hundreds of random moves, new examples, the largest proofs
	ZKHUB_RANDOM_MOVES=300 $(BIN)/pytest tests/e2e/bridge/test_random_moves.py --timeout 5400
	ZKHUB_RANDOM_BLOCKS=3000 $(BIN)/pytest tests/zkvm/guest/test_blocks.py --timeout 3600
	ZKHUB_RANDOM_EXAMPLES=1 $(MAKE) unit
	ZKHUB_RANDOM_EXAMPLES=1 $(BIN)/pytest tests -m soak --timeout 3600
	$(MAKE) -C contracts check

test-gpu: setup ## The tests that need an NVIDIA device (they skip without one; needs the extra `cuda`)
	$(BIN)/pytest tests/zkvm -m gpu

bench-gpu: setup ## Figures of proving on an NVIDIA device, as JSON (needs the extra `cuda`)
	$(BIN)/python -m benchmarks.zkvm_gpu

fuzz: setup ## Ten minutes of libFuzzer on the batch program (needs clang; what stops it is left in build/fuzz)
	$(BIN)/python -m tests.zkvm.guest.batch.fuzz

bench: setup npm ## Figures as JSON: ours, peer, ratio
	$(BIN)/python -m benchmarks

lock: ## Renew requirements.lock from pyproject.toml
	$(BIN)/uv pip compile --quiet --python-version 3.11 --universal --extra dev --generate-hashes --no-header --no-emit-index-url --no-annotate --output-file requirements.lock pyproject.toml requirements.in

clean: ## Remove what was made here
	rm -rf $(VENV) build dist zkvm/*.abi3.so .mypy_cache .ruff_cache .hypothesis contracts/out contracts/cache contracts/node_modules
