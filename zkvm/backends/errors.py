"""What can go wrong in a backend.

::

    zkvm.errors.ZkvmError
    └── BackendError
        ├── WrongArray                  an argument has another type or shape than the operation takes
        ├── WrongArgument               a number that the operation does not take
        ├── PointInDomain               a division by x − p at a domain that contains p
        ├── IncompleteTree              finish() before every leaf was added
        └── UnknownInstructionSet       ZKHUB_ISA names one that this build or machine does not have
"""

from collections.abc import Sequence

from zkvm.errors import ZkvmError


class BackendError(ZkvmError):
    """Base of every error of the backends."""


class WrongArray(BackendError):
    """An array argument has another type or shape than the operation takes.

    Attributes:
        argument: Its name.
    """

    def __init__(self, argument: str, expected: str, found: str) -> None:
        super().__init__(f"{argument} must be {expected}, this is {found}")
        self.argument = argument


class WrongArgument(BackendError):
    """A number that the operation does not take.

    Attributes:
        argument: Its name.
    """

    def __init__(self, argument: str, expected: str, found: object) -> None:
        super().__init__(f"{argument} must be {expected}, this is {found!r}")
        self.argument = argument


class PointInDomain(BackendError):
    """A denominator x − p is zero somewhere on the domain."""

    def __init__(self) -> None:
        super().__init__("a point to divide by lies in the evaluation domain")


class IncompleteTree(BackendError):
    """Some leaves were never added.

    Attributes:
        level: log2 of the level's size.
        missing: How many of its rows have no digest.
    """

    def __init__(self, level: int, missing: int) -> None:
        super().__init__(f"level 2^{level} of the tree lacks {missing} digests")
        self.level = level
        self.missing = missing


class UnknownInstructionSet(BackendError):
    """An instruction set that this build or this machine does not have."""

    hint = "unset ZKHUB_ISA to use the best that there is"

    def __init__(self, name: str, known: Sequence[str]) -> None:
        super().__init__(f"no kernels for instruction set {name!r}: there are {', '.join(known)}")
        self.name = name
