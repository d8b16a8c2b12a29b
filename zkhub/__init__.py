"""The name on the door: the version and the root of every error the hub raises.

Every package of the distribution may import this one; it imports none of them.
"""

from zkhub.errors import HubError

__all__ = ["HubError", "__version__"]

__version__ = "0.1.0"
