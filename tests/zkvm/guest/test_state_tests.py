"""The small sets of Ethereum's general state tests on the guest's blocks; the print says N of M."""

import os
import platform
import shutil
import subprocess
import sys

import pytest

from tests.conformance.state_tests import cases
from tests.conformance.vectors import unpacked
from tests.zkvm.guest.machine import Build
from tests.zkvm.guest.state_cases import judged
from tests.zkvm.guest.state_cases_on_rv32 import judged_on_rv32


@pytest.mark.parametrize("limb_bits", [64, 32])
@pytest.mark.parametrize(
    "suite",
    [
        "stExample",
        "Shanghai",
        "Cancun",
        "VMTests/vmArithmeticTest",
        "VMTests/vmBitwiseLogicOperation",
        "VMTests/vmIOandFlowOperations",
        "VMTests/vmLogTest",
        "VMTests/vmTests",
        "stCreate2",
        "stStaticFlagEnabled",
        "stSStoreTest",
        "stSystemOperationsTest",
        "stEIP2930",
    ],
)
def test_state_tests(suite: str, limb_bits: int, capsys: pytest.CaptureFixture[str]) -> None:
    folder = unpacked("ethereum-tests") / "GeneralStateTests" / suite
    found = list(cases(folder))
    assert found, f"no Cancun cases below {folder}"
    wrong = [case.name for case, is_right in judged(found, Build(limb_bits)) if not is_right]
    with capsys.disabled():
        print(f"\n  {suite}: {len(found) - len(wrong)} of {len(found)}, limbs of {limb_bits} bits; none left out")
    assert wrong == []


@pytest.mark.parametrize(
    "suite",
    [
        "stExample",
        "Shanghai",
        "Cancun",
        "VMTests/vmArithmeticTest",
        "VMTests/vmBitwiseLogicOperation",
        "VMTests/vmIOandFlowOperations",
        "VMTests/vmLogTest",
        "VMTests/vmTests",
    ],
)
def test_state_tests_on_rv32(suite: str, capsys: pytest.CaptureFixture[str]) -> None:
    found = list(cases(unpacked("ethereum-tests") / "GeneralStateTests" / suite))
    wrong = [case.name for case, is_right, _ in judged_on_rv32(found) if not is_right]
    with capsys.disabled():
        print(f"\n  {suite}: {len(found) - len(wrong)} of {len(found)} on RV32IM as on the host; none left out")
    assert found and wrong == []


@pytest.mark.skipif(platform.system() != "Linux", reason="the sanitizers' options are those of Linux compilers")
@pytest.mark.parametrize(
    ("suites", "least"),
    [(("stExample", "VMTests/vmTests"), 50), pytest.param(("Cancun",), 200, marks=pytest.mark.soak)],
)
def test_sanitizers_find_nothing(suites: tuple[str, ...], least: int) -> None:
    compiler = shutil.which("cc") or shutil.which("gcc")
    assert compiler, "a C compiler built zkvm, and is gone"
    runtime = subprocess.run([compiler, "-print-file-name=libasan.so"], capture_output=True, text=True, check=True)
    tests = unpacked("ethereum-tests") / "GeneralStateTests"
    folders = [str(tests / suite) for suite in suites]
    # Python never frees all it has; pycryptodome loads its libraries in a way that the runtime refuses.
    settings = {"ASAN_OPTIONS": "detect_leaks=0", "PYCRYPTODOME_DISABLE_DEEPBIND": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "tests.zkvm.guest.conformance", "--sanitized", *folders],
        env={**os.environ, **settings, "LD_PRELOAD": runtime.stdout.strip()},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    right, _of, count, *_ = done.stdout.split()
    assert int(right) == int(count) > least
