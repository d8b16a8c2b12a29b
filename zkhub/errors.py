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

    def __reduce__(self) -> tuple[object, ...]:
        # Pickle would call the class with the finished message, where many a class takes what the message is made of.
        return (_restored, (type(self), self.args, self.__dict__))

    @property
    def message(self) -> str:
        """What happened, and to what."""
        return str(self.args[0]) if self.args else ""


def _restored(kind: type[HubError], args: tuple[object, ...], fields: dict[str, object]) -> HubError:
    error = kind.__new__(kind)
    error.args = args
    error.__dict__.update(fields)
    return error
