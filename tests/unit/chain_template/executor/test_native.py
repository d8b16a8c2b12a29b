"""The C executor against py-evm: traces to the bit, witnesses, threads, and what it does when a node is missing."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from chain_template.errors import BatchError, CallTimeout, ChainError, MissingStateNode, TraceTooLarge
from chain_template.executor import make_executor
from chain_template.executor.interface import CallRequest, ChainRules, Executor, StateOverride
from chain_template.executor.pyevm.access_tracer import AccessTracer
from chain_template.executor.pyevm.call_tracer import CallTracer
from chain_template.executor.pyevm.struct_tracer import StructLogOptions, StructTracer
from chain_template.executor.pyevm.tracing import EvmTracer
from chain_template.transactions import decode_transaction
from contracts.genesis import GenesisAccount
from tests.support import CHAIN_ID, ETHER, KEYS, Bench, address_of, funded, sign

RULES = ChainRules(CHAIN_ID)
INNER, OUTER, LOOP = (bytes([0x60 + number]) * 20 for number in range(3))
#: Stores, logs, and reverts with a word when it was given one.
INNER_CODE = bytes.fromhex("5f54600101 5f55 60205f5fa1 36 6016 57 60205ff3 5b 5f35 5f52 60205ffd".replace(" ", ""))
_PUSH_INNER = "73" + INNER.hex()
OUTER_CODE = bytes.fromhex(
    "".join(
        [
            # BALANCE, EXTCODESIZE, EXTCODEHASH of somebody cold
            "73" + "99" * 20 + "31 50 73" + "98" * 20 + "3b 50 73" + "97" * 20 + "3f 50",
            # CALL with value, STATICCALL (which fails), DELEGATECALL, CALLCODE, a precompile, somebody without code
            "60205f5f5f6001" + _PUSH_INNER + "5a f1 50",
            "60205f5f5f" + _PUSH_INNER + "61ffff fa 50",
            "60205f60205f" + _PUSH_INNER + "61ffff f4 50",
            "60205f5f5f5f" + _PUSH_INNER + "61ffff f2 50",
            "60205f60205f6002 61ffff fa 50 3d 50",
            "5f5f5f5f5f73" + "96" * 20 + "5a f1 50",
            # More value than there is
            "5f5f5f5f7f" + "ff" * 32 + _PUSH_INNER + "5a f1 50",
            # CREATE of code that reverts, CREATE2 of code that goes well, twice: the second collides; too much value
            "64 5f5f5ffdfd 5f52 6005601b5f f0 50".replace("64 5f5f5ffdfd", "64" + "5f5f5ffdfd"),
            "63 60015ff3 5f52 6007 6004601c5f f5 50",
            "63 60015ff3 5f52 6007 6004601c5f f5 50",
            "5f 5f 5f f0 50 5f5f7f" + "ff" * 32 + "f0 50",
            # TSTORE, TLOAD, KECCAK256, EXP, MCOPY, RETURNDATACOPY, SLOAD, SSTORE to zero
            "6005 5f 5d 5f 5c 50 60405f20 50 6101ff 6003 0a 50 6020 5f 6040 5e 5f5f5f3e 5f54 50 5f 6001 55",
            # SELFDESTRUCT
            "73" + "95" * 20 + "ff",
        ]
    ).replace(" ", "")
)
ACCOUNTS = [
    GenesisAccount(INNER, INNER_CODE, {0: 41}, balance=7, nonce=1),
    GenesisAccount(OUTER, OUTER_CODE, {1: 9}, balance=ETHER, nonce=1),
    GenesisAccount(LOOP, bytes.fromhex("5b5f56"), nonce=1),
]
EVERYTHING = StructLogOptions(enable_memory=True, enable_return_data=True)
TRACERS: dict[str, Callable[[], EvmTracer]] = {
    "steps": lambda: StructTracer(EVERYTHING),
    "first steps": lambda: StructTracer(StructLogOptions(disable_stack=True, disable_storage=True, limit=7)),
    "calls": lambda: CallTracer(1_000_000, with_logs=True),
    "top call": lambda: CallTracer(1_000_000, with_logs=True, only_top=True),
    "accesses": AccessTracer,
}


@pytest.fixture(scope="module")
def bench() -> Bench:
    return Bench(RULES, funded(*ACCOUNTS))


def executors() -> tuple[Executor, Executor]:
    return make_executor("native", RULES), make_executor("pyevm", RULES)


def traced(executor: Executor, bench: Bench, raws: list[bytes], make: Callable[[], EvmTracer]) -> list[Any]:
    transactions = [decode_transaction(raw, CHAIN_ID) for raw in raws]
    return executor.trace(bench.context(), bench.nodes, transactions, lambda _: make())


@pytest.mark.parametrize("tracer", TRACERS)
def test_traces_are_those_of_py_evm(bench: Bench, tracer: str) -> None:
    raws = [
        sign(KEYS[0], 0, to=OUTER, gas=1_000_000, value=3),
        sign(KEYS[0], 1, to=INNER, data=b"\1", gas=100_000),
        sign(KEYS[1], 0, to=None, data=bytes.fromhex("60015f5500"), gas=100_000),
        sign(KEYS[1], 1, to=None, gas=100_000),
        sign(KEYS[1], 2, to=b"\x94" * 20, value=1),
        sign(KEYS[1], 3, to=(8).to_bytes(20, "big"), data=b"\1", gas=100_000),
    ]
    ours, theirs = (traced(executor, bench, raws, TRACERS[tracer]) for executor in executors())
    assert ours == theirs


@pytest.mark.parametrize("tracer", ["steps", "calls"])
def test_traces_are_those_of_py_evm_wherever_gas_runs_out(bench: Bench, tracer: str) -> None:
    native, pyevm = executors()
    full = traced(native, bench, [sign(KEYS[0], 0, to=OUTER, gas=1_000_000)], lambda: StructTracer(EVERYTHING))[0]
    starts = sorted({1_000_000 - entry["gas"] for entry in full["structLogs"] if entry["depth"] == 1})
    for used in starts[::3]:
        for gas in (used + 1, used + 150):
            raws = [sign(KEYS[0], 0, to=OUTER, gas=max(21_000, gas))]
            ours, theirs = (traced(executor, bench, raws, TRACERS[tracer]) for executor in (native, pyevm))
            for trace in (*ours, *theirs):
                for entry in trace.get("structLogs", []):
                    # What an opcode asks for in parts is refused at the first part, and the parts have no fixed order.
                    if "error" in entry:
                        del entry["gasCost"]
            assert ours == theirs, gas


@pytest.mark.parametrize("opcode", [*range(0x61), 0x80, 0x90, *range(0xA0, 0xA6), *range(0xF0, 0x100)])
def test_an_opcode_on_an_empty_stack_is_traced_alike(bench: Bench, opcode: int) -> None:
    raws = [sign(KEYS[0], 0, to=None, data=bytes([opcode]), gas=100_000)]
    ours, theirs = (traced(executor, bench, raws, TRACERS["steps"]) for executor in executors())
    assert ours == theirs


CALLS = {
    "plain": CallRequest(address_of(KEYS[0]), OUTER, value=3),
    "with little gas": CallRequest(address_of(KEYS[0]), OUTER, gas_limit=60_000),
    "that pays": CallRequest(address_of(KEYS[0]), INNER, gas_limit=100_000, gas_price=10**9),
    "that reverts": CallRequest(address_of(KEYS[0]), INNER, b"\1"),
    "a creation": CallRequest(address_of(KEYS[0]), None, bytes.fromhex("6001600c60003960016000f3") + b"\xfe"),
    "a creation of reserved code": CallRequest(address_of(KEYS[0]), None, bytes.fromhex("60ef5f5360015ff3")),
    "of too much": CallRequest(address_of(KEYS[0]), INNER, value=10**30),
    "without gas for itself": CallRequest(address_of(KEYS[0]), INNER, gas_limit=20_000),
    "that jumps nowhere": CallRequest(address_of(KEYS[0]), None, bytes.fromhex("5f56")),
    "of an undefined opcode": CallRequest(address_of(KEYS[0]), None, bytes.fromhex("5f0c")),
    "that pops nothing": CallRequest(address_of(KEYS[0]), None, bytes.fromhex("50")),
    "that fills the stack": CallRequest(address_of(KEYS[0]), None, bytes.fromhex("5b5f600056"), gas_limit=200_000),
    "that reads too much": CallRequest(address_of(KEYS[0]), None, bytes.fromhex("60015f5f3e")),
    "of a failing precompile": CallRequest(address_of(KEYS[0]), (8).to_bytes(20, "big"), b"\1"),
}
OVERRIDES = {
    INNER: StateOverride(balance=5, nonce=3, state_diff={0: 77}),
    OUTER: StateOverride(code=bytes.fromhex("600154 5f52 6002545f5260205ff3".replace(" ", "")), state={2: 3}),
    b"\x99" * 20: StateOverride(balance=1),
}


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("overrides", [{}, OVERRIDES], ids=["", "overridden"])
def test_calls_end_as_on_py_evm(bench: Bench, name: str, overrides: dict[bytes, StateOverride]) -> None:
    def outcome(executor: Executor) -> Any:
        try:
            return executor.call(bench.context(), bench.head.state_root, bench.nodes, CALLS[name], overrides)
        except ChainError as exc:
            return type(exc), exc.message

    ours, theirs = map(outcome, executors())
    assert ours == theirs


def test_a_call_that_never_ends_is_ended(bench: Bench) -> None:
    native, _ = executors()
    request = CallRequest(address_of(KEYS[0]), LOOP)
    began = time.monotonic()
    with pytest.raises(CallTimeout):
        context = bench.context(gas_limit=10**12)
        native.call(context, bench.head.state_root, bench.nodes, request, tracer=EvmTracer(began + 0.05))
    assert time.monotonic() - began >= 0.05
    with pytest.raises(TraceTooLarge):
        native.call(bench.context(), bench.head.state_root, bench.nodes, request, tracer=StructTracer(EVERYTHING))


def test_a_missing_node_is_named_and_costs_nothing_else(bench: Bench) -> None:
    native, _ = executors()
    root = bench.head.state_root
    lacking = {key: value for key, value in bench.nodes.items() if key != root}
    request = CallRequest(address_of(KEYS[0]), INNER)
    assert native.call(bench.context(), root, bench.nodes, request).error is None
    with pytest.raises(MissingStateNode, match=root.hex()):
        native.call(bench.context(), root, lacking, request)
    builder = native.begin_block(bench.context(), lacking)
    with pytest.raises(MissingStateNode, match=root.hex()):
        builder.apply([decode_transaction(sign(KEYS[0], 0, to=INNER, gas=90_000), CHAIN_ID)])
    assert native.call(bench.context(), root, bench.nodes, request).error is None


class _Broken(dict[bytes, bytes]):
    """A view that fails for a reason of its own."""

    def __getitem__(self, key: bytes) -> bytes:
        raise OSError("the disk is gone")


def test_an_error_of_the_view_comes_through(bench: Bench) -> None:
    native, _ = executors()
    with pytest.raises(OSError, match="the disk is gone"):
        native.call(bench.context(), bench.head.state_root, _Broken(), CallRequest(bytes(20), INNER))


class _Unknown(Sequence[bytes]):
    """Hashes of blocks that nobody vouches for."""

    def __len__(self) -> int:
        return 256

    def __getitem__(self, at: Any) -> Any:
        raise BatchError(f"no header leads to the hash {at + 1} blocks back")


def test_a_block_goes_on_without_a_transaction_that_asks_for_what_nobody_knows() -> None:
    asks = GenesisAccount(b"\x70" * 20, bytes.fromhex("6001 5f55 6001430340 50 00".replace(" ", "")), nonce=1)
    bench = Bench(RULES, funded(*ACCOUNTS, asks), timestamp=1)
    bench.headers.append(replace(bench.head, number=5))
    native, _ = executors()
    builder = native.begin_block(bench.context(block_hashes=_Unknown()), bench.nodes)
    before, asking, after = (
        decode_transaction(sign(KEYS[number], 0, to=to, gas=100_000), CHAIN_ID)
        for number, to in enumerate((INNER, asks.address, INNER))
    )
    builder.apply([before])
    with pytest.raises(BatchError, match="no header leads to the hash 1 blocks back"):
        builder.apply([asking])
    assert builder.gas_used > 0
    builder.apply([after])
    block = builder.seal()
    assert block.transactions == (before, after)
    without = native.begin_block(bench.context(), bench.nodes)
    without.apply([before, after])
    assert block.header == without.seal().header
    told_of_none = native.begin_block(bench.context(block_hashes=_Unknown()), bench.nodes)
    with pytest.raises(BatchError):
        told_of_none.apply([before, asking])
    with pytest.raises(RuntimeError, match="has failed"):
        told_of_none.seal()


def test_many_threads_share_one_executor(bench: Bench) -> None:
    native, _ = executors()
    expected = native.call(bench.context(), bench.head.state_root, bench.nodes, CALLS["plain"])
    raws = [sign(KEYS[number], 0, to=OUTER, gas=1_000_000) for number in range(4)]
    root = bench.run(*raws).header.state_root
    bench.headers.pop()
    wrong: list[object] = []

    def work() -> None:
        for _ in range(20):
            result = native.call(bench.context(), bench.head.state_root, bench.nodes, CALLS["plain"])
            builder = native.begin_block(bench.context(), bench.nodes)
            builder.apply([decode_transaction(raw, CHAIN_ID) for raw in raws])
            if result != expected or builder.seal().header.state_root != root:
                wrong.append(result)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_a_block_runs_in_one_thread_and_is_spent_when_sealed(bench: Bench) -> None:
    native, _ = executors()
    builder = native.begin_block(bench.context(), bench.nodes)
    builder.seal()
    with pytest.raises(RuntimeError, match="sealed"):
        builder.apply([])


def test_each_executors_witness_is_enough_for_the_other(bench: Bench) -> None:
    raws = [
        sign(KEYS[0], 0, to=OUTER, gas=1_000_000, value=3),
        sign(KEYS[1], 0, to=INNER, data=b"\1", gas=100_000),
        sign(KEYS[2], 0, to=None, data=bytes.fromhex("60015f5560026001553d3df3"), gas=200_000),
        sign(KEYS[3], 0, to=b"\x94" * 20, value=1),
    ]
    transactions = [decode_transaction(raw, CHAIN_ID) for raw in raws]

    def execute(executor: Executor, nodes: dict[bytes, bytes]) -> Any:
        builder = executor.begin_block(bench.context(), nodes)
        builder.apply(transactions)
        return builder.seal()

    native, pyevm = executors()
    ours, theirs = execute(native, bench.nodes), execute(pyevm, bench.nodes)
    assert ours.header == theirs.header and ours.receipts == theirs.receipts
    assert ours.new_nodes == {key: theirs.new_nodes[key] for key in ours.new_nodes}
    for block, other in ((ours, pyevm), (theirs, native)):
        witness = {key: bench.nodes[key] for key in block.nodes_read}
        assert execute(other, witness).header == ours.header
    assert ours.nodes_read == theirs.nodes_read
    assert ours.touched == theirs.touched
    assert ours.new_nodes == theirs.new_nodes
