"""What a method is, and the decorator that makes one from a function."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any, TypeVar

from chain_template.rpc.params import Param

_Handler = TypeVar("_Handler", bound=Callable[..., Any])


class Run(Enum):
    """Where a method runs."""

    INLINE = "inline"
    """On the event loop: a few reads by key, far under a millisecond."""
    POOL = "pool"
    """In a worker thread, under the time limit: executes code, or reads a lot."""
    SUBMIT = "submit"
    """In worker threads of its own, so that calls that execute code never hold up transactions."""
    WAIT = "wait"
    """A coroutine: waits for something to happen."""
    SESSION = "session"
    """On a WebSocket only; gets the session."""


@dataclass(frozen=True, slots=True)
class Method:
    """A JSON-RPC method.

    Attributes:
        handler: Called with a :class:`~chain_template.rpc.view.View` (a ``SESSION`` method: the session before it) and
            the values of the parameters.
        l1_only: Exists on chains with a settlement layer only.
        heavy_if: Arguments for which an ``INLINE`` method belongs elsewhere all the same.
        heavy_in: Where that is.
        together: Answers a batch array of nothing but this method: called with a view and the arguments of each
            request, gives for each its result or the exception that stands for it.
        signed: Called with the chain's configuration and the arguments: a digest and the signature under it (65 bytes)
            whose sender may be found before the handler runs, which sees it as the view's, or None.
    """

    name: str
    handler: Callable[..., Any]
    params: tuple[Param, ...]
    run: Run
    l1_only: bool
    heavy_if: Callable[..., bool] | None
    heavy_in: Run
    together: Callable[..., list[Any]] | None
    signed: Callable[..., tuple[bytes, bytes] | None] | None

    @property
    def summary(self) -> str:
        """First line of the handler's docstring; the reference page lists it."""
        return (self.handler.__doc__ or "").strip().splitlines()[0]

    def place(self, args: list[Any]) -> Run:
        """Where this very request runs."""
        if self.run is Run.INLINE and self.heavy_if is not None and self.heavy_if(*args):
            return self.heavy_in
        return self.run


class Methods:
    """The methods of one file, in the order they are written."""

    def __init__(self) -> None:
        self._methods: list[Method] = []

    def __iter__(self) -> Iterator[Method]:
        return iter(self._methods)

    def __call__(
        self,
        name: str,
        *params: Param,
        run: Run = Run.INLINE,
        l1_only: bool = False,
        heavy_if: Callable[..., bool] | None = None,
        heavy_in: Run = Run.POOL,
        together: Callable[..., list[Any]] | None = None,
        signed: Callable[..., tuple[bytes, bytes] | None] | None = None,
    ) -> Callable[[_Handler], _Handler]:
        """Make a method of the decorated function.

        Args:
            name: As clients call it.
            *params: In the order they are passed.
            run: Where it runs.
            l1_only: See :class:`Method`.
            heavy_if: See :class:`Method`.
            heavy_in: See :class:`Method`.
            together: See :class:`Method`.
            signed: See :class:`Method`.
        """

        def register(handler: _Handler) -> _Handler:
            self._methods.append(Method(name, handler, params, run, l1_only, heavy_if, heavy_in, together, signed))
            return handler

        return register
