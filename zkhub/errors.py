"""The root of the error tree.

Each package draws its own branch at the top of its ``errors.py``::

    HubError
    ├── contracts.errors.ContractsError
    ├── zkvm.errors.ZkvmError
    ├── chain_template.errors.ChainError
    ├── shared_bridge.errors.BridgeError
    ├── cluster.errors.ClusterError
    └── ecosystem.errors.EcosystemError
"""


class HubError(Exception):
    """Base of every error that zkhub raises on purpose.

    Attributes:
        hint: What to do next, in one sentence; empty when there is nothing better than the message.
    """

    hint: str = ""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        if hint:
            self.hint = hint

    @property
    def message(self) -> str:
        """What happened, and to what."""
        return str(self.args[0]) if self.args else ""
