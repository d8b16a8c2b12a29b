"""What can go wrong in field arithmetic.

::

    zkvm.errors.ZkvmError
    └── FieldError
        ├── NotInvertible           the inverse of zero was asked for
        ├── NoSuchRoot              no root of unity of this order
        └── NotFieldElements        an array of another type or shape, or with values of p or more
"""

from zkvm.errors import ZkvmError


class FieldError(ZkvmError):
    """Base of every error of field arithmetic."""


class NotInvertible(FieldError):
    """Zero has no inverse.

    Attributes:
        index: Where in the array the first zero is; None for a scalar.
    """

    def __init__(self, index: int | None = None) -> None:
        super().__init__("zero has no inverse" + ("" if index is None else f" (flat index {index})"))
        self.index = index


class NoSuchRoot(FieldError):
    """The multiplicative group has no element of order ``2^log2``."""

    def __init__(self, log2: int) -> None:
        super().__init__(f"no root of unity of order 2^{log2}: log2 must be 0 to 32")
        self.log2 = log2


class NotFieldElements(FieldError):
    """An array that does not hold what the operation works on: field elements in a certain shape."""
