"""A chain with a real store, whose blocks a test makes one by one; accounts are funded by L1 operations."""

from eth_account import Account

from chain_template.config import BatchSettings, ChainConfig, GenesisSettings, L1Link, OperatorKeys
from chain_template.executor import make_executor
from chain_template.executor.interface import BlockContext, ChainRules, Included
from chain_template.genesis import build_genesis
from chain_template.headers import next_base_fee
from chain_template.primitives import keccak
from chain_template.store import Store
from chain_template.store.records import L1Cursor, PriorityOperation
from chain_template.transactions.stored import decode_block_transaction
from contracts.genesis import eth_asset_id
from contracts.messages import L2CanonicalTransaction

CHAIN_ID = 271
L1_CHAIN_ID = 31337
GWEI = 10**9
ETHER = 10**18
START = 1_700_000_000
ALICE = Account.from_key("0x" + "a1" * 32)
BOB = Account.from_key("0x" + "b0" * 32)


def raw_address(account):
    return bytes.fromhex(account.address[2:])


def make_config(directory, **settings):
    fields = {
        "name": "alpha",
        "chain_id": CHAIN_ID,
        "data_dir": directory,
        "genesis": GenesisSettings(timestamp=START),
        "fee_recipient": "0x" + "fe" * 20,
        "l1": L1Link(
            url="http://127.0.0.1:1",
            l1_chain_id=L1_CHAIN_ID,
            bridgehub="0x" + "01" * 20,
            zk_chain="0x" + "02" * 20,
            validator_timelock="0x" + "03" * 20,
            base_token_asset_id="0x" + eth_asset_id(L1_CHAIN_ID).hex(),
        ),
        "operator_keys": OperatorKeys(committer="c1" * 32, prover="c2" * 32, executor="c3" * 32, reverter="c4" * 32),
        "batch": BatchSettings(max_age_ms=60_000),
        **settings,
    }
    return ChainConfig(**fields)


def operation(operation_id, to, value, *, data=b"", l1_block=1):
    gas_limit, price = 500_000, GWEI
    canonical = L2CanonicalTransaction(
        sender=raw_address(ALICE),
        to=to,
        gas_limit=gas_limit,
        max_fee_per_gas=price,
        nonce=operation_id,
        value=value,
        mint_value=value + gas_limit * price,
        refund_recipient=to,
        data=data,
    ).encode()
    return PriorityOperation(
        operation_id, keccak(canonical), canonical, l1_block, keccak(b"block %d" % l1_block), keccak(canonical)
    )


class StoredChain:
    def __init__(self, config):
        self.config = config
        self.store = Store.open(config.data_dir, config.chain_id, build_genesis(config))
        self.executor = make_executor("native", ChainRules(config.chain_id))
        self.nonces = {}
        self.time = START

    def request(self, *operations):
        last = operations[-1]
        self.store.add_priority_operations(list(operations), L1Cursor(last.l1_block_number, last.l1_block_hash))

    def fund(self, *accounts):
        first = len(self._known_operations())
        self.request(*(operation(first + at, raw_address(account), 100 * ETHER) for at, account in enumerate(accounts)))
        return self.block()

    def _known_operations(self):
        with self.store.snapshot() as snapshot:
            return snapshot.priority_operations(0, 10_000)

    def call(self, account, to, data=b"", value=0, **fields):
        nonce = self.nonces.get(account.address, 0)
        self.nonces[account.address] = nonce + 1
        tx = {
            "type": 2,
            "chainId": self.config.chain_id,
            "nonce": nonce,
            "gas": 300_000,
            "maxFeePerGas": 10 * GWEI,
            "maxPriorityFeePerGas": 0,
            "value": value,
            "data": data,
            **({} if to is None else {"to": to}),
            **fields,
        }
        return bytes(account.sign_transaction(tx).raw_transaction)

    def block(self, *raw):
        """The next block: pending L1 operations, then these transactions."""
        with self.store.snapshot() as snapshot:
            parent = snapshot.head
            hashes = snapshot.block_hashes_before(parent.number + 1)
            operations = snapshot.pending_priority_operations(1_000)
        self.time += 1
        context = BlockContext(
            parent=parent,
            timestamp=self.time,
            fee_recipient=bytes.fromhex(self.config.fee_recipient[2:]),
            gas_limit=self.config.block.gas_limit,
            base_fee_per_gas=next_base_fee(parent, self.config.fees.min_base_fee_wei),
            block_hashes=hashes,
        )
        items = [b"\x7f" + operation.canonical for operation in operations] + list(raw)
        builder = self.executor.begin_block(context, self.store.nodes)
        for outcome in builder.apply([decode_block_transaction(item, self.config.chain_id) for item in items]):
            assert isinstance(outcome, Included), outcome.error
        block = builder.seal()
        self.store.commit_block(block, {})
        return block
