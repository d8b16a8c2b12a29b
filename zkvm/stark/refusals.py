"""Why the prover does not start, or stops.

::

    StarkError
    └── ProvingError
        ├── InvalidTrace            columns that no proof can be about
        ├── InvalidFixed            fixed columns that are not the machine's
        ├── WrongFixedColumns       the fixed columns are not those of the verifying key
        └── ProofDoesNotFit         the proof needs more memory than there is
            └── ProofDoesNotFitDevice       of the device that should make it
"""

from zkvm.stark.errors import StarkError

GIB = 1 << 30


class ProvingError(StarkError):
    """Base of what the prover refuses."""


class InvalidTrace(ProvingError):
    """A table is missing, or its columns have a wrong shape, type or value.

    Attributes:
        table: Its name.
    """

    def __init__(self, table: str, what: str) -> None:
        super().__init__(f"table {table}: {what}")
        self.table = table


class InvalidFixed(InvalidTrace):
    """The same about fixed columns, from which a key is made."""


class WrongFixedColumns(ProvingError):
    """The fixed columns do not give the root in the verifying key."""

    hint = "make the key again from this program"


class ProofDoesNotFit(ProvingError):
    """The forecast exceeds the memory there is.

    Attributes:
        needed: Bytes, at the peak.
        available: Bytes.
        stage: Where the peak is.
    """

    hint = "prove fewer instructions at once, choose a smaller blow-up, or use a machine with more memory"
    memory = "memory"

    def __init__(self, needed: int, available: int, stage: str) -> None:
        super().__init__(
            f"the proof needs {needed / GIB:.1f} GiB of {self.memory} (in stage {stage}), "
            f"{available / GIB:.1f} GiB are free"
        )
        self.needed = needed
        self.available = available
        self.stage = stage


class ProofDoesNotFitDevice(ProofDoesNotFit):
    """The forecast exceeds the memory of the device."""

    hint = "prove fewer instructions at once, choose a smaller blow-up, or a device with more memory"
    memory = "device memory"
