"""Starting, joining and ending a Ray cluster."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cluster import RayCluster
from cluster.errors import RayTokenMissing, RayTokenRefused
from cluster.ray_token import check_token
from tests.cluster.support import descendants, listening_addresses
from tests.conftest import RAY_SETTINGS

pytestmark = pytest.mark.cluster

JOIN = """
import sys
from pathlib import Path
from cluster import RayCluster, running_actors
with RayCluster.join(sys.argv[1], Path(sys.argv[2])) as cluster:
    print(cluster.own, running_actors())
"""
START = """
import sys, time
from pathlib import Path
from cluster import RayCluster, RaySettings
with RayCluster.start(RaySettings(data_dir=Path(sys.argv[1]), num_cpus=1)) as cluster:
    print(cluster._temp_dir, flush=True)
    sys.stdin.readline()
"""


def python(script: str, *arguments: object) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", script, *map(str, arguments)]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True)


def test_every_port_of_ray_is_bound_to_loopback(ray_cluster: RayCluster) -> None:
    listening = listening_addresses(descendants(os.getpid()))
    assert len(listening) >= 5
    # 127.0.0.1, the same as an IPv4-mapped address, and ::1, in the kernel's byte order.
    assert set(listening) <= {"0100007F", "0000000000000000FFFF00000100007F", "00000000000000000000000001000000"}


def test_the_token_file_is_private(ray_cluster: RayCluster) -> None:
    assert RAY_SETTINGS.token_path.stat().st_mode & 0o777 == 0o600
    check_token(ray_cluster.address, RAY_SETTINGS.token_path.read_text())


def test_another_process_joins_with_the_token(ray_cluster: RayCluster) -> None:
    process = python(JOIN, ray_cluster.address, RAY_SETTINGS.token_path)
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert output.startswith("False [")


def test_joining_without_the_right_token_is_refused_at_once(ray_cluster: RayCluster, tmp_path: Path) -> None:
    wrong = tmp_path / "token"
    wrong.write_text("0" * 64)
    with pytest.raises(RayTokenRefused, match=ray_cluster.address):
        RayCluster.join(ray_cluster.address, wrong)
    with pytest.raises(RayTokenMissing, match="nowhere"):
        RayCluster.join(ray_cluster.address, tmp_path / "nowhere")


@pytest.mark.slow
def test_what_a_killed_cluster_left_behind_is_removed_by_the_next_start(tmp_path: Path) -> None:
    with python(START, tmp_path) as first:
        left = directory_of(first)
        assert left.is_dir()
        assert left.stat().st_mode & 0o777 == 0o700
        first.kill()
    with python(START, tmp_path) as second:
        used = directory_of(second)
        assert used.is_dir()
        assert not left.exists()
        second.communicate("\n", timeout=60)
    assert second.returncode == 0
    assert not used.exists()


def directory_of(process: "subprocess.Popen[str]") -> Path:
    assert process.stdout is not None
    return Path(process.stdout.readline().strip())
