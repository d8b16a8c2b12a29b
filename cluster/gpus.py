"""Which NVIDIA GPUs this machine has, by its own driver tool; a machine without one has none, and that is no error."""

import subprocess
from dataclasses import dataclass

_FIELDS = ("index", "uuid", "name", "memory.total", "memory.used", "driver_version")
_MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Gpu:
    """One GPU.

    Attributes:
        memory_bytes: What it has.
        memory_used_bytes: What of it is taken.
    """

    index: int
    uuid: str
    name: str
    memory_bytes: int
    memory_used_bytes: int
    driver: str


def find_gpus(command: str = "nvidia-smi", timeout_s: float = 5.0) -> tuple[Gpu, ...]:
    """The GPUs of this machine; none when there is no driver, it hangs, or it says something else than expected."""
    query = [command, f"--query-gpu={','.join(_FIELDS)}", "--format=csv,noheader,nounits"]
    try:
        answer = subprocess.run(query, capture_output=True, text=True, timeout=timeout_s, check=False)
    except (OSError, subprocess.SubprocessError, UnicodeDecodeError):
        return ()
    if answer.returncode != 0:
        return ()
    gpus = (_parse(line) for line in answer.stdout.splitlines())
    return tuple(gpu for gpu in gpus if gpu is not None)


def _parse(line: str) -> Gpu | None:
    """One line of the tool's table; None for a line that is not one."""
    values = [value.strip() for value in line.split(",")]
    if len(values) != len(_FIELDS):
        return None
    index, uuid, name, total_mib, used_mib, driver = values
    try:
        return Gpu(int(index), uuid, name, int(total_mib) * _MIB, int(used_mib) * _MIB, driver)
    except ValueError:
        return None
