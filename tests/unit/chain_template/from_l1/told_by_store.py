"""What L1 would show of a stored chain, all of whose batches it has: the very calls that commit them."""

from eth_utils.address import to_checksum_address

from chain_template.batcher.batcher import Batcher
from chain_template.config import BatchSettings
from chain_template.primitives import keccak
from chain_template.settlement.calls import claim_of, stored_batch
from chain_template.settlement.on_l1 import ChainOnL1, Counters, L1Block
from chain_template.store.records import BatchStage
from contracts.abi import encode_call
from contracts.client import L1Client, Log
from contracts.codec import abi_encode
from contracts.messages import L2CanonicalTransaction, encode_commit
from tests.unit.chain_template.batcher.stored_chain import ALICE, BOB, StoredChain, make_config
from tests.unit.chain_template.batcher.toy_chain import CREATE_STORE

VERIFIER = "0x" + "77" * 20
PROGRAM = b"\x01" * 32
HEAD = L1Block(100, b"\x64" * 32, 1_700_000_500, 10**9)


class Answers(L1Client):
    """Gives transactions; nothing else is asked of it."""

    def __init__(self, transactions):
        super().__init__("http://127.0.0.1:1")
        self.transactions = transactions

    def rpc(self, method, params=()):
        assert method == "eth_getTransactionByHash"
        data = self.transactions.get(params[0])
        return None if data is None else {"input": "0x" + data.hex(), "to": "0x" + "03" * 20}


class ToldByStore(ChainOnL1):
    """Reads a store as if it were L1; a test changes ``infos``, ``transactions`` or ``head_now`` to make L1 lie.

    Attributes:
        programs: (batch after whose verification it was set, version, verifier, program id), in order.
    """

    def __init__(self, chain, executed=None):
        super().__init__(Answers({}), chain.config.l1)
        with chain.store.snapshot() as snapshot:
            records = snapshot.batches(1, 10_000)
            self.stored = [stored_batch(snapshot, number) for number in range(len(records) + 1)]
            self.operations = snapshot.priority_operations(0, 10_000)
        self.infos = [claim_of(record).with_pubdata(chain.store.batch_pubdata(record.number)) for record in records]
        self.executed = len(records) if executed is None else executed
        self.head_now = HEAD
        self.programs = [(0, 29 << 32, VERIFIER, PROGRAM)]
        for number in range(1, len(records) + 1):
            self.commit_again(number)

    def commit_again(self, number):
        """Renew the transaction that commits a batch."""
        data = encode_commit(self.stored[number - 1], [self.infos[number - 1]])
        call = encode_call(self.timelock, "commitBatchesSharedBridge", [self.link.zk_chain, number, number, data])
        self.client.transactions[self.sent(number)] = call

    @staticmethod
    def sent(number):
        return "0x" + keccak(b"commit %d" % number).hex()

    def head(self, confirmations=0):
        return HEAD

    def block(self, number="latest"):
        return self.head_now

    def counters(self, at):
        count = len(self.infos)
        return Counters(at, count, self.executed, self.executed, self.stored[count].hash())

    def stored_batch_hash(self, batch_number):
        return self.stored[batch_number].hash() if batch_number < len(self.stored) else bytes(32)

    def settlement_transactions(self, last):
        return {(number, BatchStage.COMMITTED): self.sent(number) for number in range(1, len(self.infos) + 1)}

    def events(self, names, first, last):
        if "NewProgram" in names:
            return self._verifications()
        assert list(names) == ["NewPriorityRequest"]
        return [self._event(operation) for operation in self.operations] if first <= 1 <= last else []

    def _verifications(self):
        """The events that tell which batches were verified by which program."""
        found = []
        for number in range(self.executed + 1):
            if number:
                found.append(self._log("BlocksVerification", [number - 1, number], b""))
            for after, version, verifier, program in self.programs:
                if after == number:
                    data = abi_encode(["address", "bytes32"], [verifier, program])
                    found.append(self._log("NewProgram", [version], data))
        return found

    def _log(self, name, indexed, data):
        topics = (self.chain.event(name).topic, *(value.to_bytes(32, "big") for value in indexed))
        return Log(self.link.zk_chain, topics, data, 1, bytes(32), bytes(32), 0)

    def _event(self, operation):
        """The event that announces a request."""
        item = self.chain.event("NewPriorityRequest")
        transaction = L2CanonicalTransaction.decode(operation.canonical).as_tuple()
        given = {"txId": operation.operation_id, "txHash": operation.hash, "transaction": transaction}
        given |= {"expirationTimestamp": 0, "factoryDeps": []}
        kinds = [(entry, kind) for entry, kind in zip(item.inputs, item.input_types, strict=True)]
        assert not any(entry["indexed"] for entry, _ in kinds)
        data = abi_encode([kind for _, kind in kinds], [given[entry["name"]] for entry, _ in kinds])
        place = (operation.l1_block_number, operation.l1_block_hash, operation.l1_tx_hash)
        return Log(self.link.zk_chain, (item.topic,), data, *place, 0)


def new_chain(directory):
    chain = StoredChain(make_config(directory, batch=BatchSettings(max_age_ms=3_600_000)))
    chain.fund(ALICE, BOB)
    block = chain.block(chain.call(ALICE, None, CREATE_STORE))
    chain.store_address = to_checksum_address(block.receipts[0].contract_address)
    return chain


def seal(chain):
    batcher = Batcher(chain.config, chain.store, clock=lambda: chain.time)
    batcher.seal_now()
    assert batcher.step()
