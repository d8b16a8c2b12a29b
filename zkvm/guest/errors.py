"""What can be wrong with the batch program's file.

::

    ZkvmError
    └── StaleProgram    the committed ELF is not the one in the manifest
"""

from zkvm.errors import ZkvmError


class StaleProgram(ZkvmError):
    """The batch program's ELF differs from its line in the manifest."""

    hint = "run `python -m zkvm.guest`"

    def __init__(self) -> None:
        super().__init__("the batch program's ELF is not the one in the manifest")
