"""What can go wrong between a proof and its parts.

::

    zkvm.errors.ZkvmError
    └── PartsError
        ├── ProofTooLarge       one query alone makes a part too long
        └── MalformedParts      bytes that are not the parts of one proof
"""

from zkvm.errors import ZkvmError


class PartsError(ZkvmError):
    """Base of every error about a proof in parts."""


class ProofTooLarge(PartsError):
    """The head, or the context, and one query are more bytes than a part may have.

    Attributes:
        size: Their bytes.
        limit: The bytes of a part.
    """

    hint = "allow longer parts"

    def __init__(self, size: int, limit: int) -> None:
        super().__init__(f"one query alone makes a part of {size} bytes; {limit} are allowed")
        self.size = size
        self.limit = limit


class MalformedParts(PartsError):
    """Bytes that are not the parts of one proof.

    Attributes:
        part: The number of the part at which that was seen.
    """

    def __init__(self, part: int, what: str) -> None:
        super().__init__(f"part {part} is malformed: {what}")
        self.part = part
