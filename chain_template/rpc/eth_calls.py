"""eth_: calls that leave no trace, and how much gas a transaction needs."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from chain_template.errors import InsufficientFunds
from chain_template.executor.interface import BlockContext, CallRequest, CallResult, StateOverride
from chain_template.executor.pyevm.access_tracer import AccessTracer
from chain_template.executor.pyevm.call_tracer import revert_reason
from chain_template.executor.pyevm.tracing import EvmTracer
from chain_template.rpc.call_request import (
    BlockOverrides,
    CallObject,
    block_overrides,
    call_object,
    state_overrides,
)
from chain_template.rpc.errors import ExecutionReverted, ServerError
from chain_template.rpc.format import Json, hexstr, word
from chain_template.rpc.params import LATEST, PENDING, BlockId, Param, block_id
from chain_template.rpc.registry import Methods, Run
from chain_template.rpc.view import View
from chain_template.transactions.intrinsic import TX_GAS, intrinsic_gas
from chain_template.transactions.types import AccessListEntry

methods = Methods()

_CALL = Param("transaction", call_object)
_STATE = Param("stateOverrides", state_overrides, optional=True)
_BLOCK_OVERRIDES = Param("blockOverrides", block_overrides, optional=True)
#: EIP-150 keeps 1/64 of the gas back from a call, and a call with value needs the stipend it gives away.
_STIPEND: Final = 2_300
#: The search ends when the bounds are this close; geth's own tolerance.
_TOLERANCE: Final = 0.015
_PRECOMPILES: Final = frozenset(number.to_bytes(20, "big") for number in range(1, 11))
_MAX_ACCESS_LIST_ROUNDS: Final = 8


@dataclass(frozen=True)
class Site:
    """Where a call runs: a block's environment and state, with the caller's overrides."""

    view: View
    context: BlockContext
    state_root: bytes
    overrides: Mapping[bytes, StateOverride]

    @property
    def gas_cap(self) -> int:
        """Most gas a call may use here."""
        return min(self.view.config.rpc.call_gas_limit, self.context.gas_limit)

    def run(self, request: CallRequest, tracer: EvmTracer | None = None) -> CallResult:
        """Run a call, stopped when the request's time is up."""
        return self.view.backend.executor.call(
            self.context,
            self.state_root,
            self.view.backend.store.nodes,
            request,
            self.overrides,
            tracer=EvmTracer(self.view.deadline) if tracer is None else tracer,
        )

    def balance(self, owner: bytes) -> int:
        """What an account can spend, a balance override counted in."""
        override = self.overrides.get(owner)
        if override is not None and override.balance is not None:
            return override.balance
        return self.view.state_at(self.state_root).balance(owner)

    def has_code(self, owner: bytes) -> bool:
        """Whether an account is a contract here, a code override counted in."""
        override = self.overrides.get(owner)
        if override is not None and override.code is not None:
            return bool(override.code)
        return bool(self.view.state_at(self.state_root).code(owner))


def site(
    view: View, block: BlockId, state: Mapping[bytes, StateOverride] | None, overrides: BlockOverrides | None
) -> Site:
    """Where a call on ``block`` runs.

    Raises:
        ServerError: There is no such block.
    """
    context = view.context(block)
    if overrides is not None:
        context = overrides.apply(context)
    return Site(view, context, view.header(block).state_root, state or {})


@methods(
    "eth_call", _CALL, Param("block", block_id, optional=True, default=LATEST), _STATE, _BLOCK_OVERRIDES, run=Run.POOL
)
def call(
    view: View,
    wanted: CallObject,
    block: BlockId,
    state: Mapping[bytes, StateOverride] | None,
    overrides: BlockOverrides | None,
) -> str:
    """Run a call on a block's state; returns what it returned."""
    wanted.check(view.config)
    here = site(view, block, state, overrides)
    result = here.run(wanted.request(here.context.base_fee_per_gas, here.gas_cap))
    raise_failure(result)
    return hexstr(result.output)


@methods(
    "eth_estimateGas",
    _CALL,
    Param("block", block_id, optional=True, default=PENDING),
    _STATE,
    _BLOCK_OVERRIDES,
    run=Run.POOL,
)
def estimate_gas(
    view: View,
    wanted: CallObject,
    block: BlockId,
    state: Mapping[bytes, StateOverride] | None,
    overrides: BlockOverrides | None,
) -> str:
    """The gas limit a transaction needs: never too little, at most 1.5 % too much."""
    wanted.check(view.config)
    return hex(search_gas(site(view, block, state, overrides), wanted))


def search_gas(here: Site, wanted: CallObject) -> int:
    """The least gas limit with which a call succeeds, to within the tolerance.

    Raises:
        ExecutionReverted: It reverts however much gas it has.
        ServerError: It fails otherwise even with all the gas it may have.
        TransactionError: It could not even start.
    """
    if wanted.gas is not None and wanted.gas < TX_GAS:
        # A limit that no transaction could have is none: some wallets send one.
        wanted = replace(wanted, gas=None)
    request = wanted.request(here.context.base_fee_per_gas, here.gas_cap)
    high = _affordable(here, request, wanted.fee_cap)
    if high < intrinsic_gas(request.data, is_create=request.to is None, access_list=request.access_list):
        raise ServerError(f"gas required exceeds allowance ({high})")
    # A plain transfer: its cost is known, and one run shows that it goes through.
    plain = request.to is not None and not request.data and not request.access_list and not here.has_code(request.to)
    if plain and high >= TX_GAS and here.run(replace(request, gas_limit=TX_GAS)).error is None:
        return TX_GAS
    full = here.run(replace(request, gas_limit=high))
    if full.error is not None:
        if not full.reverted and full.error == "out of gas":
            raise ServerError(f"gas required exceeds allowance ({high})")
        raise_failure(full)

    def enough(gas: int) -> bool:
        return here.run(replace(request, gas_limit=gas)).error is None

    # One run with little to spare nearly always settles the upper bound: what was used, what EIP-150 holds back at
    # every depth, and the stipend.
    low, guess = full.gas_used - 1, (full.gas_used + _STIPEND) * 64 // 63
    if guess < high:
        if enough(guess):
            high = guess
        else:
            low = guess
    while low + 1 < high and (high - low) / high > _TOLERANCE:
        # Most calls need about what they used: look low first.
        middle = min((low + high) // 2, 2 * low)
        if enough(middle):
            high = middle
        else:
            low = middle
    return high


def _affordable(here: Site, request: CallRequest, fee_cap: int) -> int:
    """Most gas the sender can pay for at the most it offers.

    Raises:
        InsufficientFunds: Not even the value.
    """
    assert request.gas_limit is not None
    if not fee_cap:
        return request.gas_limit
    balance = here.balance(request.sender)
    if balance < request.value:
        raise InsufficientFunds(
            f"insufficient funds for gas * price + value: address {hexstr(request.sender)} "
            f"have {balance} want {request.value}",
            balance=balance,
            cost=request.value,
        )
    return min(request.gas_limit, (balance - request.value) // fee_cap)


@methods(
    "eth_createAccessList",
    _CALL,
    Param("block", block_id, optional=True, default=PENDING),
    _STATE,
    run=Run.POOL,
)
def create_access_list(
    view: View, wanted: CallObject, block: BlockId, state: Mapping[bytes, StateOverride] | None
) -> Json:
    """The accounts and slots a transaction touches (EIP-2930), and its gas when it names them."""
    wanted.check(view.config)
    here = site(view, block, state, None)
    request = wanted.request(here.context.base_fee_per_gas, here.gas_cap)
    for _ in range(_MAX_ACCESS_LIST_ROUNDS):
        tracer = AccessTracer(view.deadline)
        result = here.run(request, tracer)
        found = _access_list(tracer, request)
        if found == request.access_list:
            break
        # Naming an account changes gas, and what code does may hang on gas: until nothing changes any more.
        request = replace(request, access_list=found)
    shown: Json = {
        "accessList": [
            {"address": hexstr(entry.address), "storageKeys": [word(slot) for slot in entry.slots]}
            for entry in request.access_list
        ],
        "gasUsed": hex(result.gas_used),
    }
    if result.error is not None:
        shown["error"] = result.error
    return shown


def _access_list(tracer: AccessTracer, request: CallRequest) -> tuple[AccessListEntry, ...]:
    """What was touched, without what is warm anyway: sender, callee and precompiles, unless slots are named."""
    warm = _PRECOMPILES | {request.sender} | ({request.to} if request.to is not None else set())
    named = {entry.address: list(entry.slots) for entry in request.access_list}
    for account, slots in tracer.result().items():
        known = named.setdefault(account, [])
        known.extend(slot for slot in slots if slot not in known)
    return tuple(
        AccessListEntry(account, tuple(slots)) for account, slots in named.items() if slots or account not in warm
    )


def raise_failure(result: CallResult) -> None:
    """Turn a failed call into the error clients expect.

    Raises:
        ExecutionReverted: It reverted; ``data`` is what it returned, which clients decode.
        ServerError: It ended in another way.
    """
    if result.error is None:
        return
    if result.reverted:
        reason = revert_reason(result.output)
        message = f"{result.error}: {reason}" if reason else result.error
        raise ExecutionReverted(message, data=hexstr(result.output))
    raise ServerError(result.error)
