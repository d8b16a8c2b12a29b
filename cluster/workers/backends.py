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


#: Backends of this distribution, by name; loaded on first use.
BACKENDS: Mapping[str, Callable[[int | None], ProverBackend]] = {
    "unproven": _unproven,
    **{f"stark-{name}": partial(_stark, name) for name in PROFILES},
}


def check_backend(name: str) -> None:
    """Refuse a name that :func:`make_backend` could not make sense of.

    Raises:
        UnknownBackend: It is neither one of :data:`BACKENDS` nor of the form ``module:factory``.
    """
    if name in BACKENDS or _is_reference(name):
        return
    near = difflib.get_close_matches(name, BACKENDS, n=1)
    raise UnknownBackend(
        f"there is no prover backend {name!r}; there are: {', '.join(sorted(BACKENDS))}",
        hint=f"Did you mean {near[0]!r}?" if near else "A backend of your own is named module:factory.",
    )


def make_backend(name: str, memory_bytes: int | None = None) -> ProverBackend:
    """A new backend: one of :data:`BACKENDS`, or what ``module:factory`` returns.

    Args:
        name: Which.
        memory_bytes: What one of its proofs may take; what is free when it begins, where left out.

    Raises:
        UnknownBackend: There is none of this name.
    """
    check_backend(name)
    if name in BACKENDS:
        return BACKENDS[name](memory_bytes)
    module, _, factory = name.partition(":")
    try:
        made: ProverBackend = getattr(import_module(module), factory)()
    except (ImportError, AttributeError) as error:
        raise UnknownBackend(f"the prover backend {name!r} cannot be loaded: {error}") from error
    return made


def _is_reference(name: str) -> bool:
    module, colon, factory = name.partition(":")
    return bool(colon) and factory.isidentifier() and all(part.isidentifier() for part in module.split("."))
