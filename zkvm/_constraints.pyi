import numpy as np
import numpy.typing as npt

Words = npt.NDArray[np.uint64]

def machines() -> dict[str, str]: ...
def isas() -> dict[str, int]: ...
def quotient(
    machine: str,
    table: str,
    isa: int,
    fixed: Words,
    main: Words,
    aux: Words,
    first: Words,
    periodic: Words,
    scalars: Words,
    weights: Words,
    out: Words,
    begin: int,
    end: int,
    /,
) -> None: ...
def logup(
    machine: str,
    table: str,
    isa: int,
    fixed: Words,
    main: Words,
    first: Words,
    periodic: Words,
    scalars: Words,
    numerators: Words,
    denominators: Words,
    begin: int,
    end: int,
    /,
) -> None: ...
def first_selector(out: Words, shift: int, root: int, scale: int, /) -> None: ...
