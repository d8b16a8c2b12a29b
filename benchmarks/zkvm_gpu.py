"""How fast an NVIDIA device proves: RV32IM in MHz by profile and stage, and its kernels against its own bandwidth.

``make bench-gpu``. Bytes that transforms and hashes move are counted from what they must read and write; the bandwidth
to compare them with is that of the copy kernel in the same run. Seconds are of the wall clock, the device's queue empty
before and after.
"""

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

from benchmarks.measure import Figure, machine
from benchmarks.zkvm_prove import Stages
from zkvm.backends.cuda import CudaBackend, Tiling
from zkvm.backends.cuda.constraints import DeviceConstraints
from zkvm.backends.cuda.cupy_device import CupyDevice
from zkvm.backends.cuda.errors import NoDevice
from zkvm.backends.cuda.transforms import passes

RUNS = 5
LOG_COPY = 27  # elements, 1 GiB
TRANSFORMS = ((16, 1024), (20, 64), (22, 32), (24, 8))  # log2 of the size, columns
LOG_HASHED, WIDTH_HASHED = 22, 64
RATE_ELEMENTS = 17
NODE_BYTES = 25
HASHED_BYTES = 51_200  # of input to SHA-256: about 2^22 instructions
PROFILES = ("fast", "l1")


def rate(backend: CudaBackend, work: Callable[[], object], amount: float) -> list[float]:
    """``amount`` a second, in each of ``RUNS`` runs after one that does not count."""
    samples = []
    for run in range(RUNS + 1):
        backend.device.synchronise()
        began = time.perf_counter()
        work()
        backend.device.synchronise()
        if run:
            samples.append(amount / (time.perf_counter() - began))
    return samples


def typical(samples: Sequence[float]) -> float:
    """The median, to four digits."""
    return float(f"{statistics.median(samples):.4g}")


def bandwidth(backend: CudaBackend, log_elements: int = LOG_COPY) -> Figure:
    """Bytes read and written by the copy kernel."""
    source, target = (backend.kernels.empty(1 << log_elements) for _ in range(2))
    backend.kernels.fill(source, 1)
    samples = rate(backend, lambda: backend.kernels.copy(target, source), 16 * source.size / 1e9)
    return Figure("device copy", "GB/s", "higher", typical(samples), samples={"ours": samples})


def transforms(backend: CudaBackend, copies: Figure, sizes: Sequence[tuple[int, int]] = TRANSFORMS) -> list[Figure]:
    """Both directions; an element is read and written once in each pass."""
    figures = []
    for log_rows, width in sizes:
        columns = backend.empty(width, 1 << log_rows)
        out = backend.empty(width, 1 << log_rows)
        columns[...] = 12345
        size = width << log_rows
        moved = 16 * (1 + len(passes(log_rows, Tiling())[1]))
        work: dict[str, Callable[[], object]] = {
            "on a coset": lambda columns=columns, out=out: backend.evaluate(columns, 7, out),  # type: ignore[misc]
            "inverse": lambda columns=columns: backend.interpolate(columns),  # type: ignore[misc]
        }
        for name, job in work.items():
            samples = rate(backend, job, size / 1e9)
            figures.append(_against(f"NTT {name}, 2^{log_rows} × {width}", "G elements/s", samples, moved, copies))
    return figures


def hashing(
    backend: CudaBackend, copies: Figure, log_rows: int = LOG_HASHED, width: int = WIDTH_HASHED
) -> list[Figure]:
    """Rows and nodes, in permutations; a block of a row is 136 bytes read."""
    columns = backend.empty(width, 1 << log_rows)
    columns[...] = 12345
    blocks = width // RATE_ELEMENTS + 1
    digests = backend.digest_rows([columns], NODE_BYTES)
    rows = rate(backend, lambda: backend.digest_rows([columns], NODE_BYTES), blocks * (1 << log_rows) / 1e9)
    nodes = rate(backend, lambda: backend.hash_nodes(digests, None), (1 << log_rows) / 2e9)
    unit = "G permutations/s"
    return [
        _against(f"keccak rows of {width}", unit, rows, (8 * width + NODE_BYTES) / blocks, copies),
        _against("keccak nodes", unit, nodes, 3 * NODE_BYTES, copies),
    ]


def _against(name: str, unit: str, samples: list[float], bytes_each: float, copies: Figure) -> Figure:
    """A rate, with the bandwidth it amounts to as a share of the device's."""
    moved = typical(samples) * bytes_each
    notes = f"{moved:.0f} GB/s, {100 * moved / copies.ours:.0f} % of the copy kernel's"
    return Figure(name, unit, "higher", typical(samples), samples={"ours": samples}, notes=notes)


def expansion(backend: CudaBackend, size: int = HASHED_BYTES) -> Figure:
    """From the log of SHA-256 of ``size`` bytes to the columns of all tables but KECCAK and CHI, on the device."""
    from zkvm.emulator.emulator import run
    from zkvm.guest_kit.examples import example
    from zkvm.machine.expand.device import tables
    from zkvm.machine.machine import riscv
    from zkvm.machine.program import rom_rows

    execution = run(example("sha256"), bytes(size))
    rom = rom_rows(execution.program)

    def make() -> None:
        for table in tables(backend.kernels, riscv(), rom, execution.log).values():
            table.make()

    samples = rate(backend, make, execution.cycles / 1e6)
    return Figure(
        "tables from the log",
        "M instructions/s",
        "higher",
        typical(samples),
        samples={"ours": samples},
        notes=f"{execution.log.nbytes / execution.cycles:.1f} bytes of log an instruction",
    )


def proofs(backend: CudaBackend, profile_name: str, size: int = HASHED_BYTES) -> list[Figure]:
    """Prove SHA-256 of ``size`` bytes twice; the second run counts, the first shows what warming up left."""
    from zkvm.guest_kit.examples import example
    from zkvm.machine.api import prove, verify
    from zkvm.machine.key import key_for
    from zkvm.machine.machine import riscv
    from zkvm.stark.profiles import profile

    program, chosen = example("sha256"), profile(profile_name)
    began = time.perf_counter()
    DeviceConstraints(riscv(), backend.kernels).warm_up(lambda fraction: None)
    warmed = time.perf_counter() - began
    key = key_for(program, chosen, backend)
    runs: list[dict[str, Any]] = []
    for _ in range(2):
        stages, began = Stages(), time.perf_counter()
        proven = prove(program, bytes(size), chosen, key, backend, progress=stages)
        seconds = time.perf_counter() - began
        runs.append({"seconds": seconds, "stages": stages.done()["stages"], "cycles": len(proven.execution.log.steps)})
    verify(key.vk, proven.output, chosen, proven.proof)
    first, last = runs
    mhz = [run["cycles"] / run["seconds"] / 1e6 for run in runs]
    profile_of_time = ", ".join(f"{stage} {taken:.3f} s" for stage, taken in last["stages"].items())
    notes = f"{last['cycles']} instructions; {profile_of_time}; constraints loaded in {warmed:.1f} s"
    return [
        Figure(f"RV32IM at {profile_name}", "MHz", "higher", round(mhz[1], 4), samples={"ours": mhz}, notes=notes),
        Figure(f"first proof at {profile_name}", "s", "lower", first["seconds"], last["seconds"], "the next proof"),
        Figure(f"device memory at {profile_name}", "GB", "lower", backend.device.peak / 1e9, notes="peak so far"),
    ]


def figures() -> list[Figure]:
    backend = CudaBackend(CupyDevice())
    backend.warm_up(lambda fraction: None)
    copies = bandwidth(backend)
    found = [copies, *transforms(backend, copies), *hashing(backend, copies), expansion(backend)]
    for name in PROFILES:
        found += proofs(backend, name)
    return found


def main() -> None:
    argparse.ArgumentParser(description=__doc__).parse_args()
    try:
        device = CupyDevice()
    except NoDevice as missing:
        sys.exit(f"no device to measure: {missing.message} ({missing.hint})")
    print(json.dumps({"machine": machine() | {"device": device.name}, "figures": [f.to_json() for f in figures()]}))


if __name__ == "__main__":
    main()
