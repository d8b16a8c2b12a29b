from typing import Any

from numpy.typing import NDArray

_Array = NDArray[Any]

def keccak_rows(
    calls: _Array,
    second: _Array,
    count: int,
    k: int,
    cells: _Array,
    height: int,
    begin: int,
    end: int,
    main: _Array,
    /,
) -> int: ...
def keccak_lookups(main: _Array, k: int, height: int, begin: int, end: int, counts: _Array, keys: int, /) -> None: ...
def arith256_rows(calls: _Array, count: int, height: int, begin: int, end: int, main: _Array, /) -> int: ...
def arith256_lookups(main: _Array, height: int, begin: int, end: int, counts: _Array, /) -> None: ...
def affine_rows(
    flag: _Array,
    monomial: _Array,
    weights: _Array,
    flags: int,
    monomials: int,
    forms: int,
    period: int,
    main: _Array,
    width: int,
    height: int,
    begin: int,
    end: int,
    out: _Array,
    /,
) -> None: ...
def keccak_scan(step: _Array, period: int, height: int, sums: _Array, /) -> None: ...
def arith256_scan(height: int, begin: int, end: int, sums: _Array, /) -> None: ...
