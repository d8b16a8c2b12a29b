"""What can go wrong in the proof system.

::

    ZkvmError
    └── StaleBuild              the compiled modules do not belong to these sources
"""

from zkhub.errors import HubError


class ZkvmError(HubError):
    """Base of every error of the proof system."""


class StaleBuild(ZkvmError):
    """A compiled module is missing, or was built from other sources."""

    hint = "run `make native`"
