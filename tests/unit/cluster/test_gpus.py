"""GPU discovery: never an error, whatever the driver's tool says or does not say."""

from pathlib import Path

import pytest

from cluster.gpus import Gpu, find_gpus


def tool(directory: Path, script: str) -> str:
    path = directory / "nvidia-smi"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


def test_no_driver_no_gpus() -> None:
    assert find_gpus("no-such-tool-anywhere") == ()


def test_the_table_is_read(tmp_path: Path) -> None:
    rows = "0, GPU-aa, NVIDIA H200, 143771, 12, 570.1\\n1, GPU-bb, NVIDIA H200, 143771, 0, 570.1"
    gpus = find_gpus(tool(tmp_path, f"printf '{rows}\\n'"))
    assert gpus[0] == Gpu(0, "GPU-aa", "NVIDIA H200", 143771 << 20, 12 << 20, "570.1")
    assert [gpu.index for gpu in gpus] == [0, 1]


@pytest.mark.parametrize(
    "script",
    [
        "exit 9",
        "echo 'NVIDIA-SMI has failed because it could not communicate with the driver'",
        "echo '0, GPU-aa, NVIDIA H200, [N/A], 12, 570.1'",
        "printf '\\377\\376'",
        "sleep 30",
    ],
)
def test_a_tool_that_misbehaves_means_no_gpus(tmp_path: Path, script: str) -> None:
    assert find_gpus(tool(tmp_path, script), timeout_s=0.5) == ()
