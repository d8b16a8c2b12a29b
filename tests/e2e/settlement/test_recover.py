"""A chain whose data is gone comes back from L1: the same state, and a store on which the chain goes on."""

import dataclasses
import json
import shutil

import pytest
import rlp
from click.testing import CliRunner
from eth_utils.address import to_checksum_address
from typer.main import get_command

from chain_template.config import BatchSettings
from chain_template.from_l1 import find_chain, genesis_from_l1, recover
from chain_template.genesis import build_genesis
from chain_template.primitives import EMPTY_CODE_HASH, EMPTY_TRIE_ROOT, to_int
from chain_template.rebuild import rebuild
from chain_template.rpc.errors import HistoryLost
from chain_template.settlement.on_l1 import ChainOnL1
from chain_template.store import Store
from contracts.abi import encode_call
from contracts.artifacts import load
from contracts.client import L1Client
from contracts.errors import L1RpcError
from ecosystem.cli.main import app
from tests.e2e.settlement.lab import CHAIN_ID, ETHER, OTHER, USER, wait_until

#: Stores its second word under its first.
SETTER = bytes.fromhex("60088060095f395ff3" + "6020356000355500")
#: Stores the hash of the block that its first word names.
HASHER = bytes.fromhex("60068060095f395ff3" + "5f35405f5500")


def word(value):
    return value.to_bytes(32, "big")


def settle(lab):
    """One batch of all blocks that are in none, executed on L1."""
    lab.node.settlement.seal_now()
    lab.wait_settled()


def some_life(lab):
    """Blocks with every kind of change, in several batches; returns the two contracts' addresses."""
    lab.receipt(lab.deposit(value=5 * ETHER).canonical_hash)
    setter = to_checksum_address(lab.send(None, data=SETTER).receipt.contract_address)
    hasher = to_checksum_address(lab.send(None, data=HASHER).receipt.contract_address)
    settle(lab)
    for slot, value in ((1, 7), (2, 2**255 + 1), (3, 5), (1, 0)):
        assert lab.send(setter, data=word(slot) + word(value)).receipt.status == 1
    settle(lab)
    # Made and destroyed at once: its money goes on, nothing of it stays.
    lab.send(None, value=9, data=b"\x73" + bytes.fromhex(OTHER.address[2:]) + b"\xff")
    lab.send(setter, data=word(3) + word(0))
    lab.send(
        to_checksum_address("0x" + "00" * 18 + "800a"),
        value=3,
        data=encode_call(load("L2BaseToken"), "withdraw", [OTHER.address]),
    )
    lab.send(to_checksum_address("0x" + "c0" * 20), value=1)
    lab.receipt(lab.deposit(to="0x" + "d1" * 20, value=ETHER // 3).canonical_hash)
    settle(lab)
    return setter, hasher


def outsider(lab):
    """What somebody finds who has L1's URL, the Bridgehub's address and the chain's id."""
    return ChainOnL1(lab.client, find_chain(lab.client, lab.ecosystem.bridgehub, CHAIN_ID))


def walk(nodes, root):
    """Number of trie nodes below a root, of accounts' storage too, and of codes."""

    def visit(reference, is_account_trie):
        if reference in (b"", EMPTY_TRIE_ROOT):
            return 0
        node = rlp.decode(nodes[reference]) if isinstance(reference, bytes) else reference
        if len(node) == 17:
            return 1 + sum(visit(child, is_account_trie) for child in node[:16])
        if node[0][0] >> 4 < 2:
            return 1 + visit(node[1], is_account_trie)
        if not is_account_trie:
            return 1
        _, _, storage, code = rlp.decode(node[1])
        if code != EMPTY_CODE_HASH:
            assert nodes[code]
        return 2 + visit(storage, False)

    return visit(root, True)


def test_a_chain_comes_back_from_l1_and_goes_on(make_embedded_lab, tmp_path):
    lab = make_embedded_lab(batch=BatchSettings(max_age_ms=3_600_000))
    lab.start()
    setter, hasher = some_life(lab)
    with lab.node.store.snapshot() as snapshot:
        head, batches = snapshot.head, snapshot.batches(1, 1000)
        operations = snapshot.priority_operations(0, 1000)
        leaves = [snapshot.l2_log_leaves(batch.number) for batch in batches]
    size = walk(lab.node.store.nodes, head.state_root)
    pubdata = [lab.node.store.batch_pubdata(batch.number) for batch in batches]
    lab.stop()
    shutil.rmtree(lab.config.data_dir)

    # An outsider needs nothing else; the recovery is stopped in the middle, and goes on.
    chain = outsider(lab)
    genesis = genesis_from_l1(chain, CHAIN_ID)
    assert genesis.header == build_genesis(lab.config).header
    directory = lab.config.data_dir
    assert len(batches) == 3

    class Stopped(Exception):
        pass

    def stop(number, last):
        assert last == len(batches)
        if number == 2:
            raise Stopped

    with pytest.raises(Stopped):
        recover(chain, CHAIN_ID, genesis, directory, told=stop)
    told = []
    found = recover(chain, CHAIN_ID, genesis, directory, told=lambda *progress: told.append(progress))
    assert (found.batch, found.adopted, found.header, found.waiting) == (len(batches), len(batches) - 2, head, 0)
    assert told == [(number, len(batches)) for number in range(3, len(batches) + 1)]
    again = recover(chain, CHAIN_ID, genesis, directory)
    assert again.is_here and again.adopted == 0 and again.header == head
    words = ["chain", "recover", str(CHAIN_ID), "--l1-url", lab.client.url, "--bridgehub", lab.ecosystem.bridgehub]
    done = CliRunner().invoke(get_command(app), [*words, "--output", str(tmp_path / "elsewhere"), "--json"])
    assert done.exit_code == 0, done.output
    shown = json.loads(done.stdout)
    assert (shown["batch"], shown["taken_from_l1"], shown["block"]) == (len(batches), len(batches), head.number)
    assert shown["state_root"] == "0x" + head.state_root.hex()

    store = Store.open(directory, CHAIN_ID, genesis)
    store.verify()
    assert walk(store.nodes, head.state_root) == size
    with store.snapshot() as snapshot:
        assert snapshot.head == head
        assert snapshot.lost_blocks() == [(1, head.number)]
        for old, new, old_leaves in zip(batches, snapshot.batches(1, 1000), leaves, strict=True):
            same = ("first_block", "last_block", "public_input", "batch_output_hash", "l2_logs_root", "stage")
            assert [getattr(old, name) for name in same] == [getattr(new, name) for name in same]
            assert set(new.l1_transactions) == {"committed", "verified", "executed"}
            assert snapshot.l2_log_leaves(new.number) == old_leaves
        for old, new in zip(operations, snapshot.priority_operations(0, 1000), strict=True):
            assert dataclasses.replace(old, included_in=None) == dataclasses.replace(new, included_in=None)
            assert new.included_in >= old.included_in
    assert [store.batch_pubdata(batch.number) for batch in batches] == pubdata
    store.close()

    # The node goes on where the chain was.
    lab.start()
    assert lab.send(setter, data=word(4) + word(11)).receipt.status == 1
    lab.receipt(lab.deposit(value=1).canonical_hash)
    settle(lab)
    assert to_int(word(lab.state().storage(bytes.fromhex(setter[2:]), 4))) == 11
    # What L1 does not know is refused or left out, and said to be so.
    with L1Client(lab.node.rpc_url) as client:
        with pytest.raises(L1RpcError, match="recovered from L1") as refused:
            client.rpc("eth_getLogs", [{"fromBlock": "0x1", "toBlock": "latest"}])
        assert refused.value.code == HistoryLost.code
        with pytest.raises(L1RpcError, match="recovered from L1"):
            client.rpc("eth_getBlockByNumber", ["0x1", False])
        assert client.rpc("eth_getBalance", [OTHER.address, hex(head.number)]) == hex(9)
        assert client.rpc("eth_feeHistory", ["0xa", "latest", [50]])["oldestBlock"] == hex(head.number)
        assert client.rpc("zks_getL1BatchDetails", [1])["timestamp"] > 0
    lost = lab.node.submit(transaction(lab, hasher, head.number - 2))
    wait_until(lambda: len(lab.node.mempool) == 0, what="leaving it out")
    with lab.node.store.snapshot() as snapshot:
        assert snapshot.receipt(lost) is None
    assert lab.send(hasher, data=word(head.number)).receipt.status == 1
    assert word(lab.state().storage(bytes.fromhex(hasher[2:]), 0)) == head.hash
    settle(lab)
    assert lab.errors() == {}

    # Its log holds what was recovered: the database can be made anew without L1.
    with lab.node.store.snapshot() as snapshot:
        last, count = snapshot.head, snapshot.last_batch_number()
    lab.stop()
    for damaged in ("chain.db", "chain.db-wal", "chain.db-shm"):
        (directory / damaged).unlink(missing_ok=True)
    rebuilt = rebuild(lab.config)
    assert (rebuilt.blocks, rebuilt.batches) == (last.number, count)
    store = Store.open(directory, CHAIN_ID, genesis)
    store.verify()
    store.close()
    # And the log from the database.
    (directory / "blocks.log").unlink()
    store = Store.open(directory, CHAIN_ID, genesis)
    store.close()
    (directory / "chain.db").unlink()
    assert rebuild(lab.config).blocks == last.number


def transaction(lab, to, block_number):
    """A call of the hasher, signed."""
    nonce = lab.state().nonce(bytes.fromhex(USER.address[2:]))
    fields = {"type": 2, "chainId": CHAIN_ID, "nonce": nonce, "to": to, "gas": 100_000, "value": 0}
    fields |= {"maxFeePerGas": 10**10, "maxPriorityFeePerGas": 0, "data": word(block_number)}
    return bytes(USER.sign_transaction(fields).raw_transaction)
