"""Ethereum's general state tests against an executor: one transaction on a given state; root and logs compared."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import rlp

from chain_template.errors import TransactionError
from chain_template.executor.interface import BlockContext, ChainRules, Executor, Included
from chain_template.executor.pyevm import PyEvmExecutor
from chain_template.genesis import genesis_block
from chain_template.headers import BlockHeader
from chain_template.primitives import EMPTY_TRIE_ROOT, ZERO_HASH, keccak
from chain_template.transactions import decode_transaction
from contracts.genesis import GenesisAccount

#: The tests run on mainnet's chain id, with Ethereum's rules.
RULES = ChainRules(1, base_fee_to_coinbase=False, has_base_token_holder=False, max_transaction_pubdata=None)


@dataclass(frozen=True)
class StateCase:
    """One Cancun post-state."""

    name: str
    env: dict[str, str]
    pre: dict[str, Any]
    raw: bytes
    root: bytes
    logs: bytes

    @property
    def is_blob(self) -> bool:
        """Blob transactions are refused by every chain, so their tests do not apply."""
        return self.raw[:1] == b"\x03"


def cases(folder: Path) -> Iterator[StateCase]:
    """Every Cancun case below a folder."""
    for path in sorted(folder.rglob("*.json")):
        for name, test in json.loads(path.read_text()).items():
            for post in test["post"].get("Cancun", ()):
                index = "-".join(str(post["indexes"][key]) for key in ("data", "gas", "value"))
                yield StateCase(
                    name=f"{path.parent.name}/{name}[{index}]",
                    env=test["env"],
                    pre=test["pre"],
                    raw=_bytes(post["txbytes"]),
                    root=_bytes(post["hash"]),
                    logs=_bytes(post["logs"]),
                )


def run(case: StateCase, executor: Executor | None = None) -> tuple[bytes, bytes]:
    """State root and hash of the logs after the case's transaction."""
    env = case.env
    pre = genesis_block([_account(*item) for item in case.pre.items()], timestamp=0, gas_limit=1, base_fee_per_gas=1)
    number = int(env["currentNumber"], 16)
    parent = BlockHeader(
        parent_hash=ZERO_HASH,
        coinbase=bytes(20),
        state_root=pre.header.state_root,
        transactions_root=EMPTY_TRIE_ROOT,
        receipts_root=EMPTY_TRIE_ROOT,
        logs_bloom=bytes(256),
        number=number - 1,
        gas_limit=1,
        gas_used=0,
        timestamp=0,
        base_fee_per_gas=1,
    )
    context = BlockContext(
        parent=parent,
        timestamp=int(env["currentTimestamp"], 16),
        fee_recipient=_bytes(env["currentCoinbase"]),
        gas_limit=int(env["currentGasLimit"], 16),
        base_fee_per_gas=int(env["currentBaseFee"], 16),
        block_hashes=[keccak(str(number - 1 - depth).encode()) for depth in range(min(number, 256))],
        mix_hash=_bytes(env["currentRandom"]),
    )
    try:
        tx = decode_transaction(case.raw, 1)
    except TransactionError:
        return pre.header.state_root, keccak(rlp.encode([]))
    builder = (executor or PyEvmExecutor(RULES)).begin_block(context, pre.nodes)
    (outcome,) = builder.apply([tx])
    logs = [log.fields() for log in outcome.receipt.logs] if isinstance(outcome, Included) else []
    return builder.seal().header.state_root, keccak(rlp.encode(logs))


def _account(address: str, fields: dict[str, Any]) -> GenesisAccount:
    storage = {int(slot, 16): int(value, 16) for slot, value in fields["storage"].items()}
    return GenesisAccount(
        _bytes(address), _bytes(fields["code"]), storage, int(fields["balance"], 16), int(fields["nonce"], 16)
    )


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))
