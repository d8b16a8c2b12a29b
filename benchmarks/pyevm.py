"""Transfers a second through the reference executor on py-evm, against eth-tester's py-evm backend.

Ours: blocks of 200 signed transfers, decoded, executed, sealed and committed to the store on disk, as a chain does it.
Peer: the same number of transfers sent to eth-tester, which executes each and mines it at once.
"""

import tempfile
import time
from pathlib import Path

from eth_account import Account

from benchmarks.measure import Figure, in_turn, median

TRANSFERS = 400
RUNS = 5


def _ours() -> float:
    from chain_template.executor.interface import BlockContext, ChainRules
    from chain_template.executor.pyevm import PyEvmExecutor
    from chain_template.genesis import genesis_block
    from chain_template.store import Store
    from chain_template.transactions import decode_transaction
    from contracts.genesis import GenesisAccount

    keys = [Account.from_key(i.to_bytes(32, "big")) for i in range(1, 21)]
    premine = [GenesisAccount(bytes.fromhex(key.address[2:]), b"", balance=10**21, nonce=0) for key in keys]
    raws = [
        bytes(key.sign_transaction(_transfer(nonce, 271)).raw_transaction)
        for nonce in range(TRANSFERS // len(keys))
        for key in keys
    ]
    genesis = genesis_block(premine, timestamp=1, gas_limit=100_000_000, base_fee_per_gas=10**8)
    executor = PyEvmExecutor(ChainRules(271))
    with tempfile.TemporaryDirectory() as directory:
        store = Store.open(Path(directory), 271, genesis)
        began = time.perf_counter()
        for start in range(0, TRANSFERS, 200):
            with store.snapshot() as snapshot:
                parent = snapshot.head
                hashes = snapshot.block_hashes_before(parent.number + 1)
            context = BlockContext(parent, parent.timestamp + 1, b"\xfe" * 20, 100_000_000, 10**8, hashes)
            builder = executor.begin_block(context, store.nodes)
            builder.apply([decode_transaction(raw, 271) for raw in raws[start : start + 200]])
            block = builder.seal()
            if len(block.transactions) != 200:
                raise RuntimeError("a transfer was not included: the figure would lie")
            store.commit_block(block, {})
        seconds = time.perf_counter() - began
        store.close()
    return TRANSFERS / seconds


def _peer() -> float:
    from eth_tester import EthereumTester, PyEVMBackend

    tester = EthereumTester(PyEVMBackend())
    sender, *_ = tester.get_accounts()
    began = time.perf_counter()
    for nonce in range(TRANSFERS):
        tester.send_transaction(
            {
                "from": sender,
                "to": f"0x{0x1000 + nonce:040x}",
                "value": 1,
                "gas": 21_000,
                "max_fee_per_gas": 10**10,
                "max_priority_fee_per_gas": 1,
            }
        )
    return TRANSFERS / (time.perf_counter() - began)


def _transfer(nonce: int, chain_id: int) -> dict[str, object]:
    return {
        "type": 2,
        "chainId": chain_id,
        "nonce": nonce,
        "gas": 21_000,
        "maxFeePerGas": 10**9,
        "maxPriorityFeePerGas": 1,
        "to": (0x1000 + nonce).to_bytes(20, "big"),
        "value": 1,
        "data": b"",
    }


def figures() -> list[Figure]:
    ours, peer = in_turn(_ours, _peer, RUNS)
    return [
        Figure(
            name="transfers through the py-evm executor",
            unit="transfers/s",
            better="higher",
            ours=median(ours),
            peer=median(peer),
            peer_name="eth-tester, py-evm backend",
            samples={"ours": ours, "peer": peer},
            notes=f"{TRANSFERS} transfers a run; ours in blocks of 200, committed to disk; the peer mines each alone",
        )
    ]
