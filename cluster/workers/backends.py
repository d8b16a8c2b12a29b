"""Provers by name: the door through which every kind of prover comes."""

import difflib
import threading
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Protocol

from cluster.errors import UnknownBackend
from cluster.pool.jobs import Assignment


class ProverBackend(Protocol):
    """A way to prove a batch. One instance serves one worker, one job at a time."""

    def warm_up(self) -> None:
        """Load whatever the first job would otherwise wait for."""
        ...

    def prove(self, assignment: Assignment, abandoned: threading.Event) -> bytes:
        """The proof that the batch program turns the input into the public input.

        Args:
            assignment: The job.
            abandoned: Set when nobody wants the result any more; a backend that can stop early should.

        Returns:
            The proof; empty for a backend that only re-executes.

        Raises:
            BatchRefused: No such proof can exist.
        """
        ...


def _unproven() -> ProverBackend:
    from cluster.workers.unproven import UnprovenProver

    return UnprovenProver()


#: Backends of this distribution, by name; loaded on first use.
BACKENDS: Mapping[str, Callable[[], ProverBackend]] = {"unproven": _unproven}


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


def make_backend(name: str) -> ProverBackend:
    """A new backend: one of :data:`BACKENDS`, or what ``module:factory`` returns.

    Raises:
        UnknownBackend: There is none of this name.
    """
    check_backend(name)
    if name in BACKENDS:
        return BACKENDS[name]()
    module, _, factory = name.partition(":")
    try:
        made: ProverBackend = getattr(import_module(module), factory)()
    except (ImportError, AttributeError) as error:
        raise UnknownBackend(f"the prover backend {name!r} cannot be loaded: {error}") from error
    return made


def _is_reference(name: str) -> bool:
    module, colon, factory = name.partition(":")
    return bool(colon) and factory.isidentifier() and all(part.isidentifier() for part in module.split("."))
