"""The bridge as a Python program uses it, blocking."""

from collections.abc import Mapping, Sequence
from typing import Self

from shared_bridge import claims, moving, tracking
from shared_bridge.asset_ids import checked_recipient
from shared_bridge.audit import Audit
from shared_bridge.conservation import AssetReport
from shared_bridge.hub import Hub
from shared_bridge.node import Account, Node
from shared_bridge.records import Claim, Deposit, Message, Status, Transfer, Withdrawal
from shared_bridge.stages import MessageStage
from shared_bridge.tracking import Progress

WAIT_TIMEOUT_S = 600.0
"""How long :meth:`Bridge.wait` waits unless told otherwise, seconds."""


class Bridge:
    """Moves value between L1 and the chains of one hub.

    Every command checks everything before it sends anything, and may be repeated: after :class:`RpcLost` the same
    command of the same ``Bridge`` finds the transaction it may have sent instead of sending another. Amounts are in a
    token's smallest unit. A token is ``"eth"``, ``"base"`` (a chain's own), its address where the value leaves from,
    or its asset id. An account is a private key, or an object with one, such as ``eth_account``'s. Thread-safe.

    Args:
        l1_url: JSON-RPC of L1.
        chains: JSON-RPC of chains, by the names that commands use.
        bridgehub: Address of the hub's Bridgehub. Without it the chains' nodes say where it is; name it when these
            are somebody else's.
        receipt_timeout_s: How long a transaction may take to be included, seconds.
    """

    def __init__(
        self,
        l1_url: str,
        chains: Mapping[str, str],
        *,
        bridgehub: str | None = None,
        receipt_timeout_s: float = 120.0,
    ) -> None:
        given = checked_recipient(bridgehub) if bridgehub is not None else None
        l1 = Node("L1", l1_url, receipt_timeout_s=receipt_timeout_s)
        self._nodes = {name: Node(name, url, receipt_timeout_s=receipt_timeout_s) for name, url in chains.items()}
        self.hub = Hub(l1, self._nodes, given)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        for node in (self.hub.l1, *self._nodes.values()):
            node.close()

    # -- moving --------------------------------------------------------------------------------------------------

    def deposit(
        self,
        account: Account,
        chain: str | int,
        token: str | bytes,
        amount: int,
        to: str | None = None,
        *,
        l2_gas_limit: int | None = None,
    ) -> Deposit:
        """From L1 to a chain; see :func:`shared_bridge.moving.deposit`."""
        return moving.deposit(self.hub, account, chain, token, amount, to, l2_gas_limit=l2_gas_limit)

    def withdraw(
        self, account: Account, chain: str | int, token: str | bytes, amount: int, to: str | None = None
    ) -> Withdrawal:
        """From a chain to L1, to be claimed there; see :func:`shared_bridge.moving.withdraw`."""
        return moving.withdraw(self.hub, account, chain, token, amount, to)

    def send(
        self,
        account: Account,
        source: str | int,
        destination: str | int,
        token: str | bytes,
        amount: int,
        to: str | None = None,
    ) -> Transfer:
        """From a chain to another, to be claimed there; see :func:`shared_bridge.moving.send`."""
        return moving.send(self.hub, account, source, destination, token, amount, to)

    def claim(self, payer: Account, message: Message, *, must_be_first: bool = False) -> Claim:
        """Claim a withdrawal, a transfer, or a failed deposit; see :func:`shared_bridge.claims.claim`."""
        return claims.claim(self.hub, payer, message, must_be_first=must_be_first)

    # -- looking -------------------------------------------------------------------------------------------------

    def status(self, message: Message) -> Status:
        """Where a message is now."""
        return tracking.status(self.hub, message)

    def wait(
        self,
        message: Message,
        stage: MessageStage = MessageStage.CLAIMED,
        timeout_s: float = WAIT_TIMEOUT_S,
        progress: Progress | None = None,
    ) -> Status:
        """Wait until a message is at ``stage`` or beyond; ``progress`` is told every change.

        Raises:
            MessageFailed: It will never be there.
            StageTimeout: It is not there in time; nothing is lost.
        """
        return tracking.wait(self.hub, message, stage, timeout_s, progress)

    def find(self, chain: str | int, transaction_hash: bytes) -> list[Message]:
        """Handles on what a transaction on a chain sent, for a program that did not send it itself."""
        return tracking.find(self.hub, chain, transaction_hash)

    def find_deposits(self, l1_transaction_hash: bytes) -> list[Deposit]:
        """Handles on what a transaction on L1 deposited."""
        return tracking.find_deposits(self.hub, l1_transaction_hash)

    def asset_id(self, token: str | bytes, chain: str | int | None = None) -> bytes:
        """Asset id of a token on a chain, or on L1 where no chain is named."""
        if chain is None:
            return self.hub.asset_on_l1(token)[0]
        return self.hub.asset_on_chain(self.hub.chain(chain), token)[0]

    def token_address(self, asset_id: bytes, chain: str | int | None = None) -> str | None:
        """Address of an asset on a chain (or on L1), or ``None`` if it was never bridged there."""
        if chain is None:
            return self.hub.token_on_l1(asset_id)
        return self.hub.token_on_chain(self.hub.chain(chain), asset_id)

    def audit(self, tokens: Sequence[str | bytes] | None = None) -> list[AssetReport]:
        """Add up what exists of these tokens (named as on L1), or of all; every chain of the hub must be known here.

        Raises:
            ConservationBroken: More or less exists than is held.
        """
        assets = None if tokens is None else [self.asset_id(token) for token in tokens]
        return Audit(self.hub).check(assets)

    def books(self) -> list[AssetReport]:
        """What :meth:`audit` adds up, of all assets, whether the sums come out or not."""
        return Audit(self.hub).reports()

    def balance(self, owner: str, token: str | bytes, chain: str | int | None = None) -> int:
        """What an address has of a token on a chain, or on L1 where no chain is named."""
        where = checked_recipient(owner)
        if chain is None:
            return moving.balance_of(self.hub.l1, self.hub.asset_on_l1(token)[1], where)
        there = self.hub.chain(chain)
        return moving.balance_of(there.node, self.hub.asset_on_chain(there, token)[1], where)
