"""The database py-evm sees: the chain's state view below, this block's new nodes above, every read noted."""

from eth.db.atomic import AtomicDB
from eth.db.backends.base import BaseDB

from chain_template.executor.interface import StateView


class WitnessDb(BaseDB):
    """Reads through to a state view and keeps writes to itself.

    Attributes:
        new: Nodes and codes written, by hash.
        read: Hashes that were read from the view: what a stateless re-execution needs.
    """

    def __init__(self, view: StateView) -> None:
        self._view = view
        self.new: dict[bytes, bytes] = {}
        self.read: set[bytes] = set()

    def __getitem__(self, key: bytes) -> bytes:
        value = self.new.get(key)
        if value is None:
            value = self._view[key]
            self.read.add(key)
        return value

    def __setitem__(self, key: bytes, value: bytes) -> None:
        self.new[key] = value

    def __delitem__(self, key: bytes) -> None:
        """Nothing is ever deleted: older states stay readable."""

    def _exists(self, key: bytes) -> bool:
        return key in self.new or key in self._view


def atomic(db: WitnessDb) -> AtomicDB:
    """The wrapper with batches that py-evm's account database asks for."""
    return AtomicDB(db)
