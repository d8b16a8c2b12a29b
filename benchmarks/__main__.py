"""Run every benchmark, or those named on the command line, and print one JSON document."""

import argparse
import importlib
import json
import sys

from benchmarks.measure import machine

NAMES = (
    "bridge",
    "evm",
    "evm_cycles",
    "executor",
    "prover_pool",
    "pyevm",
    "rpc",
    "startup",
    "throughput",
    "zkvm_batch",
    "zkvm_cells",
    "zkvm_emulator",
    "zkvm_kernels",
    "zkvm_onchain",
    "zkvm_prove",
    "zkvm_settle",
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*NAMES, []], help=f"of {', '.join(NAMES)}; default all")
    names = parser.parse_args().names or NAMES
    figures = []
    for name in names:
        sys.stderr.write(f"measuring {name} …\n")
        figures += [figure.to_json() for figure in importlib.import_module(f"benchmarks.{name}").figures()]
    print(json.dumps({"machine": machine(), "figures": figures}, indent=2))


if __name__ == "__main__":
    main()
