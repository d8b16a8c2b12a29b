"""What the cluster's tests share."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from chain_template.settlement.proofs import ProofJob

T = TypeVar("T")


def wait_for(condition: Callable[[], T], timeout_s: float = 60.0) -> T:
    """The first true value of ``condition``, or the failure of the test."""
    deadline = time.monotonic() + timeout_s
    while True:
        if value := condition():
            return value
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


def kill_hard(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


def job(chain_id: int, batch: int, directory: Path) -> ProofJob:
    """A job for :class:`tests.cluster.backends.SteeredBackend`; its directory is made here."""
    directory.mkdir(exist_ok=True)
    return ProofJob(chain_id, f"chain{chain_id}", batch, bytes(32), str(directory).encode(), b"\x01" * 32)


def descendants(pid: int) -> set[int]:
    """Every process below ``pid``."""
    parents = {}
    for directory in Path("/proc").iterdir():
        if directory.name.isdigit():
            try:
                stat = (directory / "stat").read_text()
            except OSError:
                continue
            parents[int(directory.name)] = int(stat.rpartition(")")[2].split()[1])
    found = {pid}
    while below := {child for child, parent in parents.items() if parent in found} - found:
        found |= below
    return found


def listening_addresses(pids: set[int]) -> list[str]:
    """Addresses on which these processes accept TCP connections, in hexadecimal as the kernel shows them."""
    sockets = set()
    for pid in pids:
        for descriptor in Path(f"/proc/{pid}/fd").glob("*"):
            try:
                sockets.add(str(descriptor.readlink()))
            except OSError:
                continue
    addresses = []
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and f"socket:[{fields[9]}]" in sockets:
                addresses.append(fields[1].partition(":")[0])
    return addresses
