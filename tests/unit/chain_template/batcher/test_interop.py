"""What a batch sends to other chains and which roots it relies on: computed by the batcher and by the program alike."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain_template.batcher.batch_input import decode_batch_input
from chain_template.batcher.batch_program import run
from chain_template.batcher.commit_info import StoredClaim
from chain_template.batcher.interop import (
    INTEROP_FLOW_TOPIC,
    INTEROP_ROOT_ADDED_TOPIC,
    MalformedEvent,
    imported_roots,
    interop_events,
    interop_flows,
)
from chain_template.batcher.output import BatchTooLarge
from chain_template.batcher.reasons import Reason
from chain_template.batcher.sealing import MAX_INTEROP_FLOWS, MAX_INTEROP_ROOTS, MeasuredBlock, OpenBatch, SealReason
from chain_template.config import BatchSettings, BlockSettings
from chain_template.errors import BatchInputError
from chain_template.executor.pubdata_bound import LOG_BYTES, SLOT_BYTES
from chain_template.primitives import keccak
from chain_template.receipts import Log, Receipt
from chain_template.transactions.system import system_transaction
from contracts.codec import abi_encode
from contracts.genesis import L2_INTEROP_ROOT_STORAGE, L2_NATIVE_TOKEN_VAULT
from contracts.messages import InteropFlow, InteropRoot, dependency_roots_rolling_hash, public_input
from shared_bridge.formats import InteropBundle, InteropCall, TransferData
from shared_bridge.interfaces import FINALIZE_DEPOSIT_L2, L2_ASSET_ROUTER
from tests.unit.chain_template.batcher.toy_chain import ALICE, BOB, CHAIN_ID, FALSE_VAULT_ADDRESS, ToyChain, word

NOBODY = "0x" + "00" * 20
ETH, GOLD = keccak(b"eth"), keccak(b"gold")


def add_root(block, root):
    data = keccak(b"addInteropRoot(uint256,uint256,bytes32[])")[:4]
    data += abi_encode(["uint256", "uint256", "bytes32[]"], list(root.as_tuple()))
    return system_transaction(CHAIN_ID, block, L2_INTEROP_ROOT_STORAGE, data).raw


def flow(chain, account, destination, asset, amount, vault=L2_NATIVE_TOKEN_VAULT):
    return chain.call(account, vault, word(destination) + asset + word(amount))


@pytest.fixture(scope="module")
def built():
    """Two blocks that send, import roots and pretend."""
    chain = ToyChain()
    chain.add(
        add_root(1, InteropRoot(31337, 4, (keccak(b"four"),))),
        flow(chain, ALICE, 300, GOLD, 7),
        flow(chain, BOB, 272, ETH, 5),
        flow(chain, BOB, 272, ETH, 1, vault=FALSE_VAULT_ADDRESS),
    )
    chain.add(
        add_root(2, InteropRoot(31337, 2, (keccak(b"two"),))),
        add_root(2, InteropRoot(31337, 9, (keccak(b"nine"),))),
        flow(chain, ALICE, 300, GOLD, 3),
        flow(chain, ALICE, 300, ETH, 2**255),
        flow(chain, ALICE, 301, ETH, 0),
    )
    return chain.batch(1, 2)


def test_flows_are_summed_and_sorted(built):
    expected = sorted([(272, ETH, 5), (300, GOLD, 10), (300, ETH, 2**255)])
    assert [item.as_tuple() for item in built.output.commit.interop_flows] == expected


def test_roots_are_folded_in_the_order_of_their_events(built):
    roots = built.output.dependency_roots
    assert [(root.chain_id, root.block_or_batch_number) for root in roots] == [(31337, 4), (31337, 2), (31337, 9)]
    assert roots[1].sides == (keccak(b"two"),)
    rolling = bytes(32)
    for root in roots:
        rolling = keccak(rolling + word(root.chain_id) + word(root.block_or_batch_number) + root.sides[0])
    assert built.output.commit.dependency_roots_rolling_hash == rolling == dependency_roots_rolling_hash(roots)


def test_the_program_arrives_at_the_same(built):
    assert run(built.batch_input, batch_number=1) == built.output


@pytest.mark.parametrize(
    "forge",
    [
        lambda commit: {"interop_flows": commit.interop_flows[1:]},
        lambda commit: {"interop_flows": (replace(commit.interop_flows[0], amount=6), *commit.interop_flows[1:])},
        lambda commit: {"interop_flows": commit.interop_flows[::-1]},
        lambda commit: {"interop_flows": (*commit.interop_flows, InteropFlow(400, ETH, 1))},
        lambda commit: {"dependency_roots_rolling_hash": bytes(32)},
    ],
)
def test_a_claim_that_differs_has_another_public_input(built, forge):
    commit = replace(built.output.commit, **forge(built.output.commit))
    before = built.output.prev_state_commitment
    claimed = public_input(before, commit.new_state_commitment, commit.batch_output_hash())
    assert claimed != run(built.batch_input).public_input == built.output.public_input


def test_leaving_out_a_root_or_a_transfer_changes_the_claim(built):
    given_input = decode_batch_input(built.batch_input)
    for block, transaction in ((0, 0), (1, 1)):
        kept = list(given_input.blocks[block].transactions)
        del kept[transaction]
        blocks = list(given_input.blocks)
        blocks[block] = replace(blocks[block], transactions=tuple(kept))
        assert run(replace(given_input, blocks=tuple(blocks)).encode()).public_input != built.output.public_input


def test_the_claim_survives_the_store(built):
    claim = StoredClaim.of(built.output)
    assert StoredClaim.from_json(claim.to_json()) == claim


def test_more_than_a_number_can_say_is_no_batch():
    chain = ToyChain()
    chain.add(flow(chain, ALICE, 300, GOLD, 2**256 - 1))
    fitting = chain.batch(1, 1)
    assert run(fitting.batch_input, batch_number=1) == fitting.output
    chain.add(flow(chain, ALICE, 300, GOLD, 1))
    with pytest.raises(BatchTooLarge):
        chain.batch(1, 2)
    block = decode_batch_input(fitting.batch_input).blocks[0]
    twice = replace(block, transactions=(*block.transactions, flow(ToyChainAt(1), ALICE, 300, GOLD, 1)))
    with pytest.raises(BatchInputError) as caught:
        run(replace(decode_batch_input(fitting.batch_input), blocks=(twice,)).encode())
    assert caught.value.reason == Reason.LIMIT


class ToyChainAt(ToyChain):
    """Signs with a nonce that is not the first."""

    def __init__(self, nonce):
        super().__init__()
        self.nonces = {ALICE.address: nonce}


def log(topics, data, address=L2_NATIVE_TOKEN_VAULT):
    return Log(address, topics, data)


def receipt(*logs):
    return Receipt(2, 1, 0, 0, 0, logs, bytes(256))


def test_only_the_two_events_of_the_two_contracts_count():
    true = log((INTEROP_FLOW_TOPIC, word(1), ETH), word(5))
    others = [
        log((), b""),
        log((ETH, word(1), ETH), word(5)),
        log((INTEROP_FLOW_TOPIC, word(1), ETH), word(5), address=L2_INTEROP_ROOT_STORAGE),
    ]
    assert interop_events([receipt(*others), receipt(true)]) == (true,)
    assert imported_roots([true]) == ()


pairs = st.tuples(st.integers(1, 4), st.sampled_from([ETH, GOLD]), st.integers(0, 3))


@given(st.lists(pairs, max_size=20))
def test_flows_against_a_plain_sum(sent):
    events = [log((INTEROP_FLOW_TOPIC, word(chain), asset), word(amount)) for chain, asset, amount in sent]
    expected = []
    for chain, asset in sorted({(chain, asset) for chain, asset, _ in sent}):
        total = sum(amount for *pair, amount in sent if pair == [chain, asset])
        expected += [InteropFlow(chain, asset, total)] if total else []
    assert list(interop_flows(events)) == expected


def measured(number, pairs=frozenset(), roots=0):
    return MeasuredBlock(
        number,
        b"",
        first_seen_ms=0,
        gas=1,
        transactions=1,
        logs=0,
        operations=0,
        flows=pairs,
        roots=roots,
        proof_share=0.0,
        pubdata_bound=1,
        measure_pubdata=lambda: 1,
    )


def test_a_batch_takes_only_so_many_roots():
    batch = OpenBatch(BatchSettings())
    batch.add(measured(1, roots=MAX_INTEROP_ROOTS))
    assert batch.refuses(measured(2, roots=1)) is SealReason.INTEROP_ROOTS
    assert batch.refuses(measured(2)) is None


def test_a_batch_takes_only_so_many_pairs():
    def block(number, first, count):
        return measured(number, frozenset((chain, ETH) for chain in range(first, first + count)))

    batch = OpenBatch(BatchSettings())
    batch.add(block(1, 0, MAX_INTEROP_FLOWS))
    assert batch.refuses(block(2, MAX_INTEROP_FLOWS, 1)) is SealReason.INTEROP_FLOWS
    assert batch.refuses(block(2, MAX_INTEROP_FLOWS - 1, 1)) is None, "a pair that is there already costs nothing"


def test_a_block_cannot_send_more_assets_than_a_batch_may() -> None:
    """Every flow is a call of a bundle, whose bytes are published: the block's pubdata ends before the flows do."""

    def message(calls: int) -> int:
        transfer = TransferData(NOBODY, NOBODY, NOBODY, 1, b"").encode()
        call = InteropCall(L2_ASSET_ROUTER, L2_ASSET_ROUTER, 0, FINALIZE_DEPOSIT_L2.encode(1, bytes(32), transfer))
        return len(InteropBundle(1, 2, bytes(32), NOBODY, NOBODY, (call,) * calls).encode())

    a_token, a_value = message(2) - message(1), message(0) + LOG_BYTES + SLOT_BYTES
    (bound,) = [rule.le for rule in BlockSettings.model_fields["max_pubdata_bytes"].metadata if hasattr(rule, "le")]
    assert bound // a_token < MAX_INTEROP_FLOWS
    # Value alone needs a bundle a chain, and each counts its sender's bundles in a slot.
    assert bound // a_value < MAX_INTEROP_FLOWS


@pytest.mark.parametrize(
    ("topics", "data"),
    [
        ((INTEROP_FLOW_TOPIC, word(1)), word(5)),
        ((INTEROP_FLOW_TOPIC, word(1), ETH, ETH), word(5)),
        ((INTEROP_FLOW_TOPIC, word(1), ETH), b""),
        ((INTEROP_FLOW_TOPIC, word(1), ETH), word(5) + b"\0"),
    ],
)
def test_a_flow_of_another_form_is_none(topics, data):
    with pytest.raises(MalformedEvent):
        interop_flows([log(topics, data)])


@pytest.mark.parametrize(
    "data",
    [b"", word(32), word(64) + word(0), word(32) + word(1), word(32) + word(0) + ETH, word(32) + word(1) + ETH[1:]],
)
def test_an_imported_root_of_another_form_is_none(data):
    with pytest.raises(MalformedEvent):
        imported_roots([log((INTEROP_ROOT_ADDED_TOPIC, word(1), word(2)), data, L2_INTEROP_ROOT_STORAGE)])
