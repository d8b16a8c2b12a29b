"""Reading a call object and geth's state and block overrides."""

from dataclasses import dataclass, replace
from typing import Any, Final

from chain_template.config import ChainConfig
from chain_template.errors import FeeTooLow, TransactionError, UnsupportedTransactionType
from chain_template.executor.interface import BlockContext, CallRequest, StateOverride
from chain_template.primitives import ZERO_ADDRESS
from chain_template.rpc.errors import ServerError
from chain_template.rpc.params import (
    Malformed,
    address,
    data,
    field,
    hash32,
    list_of,
    mapping,
    quantity,
    show,
    slot,
    uint64,
)
from chain_template.transactions.types import (
    ACCESS_LIST_TYPE,
    BLOB_TYPE,
    DYNAMIC_FEE_TYPE,
    EIP712_TYPE,
    LEGACY_TYPE,
    NO_EIP712,
    AccessListEntry,
)

_MAX_ACCESS_LIST: Final = 10_000
_CALL_TYPES: Final = (LEGACY_TYPE, ACCESS_LIST_TYPE, DYNAMIC_FEE_TYPE)
#: What a chain that settles on an L1 takes besides; what ``eip712Meta`` says of it changes nothing.
_ROLLUP_CALL_TYPES: Final = (*_CALL_TYPES, EIP712_TYPE)
_UNSUPPORTED_OVERRIDES: Final = ("difficulty", "prevRandao", "random", "blobBaseFee", "beaconRoot", "withdrawals")


@dataclass(frozen=True, slots=True)
class CallObject:
    """A call as a client describes it; None where it said nothing."""

    sender: bytes
    to: bytes | None
    data: bytes
    value: int
    gas: int | None
    gas_price: int | None
    max_fee_per_gas: int | None
    max_priority_fee_per_gas: int | None
    nonce: int | None
    chain_id: int | None
    type: int | None
    access_list: tuple[AccessListEntry, ...]

    def check(self, config: ChainConfig) -> None:
        """Refuse what could not be sent to this chain either.

        Raises:
            TransactionError: Of another chain, or of a type that does not exist here.
            ServerError: Fee fields that exclude each other.
        """
        if self.chain_id is not None and self.chain_id != config.chain_id:
            raise ServerError(f"chainId does not match node's (have={self.chain_id}, want={config.chain_id})")
        types = _CALL_TYPES if config.l1 is None else _ROLLUP_CALL_TYPES
        if self.type is not None and self.type not in types:
            raise unsupported_type(self.type)
        if self.gas_price is not None and (self.max_fee_per_gas or self.max_priority_fee_per_gas):
            raise ServerError("both gasPrice and (maxFeePerGas or maxPriorityFeePerGas) specified")

    def price(self, base_fee: int) -> int:
        """Wei per gas it would pay; 0 when it names no price, and then nothing is charged.

        Raises:
            FeeTooLow: The price named does not cover the base fee, or the tip is above the fee.
        """
        cap, tip = self.max_fee_per_gas, self.max_priority_fee_per_gas or 0
        if self.gas_price is not None:
            cap = tip = self.gas_price
        if not cap and not tip:
            return 0
        if cap is None:
            cap = base_fee + tip
        if tip > cap:
            raise FeeTooLow(f"max priority fee per gas higher than max fee per gas: {tip} > {cap}")
        if cap < base_fee:
            raise FeeTooLow(f"max fee per gas less than block base fee: {cap} < {base_fee}", base_fee=base_fee)
        return min(cap, base_fee + tip)

    @property
    def fee_cap(self) -> int:
        """Wei per gas the sender must be able to pay; 0 when it names no price."""
        return self.gas_price or self.max_fee_per_gas or self.max_priority_fee_per_gas or 0

    def request(self, base_fee: int, gas_cap: int) -> CallRequest:
        """What the executor runs, with no more gas than ``gas_cap``."""
        return CallRequest(
            sender=self.sender,
            to=self.to,
            data=self.data,
            value=self.value,
            gas_limit=gas_cap if self.gas is None else min(self.gas, gas_cap),
            gas_price=self.price(base_fee),
            access_list=self.access_list,
        )


def unsupported_type(kind: int) -> TransactionError:
    """Why a call of this type cannot be answered: the words a raw transaction of it gets."""
    if kind == EIP712_TYPE:
        message = NO_EIP712
    elif kind == BLOB_TYPE:
        message = "blob transactions (0x03) are not accepted on this chain"
    else:
        message = f"transaction type {kind:#04x} is not supported by this chain"
    return UnsupportedTransactionType(message, type=kind)


def call_object(value: Any) -> CallObject:
    """Read a call object; members it does not know are ignored, as wallets send many."""
    fields = mapping(value)
    payload, payload_alias = field(fields, "input", data), field(fields, "data", data)
    if payload is not None and payload_alias is not None and payload != payload_alias:
        raise Malformed('both "data" and "input" are set and not equal; use "input"')
    return CallObject(
        sender=field(fields, "from", address, ZERO_ADDRESS),
        to=field(fields, "to", address),
        data=payload if payload is not None else payload_alias or b"",
        value=field(fields, "value", quantity, 0),
        gas=field(fields, "gas", uint64),
        gas_price=field(fields, "gasPrice", quantity),
        max_fee_per_gas=field(fields, "maxFeePerGas", quantity),
        max_priority_fee_per_gas=field(fields, "maxPriorityFeePerGas", quantity),
        nonce=field(fields, "nonce", uint64),
        chain_id=field(fields, "chainId", quantity),
        type=field(fields, "type", quantity),
        access_list=field(fields, "accessList", access_list, ()),
    )


def access_list(value: Any) -> tuple[AccessListEntry, ...]:
    """Read an EIP-2930 access list."""
    return tuple(list_of(_access_list_entry, _MAX_ACCESS_LIST)(value))


def _access_list_entry(value: Any) -> AccessListEntry:
    fields = mapping(value)
    owner = field(fields, "address", address)
    if owner is None:
        raise Malformed("an access list entry has no address")
    return AccessListEntry(owner, tuple(field(fields, "storageKeys", list_of(slot, _MAX_ACCESS_LIST), [])))


def state_overrides(value: Any) -> dict[bytes, StateOverride]:
    """Read geth's state overrides: address → what to put in its place."""
    return {address(key): _state_override(each) for key, each in mapping(value).items()}


def _state_override(value: Any) -> StateOverride:
    fields = mapping(value)
    unknown = set(fields) - {"balance", "nonce", "code", "state", "stateDiff"}
    if unknown:
        raise Malformed(f"state override {show(min(unknown))} is not supported")
    if fields.get("state") is not None and fields.get("stateDiff") is not None:
        raise Malformed("state and stateDiff exclude each other")
    return StateOverride(
        balance=field(fields, "balance", quantity),
        nonce=field(fields, "nonce", uint64),
        code=field(fields, "code", data),
        state=field(fields, "state", _slots),
        state_diff=field(fields, "stateDiff", _slots),
    )


def _slots(value: Any) -> dict[int, int]:
    return {slot(key): int.from_bytes(hash32(each), "big") for key, each in mapping(value).items()}


@dataclass(frozen=True, slots=True)
class BlockOverrides:
    """What a call sees instead of its block's own values; None leaves one as it is."""

    number: int | None = None
    time: int | None = None
    gas_limit: int | None = None
    fee_recipient: bytes | None = None
    base_fee_per_gas: int | None = None

    def apply(self, context: BlockContext) -> BlockContext:
        """The context with the overrides in force."""
        parent = context.parent if self.number is None else replace(context.parent, number=self.number - 1)
        return replace(
            context,
            parent=parent,
            timestamp=context.timestamp if self.time is None else self.time,
            gas_limit=context.gas_limit if self.gas_limit is None else self.gas_limit,
            fee_recipient=context.fee_recipient if self.fee_recipient is None else self.fee_recipient,
            base_fee_per_gas=context.base_fee_per_gas if self.base_fee_per_gas is None else self.base_fee_per_gas,
        )


def block_overrides(value: Any) -> BlockOverrides:
    """Read geth's block overrides."""
    fields = mapping(value)
    for name in _UNSUPPORTED_OVERRIDES:
        if fields.get(name) is not None:
            raise Malformed(f"block override {name} is not supported: this chain's blocks hold a constant there")
    return BlockOverrides(
        number=field(fields, "number", uint64),
        time=field(fields, "time", uint64, field(fields, "timestamp", uint64)),
        gas_limit=field(fields, "gasLimit", uint64),
        fee_recipient=field(fields, "feeRecipient", address, field(fields, "coinbase", address)),
        base_fee_per_gas=field(fields, "baseFeePerGas", quantity, field(fields, "baseFee", quantity)),
    )
