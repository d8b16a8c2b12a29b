"""Ethereum's Cancun state tests on the batch program's blocks: all of them, or the folders named.

``python -m tests.zkvm.guest.conformance [--zkvm | --sanitized] [FOLDER ...]`` prints how many cases are right, and
names those that are not. The host's build is judged by the tests' state roots and log hashes; ``--zkvm`` holds the one
for RV32IM, in the emulator, to it.
"""

import argparse
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from tests.conformance.state_tests import StateCase, cases
from tests.conformance.vectors import unpacked
from tests.zkvm.guest.machine import Build
from tests.zkvm.guest.state_cases import judged
from tests.zkvm.guest.state_cases_on_rv32 import judged_on_rv32


def main() -> None:
    """Judge and print; exit status 1 where a case is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--sanitized", action="store_true")
    parser.add_argument("--zkvm", action="store_true")
    given = parser.parse_args()
    folders = given.folders or [unpacked("ethereum-tests") / "GeneralStateTests"]
    found = (case for folder in folders for case in cases(folder))
    start, right, count = time.perf_counter(), 0, 0
    for case, is_right in _judged(found, given):
        right += is_right
        count += 1
        if not is_right:
            print("wrong:", case.name, flush=True)
    print(f"{right} of {count} right, none left out, in {time.perf_counter() - start:.0f} s")
    sys.exit(right != count)


def _judged(found: Iterable[StateCase], given: argparse.Namespace) -> Iterator[tuple[StateCase, bool]]:
    if not given.zkvm:
        return judged(found, Build(sanitized=given.sanitized))
    return ((case, is_right) for case, is_right, _cycles in judged_on_rv32(found))


if __name__ == "__main__":
    main()
