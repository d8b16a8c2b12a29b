"""A node in memory behind a real HTTP client: nonces, a pool, receipts, calls; it can be lost at any request."""

import json
from dataclasses import dataclass, field

import httpx
import rlp
from eth_account import Account
from eth_hash.auto import keccak

from shared_bridge.node import Node

KEY = bytes.fromhex("ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80")
OWNER = Account.from_key(KEY).address


class Lost(Exception):
    """The node goes away."""


@dataclass
class FakeNode:
    """Answers JSON-RPC. ``calls`` maps (address, selector) to the bytes that ``eth_call`` returns."""

    chain_id: int = 9
    nonces: dict = field(default_factory=dict)
    balances: dict = field(default_factory=dict)
    codes: dict = field(default_factory=dict)
    calls: dict = field(default_factory=dict)
    methods: dict = field(default_factory=dict)
    pool: dict = field(default_factory=dict)
    receipts: dict = field(default_factory=dict)
    handed_in: list = field(default_factory=list)
    mining: bool = True
    # Called with the method before and after it is answered; may raise Lost.
    before: object = None
    after: object = None

    def handler(self, request):
        body = json.loads(request.content)
        single = isinstance(body, dict)
        try:
            answers = [self._answer(each) for each in ([body] if single else body)]
        except Lost as error:
            raise httpx.ConnectError("connection lost") from error
        return httpx.Response(200, json=answers[0] if single else answers)

    def _answer(self, request):
        method, params = request["method"], request.get("params", [])
        if self.before:
            self.before(method)
        try:
            outcome = {"result": self.answer(method, params)}
        except Refusal as error:
            outcome = {"error": error.args[0]}
        if self.after:
            self.after(method)
        return {"jsonrpc": "2.0", "id": request["id"], **outcome}

    def answer(self, method, params):
        if method in self.methods:
            return self.methods[method](*params)
        return getattr(self, method)(*params)

    def eth_chainId(self):
        return hex(self.chain_id)

    def eth_getTransactionCount(self, address, tag):
        return hex(self.nonces.get(address.lower(), 0))

    def eth_getBlockByNumber(self, tag, full):
        return {"baseFeePerGas": "0x1", "timestamp": "0x1"}

    def eth_maxPriorityFeePerGas(self):
        return "0x1"

    def eth_estimateGas(self, tx):
        return "0x5208"

    def eth_getBalance(self, address, tag):
        return hex(self.balances.get(address.lower(), 10**18))

    def eth_getCode(self, address, tag):
        return self.codes.get(address.lower(), "0x")

    def eth_call(self, tx, tag):
        key = (tx["to"].lower(), tx["data"][2:10])
        if key not in self.calls:
            raise Refusal({"code": 3, "message": "execution reverted", "data": "0x"})
        answer = self.calls[key]
        if isinstance(answer, Refusal):
            raise answer
        return "0x" + answer.hex()

    def eth_sendRawTransaction(self, raw):
        data = bytes.fromhex(raw[2:])
        tx_hash = "0x" + keccak(data).hex()
        if tx_hash in self.pool:
            raise Refusal({"code": -32000, "message": "already known"})
        sender = Account.recover_transaction(raw).lower()
        nonce = int.from_bytes(rlp.decode(data[1:])[1])
        if nonce < self.nonces.get(sender, 0):
            raise Refusal({"code": -32000, "message": "nonce too low"})
        self.nonces[sender] = nonce + 1
        self.pool[tx_hash] = data
        self.handed_in.append(tx_hash)
        if self.mining:
            self.mine()
        return tx_hash

    def mine(self):
        for tx_hash in self.pool:
            self.receipts.setdefault(tx_hash, len(self.receipts) + 1)

    def eth_getTransactionReceipt(self, tx_hash):
        if tx_hash not in self.receipts:
            return None
        return {
            "transactionHash": tx_hash,
            "blockNumber": hex(self.receipts[tx_hash]),
            "blockHash": "0x" + "ab" * 32,
            "status": "0x1",
            "gasUsed": "0x1",
            "effectiveGasPrice": "0x1",
            "contractAddress": None,
            "logs": [],
        }

    def eth_getTransactionByHash(self, tx_hash):
        return {"hash": tx_hash} if tx_hash in self.pool else None


class Refusal(Exception):
    """A JSON-RPC error object."""


def node_of(fake, name="L1", receipt_timeout_s=0.2):
    """A node of the library that talks to a fake."""
    node = Node(name, "http://fake", receipt_timeout_s=receipt_timeout_s, retries=0)
    node.client.close()
    node.client._http = httpx.Client(transport=httpx.MockTransport(fake.handler))
    return node
