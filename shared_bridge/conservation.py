"""The live check that nothing is made or lost: for every asset, what L1 holds is what exists beyond it.

Two sums must come out for each asset::

    what the vault holds   ==  sum of the chains' balances in the vault's books
    sum of those balances  ==  sum of the supplies on the chains  +  what is on its way

On its way is what one side has taken and the other has not given yet: deposits that L1 queued and the chain did not
execute, withdrawals that were not claimed, transfers that were not executed on their destination, failed deposits
that were not claimed back. A token that was born on a chain turns round: there the chain holds, and what was bridged
elsewhere exists; the first sum is left out for it, and the second compares with what its home chain's vault holds.

The readers are callables, so that the check runs against nodes, against a simulation, or inside the hub.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from shared_bridge.errors import ConservationBroken


@dataclass(frozen=True, slots=True)
class InFlight:
    """Something that has left one side and has not arrived.

    Attributes:
        asset_id: The asset.
        amount: In its smallest unit.
        what: Names it in messages.
    """

    asset_id: bytes
    amount: int
    what: str = ""


@dataclass(frozen=True, slots=True)
class Readers:
    """Where the numbers come from; all must speak of the same moment.

    Attributes:
        held: By asset: what the vault of its home (L1's, or a chain's) holds of it.
        booked: By chain and asset: what L1's books say the chain has; ``None`` if they have no limit for it (the
            asset was born there).
        supply: By chain and asset: what exists on the chain. Of the base token that is the bound less what its holder
            has; of a bridged token its total supply; at its home 0.
        in_flight: By asset: what is on its way.
    """

    held: Callable[[bytes], int]
    booked: Callable[[int, bytes], int | None]
    supply: Callable[[int, bytes], int]
    in_flight: Callable[[bytes], Iterable[InFlight]]


@dataclass(frozen=True, slots=True)
class AssetReport:
    """The sums of one asset.

    Attributes:
        asset_id: The asset.
        held: What its home holds.
        booked: Sum of L1's books, or ``None`` where they have no limit for a chain.
        supplies: What exists on each chain.
        in_flight: What is on its way, summed.
    """

    asset_id: bytes
    held: int
    booked: int | None
    supplies: dict[int, int]
    in_flight: int

    @property
    def abroad(self) -> int:
        """What exists beyond its home, and on the way."""
        return sum(self.supplies.values()) + self.in_flight

    def faults(self) -> list[str]:
        """A sentence for every sum that does not come out."""
        found = []
        name = f"asset 0x{self.asset_id.hex()}"
        if self.booked is not None and self.booked != self.held:
            found.append(f"{name}: the vault holds {self.held}, and its books say {self.booked}")
        if self.abroad != self.held:
            parts = ", ".join(f"{amount} on chain {chain}" for chain, amount in self.supplies.items())
            found.append(
                f"{name}: its home holds {self.held}, and {self.abroad} exist ({parts or 'nothing'}, "
                f"{self.in_flight} on the way)"
            )
        return found


def report(asset_id: bytes, chains: Sequence[int], readers: Readers) -> AssetReport:
    """The sums of one asset over these chains."""
    books = [readers.booked(chain, asset_id) for chain in chains]
    known = [book for book in books if book is not None]
    return AssetReport(
        asset_id=asset_id,
        held=readers.held(asset_id),
        booked=sum(known) if len(known) == len(books) else None,
        supplies={chain: readers.supply(chain, asset_id) for chain in chains},
        in_flight=sum(entry.amount for entry in readers.in_flight(asset_id)),
    )


def check(assets: Iterable[bytes], chains: Sequence[int], readers: Readers) -> list[AssetReport]:
    """Add up every asset.

    Raises:
        ConservationBroken: A sum does not come out; names each one.
    """
    return require_whole([report(asset_id, chains, readers) for asset_id in assets])


def require_whole(reports: list[AssetReport]) -> list[AssetReport]:
    """The reports, if every sum comes out; else raises :class:`ConservationBroken`."""
    broken = tuple(fault for each in reports for fault in each.faults())
    if broken:
        raise ConservationBroken(broken)
    return reports
