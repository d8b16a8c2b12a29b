"""The way out with L1 alone, when a chain's operator does not serve.

1. :meth:`Escape.request` puts a withdrawal (or any call) into the chain's queue on L1. An operator who goes on with
   the chain has to execute it; nothing can be passed over.
2. When it is not executed by its deadline, :meth:`Escape.activate` switches the chain to priority mode, from any
   account: what is not executed is reverted, and from then on only batches of L1 requests are accepted, from anyone.
3. Anyone with the chain's state, which L1's data gives, settles such a batch (``zkhub escape settle``); then the
   withdrawal is claimed with a proof from the same data (:meth:`Escape.claim`).

Nothing here asks a node of the chain.
"""

import time
from dataclasses import dataclass
from typing import Final, Self

from eth_utils.address import to_checksum_address

from contracts.deposits import priority_requests
from contracts.messages import GAS_PER_PUBDATA
from shared_bridge import interfaces as abi
from shared_bridge.asset_ids import ETH, checked_recipient
from shared_bridge.claims import Inclusion, finalize_withdrawal
from shared_bridge.errors import AmountError, EscapeError, UnknownChain
from shared_bridge.formats import deposit_asset_data
from shared_bridge.hub import Hub
from shared_bridge.moving import approve
from shared_bridge.node import Account, Call, Node, account_address

ESCAPE_L2_GAS: Final = 2_000_000
"""Gas on the chain for a withdrawal by request; what is not used comes back there."""
_NOWHERE: Final = "0x" + "00" * 20


@dataclass(frozen=True, slots=True)
class QueueState:
    """A chain's queue on L1.

    Attributes:
        waiting: Requests that are not executed.
        oldest: Number of the first of them.
        overdue_at: When anyone may activate priority mode, seconds; ``None`` while nothing waits.
        priority_mode: Whether it is active.
        l1_time: Timestamp of L1's latest block, seconds.
    """

    waiting: int
    oldest: int
    overdue_at: int | None
    priority_mode: bool
    l1_time: int

    @property
    def is_overdue(self) -> bool:
        """Whether the operator is late by the clock (L1's, or ours: the next block will have the time of now)."""
        return self.overdue_at is not None and max(self.l1_time, int(time.time())) > self.overdue_at


@dataclass(frozen=True, slots=True)
class ForcedRequest:
    """A request that stands in the queue.

    Attributes:
        priority_id: Its number.
        canonical_hash: Its transaction hash on the chain.
        l1_transaction_hash: The L1 transaction.
        expiration_timestamp: When it is overdue, seconds.
    """

    priority_id: int
    canonical_hash: bytes
    l1_transaction_hash: bytes
    expiration_timestamp: int


class Escape:
    """One chain, seen from L1 alone.

    Args:
        l1_url: JSON-RPC of L1.
        bridgehub: Address of the Bridgehub.
        chain_id: The chain.
    """

    def __init__(self, l1_url: str, bridgehub: str, chain_id: int) -> None:
        self._l1 = Node("L1", l1_url)
        self._hub = Hub(self._l1, {}, checked_recipient(bridgehub))
        self.chain_id = chain_id

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._l1.close()

    def queue(self) -> QueueState:
        """The queue now."""
        contract = self._contract()
        waiting = self._l1.read(contract, abi.QUEUE_SIZE)
        oldest = self._l1.read(contract, abi.FIRST_UNPROCESSED)
        overdue = None
        if waiting:
            requested = self._l1.read(contract, abi.REQUEST_TIME, oldest)
            overdue = requested + self._l1.read(contract, abi.PRIORITY_EXPIRATION)
        block = self._l1.rpc("eth_getBlockByNumber", "latest", False)
        mode = self._l1.read(contract, abi.IS_PRIORITY_MODE)
        return QueueState(waiting, oldest, overdue, mode, int(block["timestamp"], 16))

    def request_withdrawal(
        self, account: Account, asset_id: bytes, amount: int, to: str | None = None, *, l2_token: str = _NOWHERE
    ) -> ForcedRequest:
        """Ask the chain, through L1, to withdraw what the account has there.

        Args:
            account: Owner of the value on the chain; it pays for gas on L1.
            asset_id: The asset.
            amount: In its smallest unit.
            to: Receiver on L1, the account where left out.
            l2_token: Its address on the chain; only needed for a token born there that was never bridged.

        Raises:
            AmountError: It is 0.
            BridgeRefused: L1 refused the request.
        """
        if amount <= 0:
            raise AmountError(amount, "an amount is above 0")
        receiver = checked_recipient(to if to is not None else account_address(account))
        self._contract()
        if asset_id == self._l1.read(self._hub.bridgehub, abi.BASE_TOKEN_ASSET, self.chain_id):
            return self._request(account, abi.L2_BASE_TOKEN, abi.WITHDRAW_BASE.encode(receiver), amount)
        data = abi.WITHDRAW_ASSET.encode(asset_id, deposit_asset_data(amount, receiver, l2_token))
        return self._request(account, abi.L2_ASSET_ROUTER, data, 0)

    def request(self, account: Account, to: str, data: bytes = b"", value: int = 0) -> ForcedRequest:
        """Ask the chain, through L1, for any call from the account; ``value`` is what the account has there."""
        self._contract()
        return self._request(account, checked_recipient(to), data, value)

    def activate(self, account: Account) -> bytes:
        """Switch the chain to priority mode; returns the L1 transaction.

        Raises:
            EscapeError: It is in that mode already, nothing waits, or nothing is overdue yet.
        """
        state = self.queue()
        if state.priority_mode:
            raise EscapeError(f"chain {self.chain_id} is in priority mode already")
        if state.overdue_at is None:
            raise EscapeError(
                f"no request waits on chain {self.chain_id}", hint="request a withdrawal first; its deadline counts"
            )
        if not state.is_overdue:
            left = state.overdue_at - max(state.l1_time, int(time.time()))
            raise EscapeError(
                f"request {state.oldest} of chain {self.chain_id} is not overdue for another {left + 1} s",
                hint="the operator may still execute it; try again then",
            )
        call = Call(self._contract(), abi.ACTIVATE_PRIORITY_MODE.encode(), what="activation of priority mode")
        identity = ("activate", self.chain_id, state.oldest)
        receipt = self._l1.resume(account, identity) or self._l1.transact(account, call, identity)
        return receipt.transaction_hash

    def claim(self, account: Account, found: Inclusion) -> bytes | None:
        """Have L1 pay out a withdrawal of an executed batch; ``None`` if that was done before.

        Args:
            account: Who pays for gas on L1; the value goes where the withdrawal says.
            found: The withdrawal and its proof, from what the batch published on L1.

        Raises:
            ProofError: The proof does not lead to what L1 stores.
            BridgeRefused: L1 refused.
        """
        key = (self.chain_id, found.batch_number, found.index)
        identity = ("claim", *key)
        receipt = self._l1.resume(account, identity)
        if receipt is not None:
            return receipt.transaction_hash
        if self._l1.read(self._hub.nullifier, abi.IS_FINALIZED, *key):
            return None
        return finalize_withdrawal(self._hub, account, self.chain_id, self._contract(), found, identity)

    def is_executed(self, request: ForcedRequest) -> bool:
        """Whether L1 has executed a batch with the request."""
        first: int = self._l1.read(self._contract(), abi.FIRST_UNPROCESSED)
        return request.priority_id < first

    def _contract(self) -> str:
        address = str(self._l1.read(self._hub.bridgehub, abi.GET_ZK_CHAIN, self.chain_id))
        if address == _NOWHERE:
            known = self._l1.read(self._hub.bridgehub, abi.CHAIN_IDS)
            raise UnknownChain(self.chain_id, [str(each) for each in known])
        return address

    def _request(self, account: Account, to: str, data: bytes, value: int) -> ForcedRequest:
        hub, sender = self._hub, account_address(account)
        identity = ("escape", self.chain_id, to, data, value)
        receipt = self._l1.resume(account, identity)
        if receipt is None:
            with self._l1.errors("fees"):
                fees = self._l1.client.fees()
            price = (self.chain_id, fees.max_fee_per_gas, ESCAPE_L2_GAS, GAS_PER_PUBDATA)
            cost = self._l1.read(hub.bridgehub, abi.BASE_COST, *price)
            paid = self._pay(account, cost)
            target = (to, value, data, ESCAPE_L2_GAS, GAS_PER_PUBDATA, (), sender)
            call = abi.REQUEST_DIRECT.encode((self.chain_id, cost, *target))
            what = f"request to chain {self.chain_id}"
            receipt = self._l1.transact(account, Call(hub.bridgehub, call, paid, what, fees=fees), identity)
        with self._l1.errors("reading the request's receipt"):
            (queued,) = priority_requests(receipt)
        return ForcedRequest(
            queued.priority_id, queued.canonical_hash, receipt.transaction_hash, queued.expiration_timestamp
        )

    def _pay(self, account: Account, cost: int) -> int:
        """Ether to send with a request: the cost where the base token is ether, else the bridge may take the token."""
        token = to_checksum_address(self._l1.read(self._hub.bridgehub, abi.BASE_TOKEN, self.chain_id))
        if token == ETH:
            return cost
        approve(self._l1, account, token, self._hub.asset_router, cost)
        return 0
