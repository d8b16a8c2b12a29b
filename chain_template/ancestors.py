"""Hashes of the blocks before one, for BLOCKHASH, where not all of them need be known."""

from collections.abc import Iterator, Sequence
from typing import Final, overload

from chain_template.batcher.reasons import Reason, input_error
from chain_template.headers import BlockHeader
from chain_template.store import Snapshot

#: How many blocks BLOCKHASH looks back.
_WINDOW: Final = 256


def hashes_before(snapshot: Snapshot, number: int) -> Sequence[bytes]:
    """What block ``number`` sees of the blocks before it.

    Where the chain was recovered from L1 some are unknown: reading one raises BatchInputError, as nobody could prove
    what it would be.
    """
    known = snapshot.block_hashes_before(number)
    return known if len(known) == min(_WINDOW, number) else AncestorHashes.known(known, number)


class AncestorHashes(Sequence[bytes]):
    """Hashes of the blocks before one, latest first, as far as headers vouch for them.

    A hash that exists but is not vouched for is an error when it is read, so no proof can rest on an invented one.
    """

    def __init__(self, parent: BlockHeader, ancestors: Sequence[BlockHeader]) -> None:
        oldest = ancestors[-1] if ancestors else parent
        known = [parent.hash, *(header.hash for header in ancestors)]
        # The oldest header names one more hash; block 0 names none.
        self._known = known if oldest.number == 0 else [*known, oldest.parent_hash]
        self._count = min(_WINDOW, parent.number + 1)

    @classmethod
    def known(cls, hashes: Sequence[bytes], number: int) -> "AncestorHashes":
        """What block ``number`` sees, of which only the latest ``hashes`` are known."""
        found = object.__new__(cls)
        found._known = list(hashes)
        found._count = min(_WINDOW, number)
        return found

    def after(self, header: BlockHeader) -> "AncestorHashes":
        """What the block after ``header`` sees."""
        following = object.__new__(AncestorHashes)
        following._known = [header.hash, *self._known][:_WINDOW]
        following._count = min(_WINDOW, header.number + 1)
        return following

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, at: int, /) -> bytes: ...
    @overload
    def __getitem__(self, at: slice, /) -> Sequence[bytes]: ...
    def __getitem__(self, at: int | slice, /) -> bytes | Sequence[bytes]:
        if isinstance(at, slice):
            return [self[index] for index in range(*at.indices(self._count))]
        if not 0 <= at < self._count:
            raise IndexError(at)
        if at >= len(self._known):
            raise input_error(Reason.MISSING_ANCESTOR, f"no header leads to the hash {at + 1} blocks back")
        return self._known[at]

    def __iter__(self) -> Iterator[bytes]:
        return (self[index] for index in range(self._count))
