"""Provers by name: the door through which every kind of prover comes."""

import difflib
import threading
from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module
from typing import Protocol

from cluster.errors import UnknownBackend
from cluster.pool.jobs import Assignment, Progress
from zkvm.stark.profiles import PROFILES

Report = Callable[[Progress], None]
"""Told how far an attempt is."""


def silent(progress: Progress) -> None:
    """A :data:`Report` that nobody reads."""


class ProverBackend(Protocol):
    """A way to prove a batch. One instance serves one worker, one job at a time."""

    def warm_up(self) -> None:
        """Load whatever the first job would otherwise wait for."""
        ...

    def prove(self, assignment: Assignment, abandoned: threading.Event, report: Report) -> bytes:
        """The proof that the batch program turns the input into the public input.

        Args:
            assignment: The job.
            abandoned: Set when nobody wants the result any more; a backend that can stop early should.
            report: To be told how far the work is.

        Returns:
            The proof's parts, as ``chain_template.settlement.proofs.pack_parts`` gives them; empty for a backend that
            only re-executes.

        Raises:
            BatchRefused: No such proof can exist.
        """
        ...


def _unproven(memory_bytes: int | None) -> ProverBackend:
    from cluster.workers.unproven import UnprovenProver

    return UnprovenProver()


def _stark(profile_name: str, memory_bytes: int | None) -> ProverBackend:
    from cluster.workers.stark import StarkProver
    from zkvm.stark.profiles import profile

    return StarkProver(profile(profile_name), memory_bytes)


def _cuda(profile_name: str, may_fall_back: bool, memory_bytes: int | None, device: int = 0) -> ProverBackend:
    from cluster.workers.cuda import CudaStarkProver
    from zkvm.stark.profiles import profile

    return CudaStarkProver(profile(profile_name), memory_bytes, device=device, may_fall_back=may_fall_back)


#: Backends that prove on a device; ``@N`` after the name chooses device N. Those ``-or-cpu`` prove on the processors
#: when the device fails or there is none.
ON_DEVICES: Mapping[str, Callable[..., ProverBackend]] = {
    **{f"stark-{name}-cuda": partial(_cuda, name, False) for name in PROFILES},
    **{f"stark-{name}-cuda-or-cpu": partial(_cuda, name, True) for name in PROFILES},
}

#: Backends of this distribution, by name; loaded on first use.
BACKENDS: Mapping[str, Callable[[int | None], ProverBackend]] = {
    "unproven": _unproven,
    **{f"stark-{name}": partial(_stark, name) for name in PROFILES},
    **ON_DEVICES,
}


def check_backend(name: str) -> None:
    """Refuse a name that :func:`make_backend` could not make sense of.

    Raises:
        UnknownBackend: It is neither one of :data:`BACKENDS` nor of the form ``module:factory``.
    """
    if name in BACKENDS or _device_of(name) is not None or _is_reference(name):
        return
    near = difflib.get_close_matches(name, BACKENDS, n=1)
    raise UnknownBackend(
        f"there is no prover backend {name!r}; there are: {', '.join(sorted(BACKENDS))}",
        hint=f"Did you mean {near[0]!r}?" if near else "A backend of your own is named module:factory.",
    )


def make_backend(name: str, memory_bytes: int | None = None) -> ProverBackend:
    """A new backend: one of :data:`BACKENDS`, or what ``module:factory`` returns.

    Args:
        name: Which; ``@N`` after one of :data:`ON_DEVICES` chooses the device.
        memory_bytes: What one of its proofs may take; what is free when it begins, where left out.

    Raises:
        UnknownBackend: There is none of this name.
    """
    check_backend(name)
    if name in BACKENDS:
        return BACKENDS[name](memory_bytes)
    if (device := _device_of(name)) is not None:
        return ON_DEVICES[name.partition("@")[0]](memory_bytes, device)
    module, _, factory = name.partition(":")
    try:
        made: ProverBackend = getattr(import_module(module), factory)()
    except (ImportError, AttributeError) as error:
        raise UnknownBackend(f"the prover backend {name!r} cannot be loaded: {error}") from error
    return made


def _device_of(name: str) -> int | None:
    """The device that a name chooses; None for one that chooses none."""
    backend, _, device = name.partition("@")
    return int(device) if backend in ON_DEVICES and device.isascii() and device.isdigit() else None


def _is_reference(name: str) -> bool:
    module, colon, factory = name.partition(":")
    return bool(colon) and factory.isidentifier() and all(part.isidentifier() for part in module.split("."))
