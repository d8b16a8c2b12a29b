"""A chain in a dictionary: real genesis, real executor, no store and no clock."""

from eth_account import Account

from chain_template.batcher.build import BatchRules, ExecutionTrace, build_batch
from chain_template.batcher.interop import INTEROP_FLOW_TOPIC
from chain_template.batcher.output import BatchBlock
from chain_template.executor import make_executor
from chain_template.executor.interface import BlockContext, ChainRules, Included
from chain_template.genesis import genesis_block
from chain_template.headers import next_base_fee
from chain_template.primitives import L1_MESSENGER_ADDRESS
from chain_template.transactions.stored import decode_block_transaction
from contracts.codec import abi_encode
from contracts.genesis import L2_NATIVE_TOKEN_VAULT, GenesisAccount, ether, l2_genesis_accounts
from contracts.messages import DA_CALLDATA, L2CanonicalTransaction

CHAIN_ID = 271
L1_CHAIN_ID = 31337
GWEI = 10**9
MIN_BASE_FEE = GWEI // 10
START = 1_700_000_000
ALICE = Account.from_key("0x" + "a1" * 32)
BOB = Account.from_key("0x" + "b0" * 32)
FEE_RECIPIENT = b"\xfe" * 20

#: sstore(calldata[0], calldata[1])
STORE = bytes.fromhex("5f356020359055 00")
STORE_ADDRESS = b"\x51" * 20
#: sstore(0, blockhash(calldata[0]))
LOOK_BACK = bytes.fromhex("5f35405f5500")
LOOK_BACK_ADDRESS = b"\x1b" * 20
#: revert(0, 0)
REVERT = bytes.fromhex("5f5ffd")
REVERT_ADDRESS = b"\x4e" * 20
#: for i = calldata[0] down to 1: sstore(i, keccak(i)), each 65 bytes of pubdata
FILL = bytes.fromhex("5f355b805f5260205f2081556001900380600257 00")
FILL_ADDRESS = b"\xf1" * 20
#: log3(calldata[2], InteropFlow, calldata[0], calldata[1])
EMIT_FLOW = bytes.fromhex("6040355f52 602035 5f35 7f" + INTEROP_FLOW_TOPIC.hex() + "6020 5f a3 00")
FALSE_VAULT_ADDRESS = b"\xfa" * 20
#: Creation code of STORE: codecopy the eight bytes behind these, and return them.
CREATE_STORE = bytes.fromhex("60088060095f395ff3") + STORE

RULES = BatchRules(CHAIN_ID, L1_CHAIN_ID, DA_CALLDATA, MIN_BASE_FEE)


def word(value):
    return value.to_bytes(32, "big")


def send_message(text):
    return bytes.fromhex("62f84b24") + abi_encode(["bytes"], [text])


class ToyChain:
    def __init__(self, rules=RULES, more=()):
        self.rules = rules
        accounts = l2_genesis_accounts(CHAIN_ID, L1_CHAIN_ID, ether(L1_CHAIN_ID), bytes(20))
        # A vault that says whatever it is told to say: what the program makes of its events is tested here.
        accounts = [account for account in accounts if account.address != L2_NATIVE_TOKEN_VAULT]
        accounts += [
            GenesisAccount(L2_NATIVE_TOKEN_VAULT, EMIT_FLOW),
            GenesisAccount(FALSE_VAULT_ADDRESS, EMIT_FLOW),
            GenesisAccount(bytes.fromhex(ALICE.address[2:]), b"", balance=10**20, nonce=0),
            GenesisAccount(bytes.fromhex(BOB.address[2:]), b"", balance=10**20, nonce=0),
            GenesisAccount(STORE_ADDRESS, STORE, storage={1: 1, 2: 2, 3: 3}),
            GenesisAccount(LOOK_BACK_ADDRESS, LOOK_BACK),
            GenesisAccount(REVERT_ADDRESS, REVERT),
            GenesisAccount(FILL_ADDRESS, FILL),
            *more,
        ]
        genesis = genesis_block(accounts, timestamp=START, gas_limit=100_000_000, base_fee_per_gas=MIN_BASE_FEE)
        self.state = dict(genesis.nodes)
        self.headers = [genesis.header]
        self.blocks = {}
        self.traces = {}
        self.nonces = {}
        self.executor = make_executor("native", ChainRules(CHAIN_ID))

    def call(self, account, to, data=b"", value=0, **fields):
        nonce = self.nonces.get(account.address, 0)
        self.nonces[account.address] = nonce + 1
        tx = {
            "type": 2,
            "chainId": CHAIN_ID,
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

    def message(self, account, text):
        return self.call(account, L1_MESSENGER_ADDRESS, send_message(text))

    def store(self, account, slot, value):
        return self.call(account, STORE_ADDRESS, word(slot) + word(value))

    def deposit(self, operation_id, to, value, data=b"", mint=None):
        gas_limit, price = 500_000, GWEI
        canonical = L2CanonicalTransaction(
            sender=bytes.fromhex(ALICE.address[2:]),
            to=to,
            gas_limit=gas_limit,
            max_fee_per_gas=price,
            nonce=operation_id,
            value=value,
            mint_value=value + gas_limit * price if mint is None else mint,
            refund_recipient=b"\x4f" * 20,
            data=data,
        )
        return b"\x7f" + canonical.encode()

    def add(self, *raw, seconds=1, extra_data=b""):
        parent = self.headers[-1]
        context = BlockContext(
            parent=parent,
            timestamp=parent.timestamp + seconds,
            fee_recipient=FEE_RECIPIENT,
            gas_limit=100_000_000,
            base_fee_per_gas=next_base_fee(parent, MIN_BASE_FEE),
            block_hashes=[header.hash for header in reversed(self.headers[-256:])],
            extra_data=extra_data,
        )
        builder = self.executor.begin_block(context, self.state)
        transactions = [decode_block_transaction(item, CHAIN_ID) for item in raw]
        for outcome in builder.apply(transactions):
            assert isinstance(outcome, Included), outcome.error
        block = builder.seal()
        self.state.update(block.new_nodes)
        self.headers.append(block.header)
        number = block.header.number
        self.blocks[number] = BatchBlock.of(block)
        self.traces[number] = ExecutionTrace(block.nodes_read, block.touched)
        return block

    def batch(self, first, last, number=1):
        numbers = range(first, last + 1)
        return build_batch(
            self.rules,
            number,
            state=self.state,
            parent=self.headers[first - 1],
            blocks=[self.blocks[n] for n in numbers],
            traces=[self.traces[n] for n in numbers],
            header_at=lambda n: self.headers[n],
        )
