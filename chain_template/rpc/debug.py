"""debug_: re-executing transactions under a tracer."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from chain_template.executor.interface import StateOverride
from chain_template.executor.pyevm.call_tracer import CallTracer
from chain_template.executor.pyevm.struct_tracer import StructLogOptions, StructTracer
from chain_template.executor.pyevm.tracing import EvmTracer
from chain_template.rpc.call_request import (
    BlockOverrides,
    CallObject,
    block_overrides,
    call_object,
    state_overrides,
)
from chain_template.rpc.errors import ServerError
from chain_template.rpc.eth_calls import site
from chain_template.rpc.format import hexstr
from chain_template.rpc.params import (
    LATEST,
    BlockId,
    Malformed,
    Param,
    block_id,
    block_number,
    boolean,
    field,
    hash32,
    mapping,
    show,
    text,
    uint64,
)
from chain_template.rpc.registry import Methods, Run
from chain_template.rpc.view import View
from chain_template.store.records import StoredBlock
from chain_template.transactions.types import Transaction

methods = Methods()

#: gas limit, deadline → tracer
TracerMaker = Callable[[int, float], EvmTracer]
_TRACERS = ("callTracer", "noopTracer")


@dataclass(frozen=True, slots=True)
class TraceCallOptions:
    """``debug_traceCall``'s third parameter."""

    make: TracerMaker
    state: Mapping[bytes, StateOverride] | None
    block: BlockOverrides | None


def trace_options(value: Any) -> TracerMaker:
    """Read geth's trace config. ``timeout`` and ``reexec`` are accepted; the endpoint's own limits hold."""
    fields = mapping(value)
    name = field(fields, "tracer", text)
    config = field(fields, "tracerConfig", mapping, {})
    if name is None:
        options = _struct_options(fields)
        return lambda _, deadline: StructTracer(options, deadline)
    if name == "callTracer":
        with_logs = field(config, "withLog", boolean, False)
        only_top = field(config, "onlyTopCall", boolean, False)
        return lambda gas, deadline: CallTracer(gas, with_logs=with_logs, only_top=only_top, deadline=deadline)
    if name == "noopTracer":
        return lambda _, deadline: NoopTracer(deadline)
    raise Malformed(
        f"tracer {show(name)} is not available; choose one of: {', '.join(_TRACERS)}, or none for structLogs"
    )


class NoopTracer(EvmTracer):
    """Runs a transaction again and reports nothing: for measuring."""

    def result(self) -> dict[str, Any]:
        """An empty object."""
        return {}


def _struct_options(fields: dict[str, Any]) -> StructLogOptions:
    return StructLogOptions(
        enable_memory=field(fields, "enableMemory", boolean, False),
        disable_stack=field(fields, "disableStack", boolean, False),
        disable_storage=field(fields, "disableStorage", boolean, False),
        enable_return_data=field(fields, "enableReturnData", boolean, False),
        limit=field(fields, "limit", uint64, 0),
    )


def trace_call_options(value: Any) -> TraceCallOptions:
    """Read the trace config of ``debug_traceCall``, which may carry overrides."""
    fields = mapping(value)
    return TraceCallOptions(
        trace_options(fields),
        field(fields, "stateOverrides", state_overrides),
        field(fields, "blockOverrides", block_overrides),
    )


def _struct_logs(_: int, deadline: float) -> EvmTracer:
    return StructTracer(StructLogOptions(), deadline)


_OPTIONS = Param("options", trace_options, optional=True, default=_struct_logs)


@methods("debug_traceTransaction", Param("transactionHash", hash32), _OPTIONS, run=Run.POOL)
def trace_transaction(view: View, tx_hash: bytes, make: TracerMaker) -> Any:
    """What a transaction did, step by step or call by call."""
    found = view.snapshot.transaction(tx_hash)
    if found is None:
        raise ServerError("transaction not found", hint="only transactions in a block can be traced")
    block = view.snapshot.block(found[1].block_number)
    assert block is not None
    return _trace(view, block, make, tx_hash)[0]


@methods("debug_traceBlockByNumber", Param("block", block_number), _OPTIONS, run=Run.POOL)
def trace_block_by_number(view: View, block: BlockId, make: TracerMaker) -> list[Any]:
    """What each transaction of a block did."""
    return _trace_block(view, view.block(block), make)


@methods("debug_traceBlockByHash", Param("blockHash", hash32), _OPTIONS, run=Run.POOL)
def trace_block_by_hash(view: View, block_hash: bytes, make: TracerMaker) -> list[Any]:
    """What each transaction of a block did."""
    return _trace_block(view, view.snapshot.block_by_hash(block_hash), make)


@methods(
    "debug_traceCall",
    Param("transaction", call_object),
    Param("block", block_id, optional=True, default=LATEST),
    Param("options", trace_call_options, optional=True, default=TraceCallOptions(_struct_logs, None, None)),
    run=Run.POOL,
)
def trace_call(view: View, wanted: CallObject, block: BlockId, options: TraceCallOptions) -> Any:
    """What a call would do."""
    wanted.check(view.config)
    here = site(view, block, options.state, options.block)
    request = wanted.request(here.context.base_fee_per_gas, here.gas_cap)
    assert request.gas_limit is not None
    tracer = options.make(request.gas_limit, view.deadline)
    here.run(request, tracer)
    return tracer.result()


def _trace_block(view: View, block: StoredBlock | None, make: TracerMaker) -> list[Any]:
    if block is None:
        raise ServerError("block not found")
    if block.header.number == 0:
        raise ServerError("genesis is not traceable")
    view.require_history(block.header.number, block.header.number)
    traces = _trace(view, block, make, None)
    return [
        {"txHash": hexstr(tx_hash), "result": trace}
        for tx_hash, trace in zip(block.transaction_hashes, traces, strict=True)
    ]


def _trace(view: View, block: StoredBlock, make: TracerMaker, only: bytes | None) -> list[Any]:
    """Re-execute a block as far as needed, watching one transaction or all."""
    transactions = list(block.transactions)
    if only is not None:
        transactions = transactions[: block.transaction_hashes.index(only) + 1]

    def tracer_for(tx: Transaction) -> EvmTracer | None:
        view.check_time()
        return make(tx.gas_limit, view.deadline) if only in (None, tx.hash) else None

    context = view.context_of(block.header)
    return view.backend.executor.trace(context, view.backend.store.nodes, transactions, tracer_for)
