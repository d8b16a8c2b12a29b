from typing import Any, TypeAlias

from numpy.typing import NDArray

Buffer: TypeAlias = bytes | bytearray | memoryview | NDArray[Any]

def instruction_sets() -> tuple[str, ...]: ...
def digest_rows(
    isa: int, groups: tuple[Buffer, ...], rows: int, begin: int, end: int, node_bytes: int, out: Buffer, /
) -> None: ...
def hash_nodes(
    isa: int, children: Buffer, injected: Buffer | None, begin: int, end: int, node_bytes: int, out: Buffer, /
) -> None: ...
def hash_messages(isa: int, messages: Buffer, length: int, begin: int, end: int, out: Buffer, /) -> None: ...
def grind(isa: int, state: Buffer, bits: int, begin: int, end: int, /) -> int | None: ...
def scatter_digests(digests: Buffer, log_rows: int, begin: int, end: int, out: Buffer, /) -> None: ...
def interpolate(isa: int, values: Buffer, log_rows: int, begin: int, end: int, out: Buffer, /) -> None: ...
def evaluate(
    isa: int, coefficients: Buffer, log_rows: int, begin: int, end: int, shift: int, out: Buffer, /
) -> None: ...
def combine(isa: int, columns: Buffer, rows: int, weights: Buffer, begin: int, end: int, out: Buffer, /) -> None: ...
def eval_at(
    isa: int, coefficients: Buffer, log_rows: int, begin: int, end: int, c0: int, c1: int, c2: int, out: Buffer, /
) -> None: ...
def eval_rows(
    isa: int, coefficients: Buffer, log_rows: int, begin: int, end: int, points: Buffer, out: Buffer, /
) -> None: ...
def invert(isa: int, values: Buffer, rows: int, begin: int, end: int, out: Buffer, /) -> bool: ...
def divide(
    isa: int,
    values: Buffer,
    log_rows: int,
    begin: int,
    end: int,
    c0: int,
    c1: int,
    c2: int,
    shift: int,
    accumulate: bool,
    out: Buffer,
    /,
) -> bool: ...
def fold(
    isa: int,
    values: Buffer,
    log_rows: int,
    log_arity: int,
    begin: int,
    end: int,
    shift: int,
    c0: int,
    c1: int,
    c2: int,
    out: Buffer,
    /,
) -> None: ...
def add(isa: int, left: Buffer, right: Buffer, begin: int, end: int, out: Buffer, /) -> None: ...
def multiply(isa: int, columns: Buffer, factors: Buffer, begin: int, end: int, out: Buffer, /) -> None: ...
def multiply_ext(isa: int, left: Buffer, right: Buffer, begin: int, end: int, out: Buffer, /) -> None: ...
def prefix_sum(values: Buffer, out: Buffer, /) -> None: ...
