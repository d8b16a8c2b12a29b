"""Deposits of the base token: the only way funds come to a chain."""

from dataclasses import dataclass
from typing import Final

from contracts.addresses import EcosystemAddresses
from contracts.artifacts import load
from contracts.client import Log, Receipt
from contracts.errors import DeployError, EncodingError
from contracts.genesis import ETH_TOKEN
from contracts.messages import GAS_PER_PUBDATA, L2CanonicalTransaction
from contracts.sender import Sender

DEPOSIT_L2_GAS: Final = 500_000
"""Enough for a plain transfer under ZKsync OS's rule for the least gas of a request."""


@dataclass(frozen=True, slots=True)
class PriorityRequest:
    """A request from L1 that stands in a chain's priority queue.

    Attributes:
        priority_id: Its number in the queue.
        canonical_hash: Its transaction hash on the chain.
        expiration_timestamp: When anyone may force it, seconds.
        transaction: The transaction.
        l1_block_number: L1 block that holds it.
        l1_block_hash: Its hash.
        l1_transaction_hash: The L1 transaction.
    """

    priority_id: int
    canonical_hash: bytes
    expiration_timestamp: int
    transaction: L2CanonicalTransaction
    l1_block_number: int
    l1_block_hash: bytes
    l1_transaction_hash: bytes


def deposit(
    sender: Sender,
    ecosystem: EcosystemAddresses,
    chain_id: int,
    *,
    to: str,
    value: int,
    data: bytes = b"",
    l2_gas_limit: int = DEPOSIT_L2_GAS,
    refund_recipient: str | None = None,
) -> PriorityRequest:
    """Send ``value`` of the base token (and ``data``) to ``to`` on a chain; wait for the L1 block.

    Ether is sent along. Another base token is taken by the asset router, which is approved first where it is not
    allowed to yet. What is paid is the base cost at the highest fee the transaction may pay; the chain returns
    what is not used to ``refund_recipient`` (the sender where left out).

    Raises:
        TransactionReverted: The Bridgehub or the chain refused, for example ``ChainIdNotRegistered``.
    """
    hub = load("Bridgehub")
    fees = sender.client.fees()
    cost_args = [chain_id, fees.max_fee_per_gas, l2_gas_limit, GAS_PER_PUBDATA]
    base_cost: int = sender.client.read(hub, ecosystem.bridgehub, "l2TransactionBaseCost", cost_args)
    mint_value = base_cost + value
    request: tuple[object, ...] = (
        chain_id,
        mint_value,
        to,
        value,
        data,
        l2_gas_limit,
        GAS_PER_PUBDATA,
        [],
        refund_recipient or sender.address,
    )
    base_token: str = sender.client.read(hub, ecosystem.bridgehub, "baseToken", [chain_id])
    is_ether = bytes.fromhex(base_token.removeprefix("0x")) == ETH_TOKEN
    if not is_ether:
        approve(sender, base_token, ecosystem.asset_router, mint_value)
    receipt = sender.call_contract(
        hub,
        ecosystem.bridgehub,
        "requestL2TransactionDirect",
        [request],
        value=mint_value if is_ether else 0,
        fees=fees,
    )
    requests = priority_requests(receipt)
    if len(requests) != 1:
        raise DeployError(f"the deposit's receipt holds {len(requests)} priority requests")
    return requests[0]


def approve(sender: Sender, token: str, spender: str, amount: int) -> None:
    """Let ``spender`` take ``amount`` of an ERC-20 token, if it may not already."""
    erc20 = load("TestToken")
    allowed: int = sender.client.read(erc20, token, "allowance", [sender.address, spender])
    if allowed < amount:
        sender.call_contract(erc20, token, "approve", [spender, amount])


def priority_requests(receipt: Receipt, mailbox: str | None = None) -> list[PriorityRequest]:
    """The requests that an L1 transaction put into priority queues, in order.

    Args:
        receipt: The transaction's.
        mailbox: The chain's contract, whose word alone counts; without it any contract's does, so name it wherever
            foreign code may have run in the transaction: a token can log what it likes.
    """
    logs = (log for log in receipt.logs if mailbox is None or log.address.lower() == mailbox.lower())
    found = (priority_request(log) for log in logs)
    return [request for request in found if request is not None]


def priority_request(log: Log) -> PriorityRequest | None:
    """The request that a ``NewPriorityRequest`` log announces; ``None`` for any other log.

    Raises:
        EncodingError: The canonical hash is not that of the transaction beside it, so it is no mailbox's log.
    """
    event = log.decode(load("ZKChain"), "NewPriorityRequest")
    if event is None:
        return None
    transaction = L2CanonicalTransaction.from_tuple(event["transaction"])
    if transaction.canonical_hash() != event["txHash"]:
        raise EncodingError(f"the log's hash 0x{event['txHash'].hex()} is not that of its transaction")
    return PriorityRequest(
        priority_id=event["txId"],
        canonical_hash=event["txHash"],
        expiration_timestamp=event["expirationTimestamp"],
        transaction=transaction,
        l1_block_number=log.block_number,
        l1_block_hash=log.block_hash,
        l1_transaction_hash=log.transaction_hash,
    )
