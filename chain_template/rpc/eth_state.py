"""eth_: accounts, code and storage, at any block."""

from typing import Any

from chain_template.primitives import EMPTY_CODE_HASH, EMPTY_TRIE_ROOT
from chain_template.rpc.format import Json, hexstr, word
from chain_template.rpc.params import LATEST, BlockId, Param, address, block_id, list_of, slot
from chain_template.rpc.registry import Methods, Run
from chain_template.rpc.view import View
from chain_template.state import StateReader
from chain_template.store import Snapshot

methods = Methods()

_ADDRESS = Param("address", address)
_BLOCK = Param("block", block_id, optional=True, default=LATEST)
_MAX_PROOF_KEYS = 1_024


@methods("eth_getBalance", _ADDRESS, _BLOCK)
def get_balance(view: View, owner: bytes, block: BlockId) -> str:
    """Balance in wei."""
    return hex(view.state(block).balance(owner))


@methods("eth_getCode", _ADDRESS, _BLOCK)
def get_code(view: View, owner: bytes, block: BlockId) -> str:
    """Code of a contract; "0x" for any other account."""
    return hexstr(view.state(block).code(owner))


@methods("eth_getStorageAt", _ADDRESS, Param("position", slot), _BLOCK)
def get_storage_at(view: View, owner: bytes, position: int, block: BlockId) -> str:
    """A storage slot, as 32 bytes."""
    return word(view.state(block).storage(owner, position))


@methods("eth_getTransactionCount", _ADDRESS, _BLOCK)
def get_transaction_count(view: View, owner: bytes, block: BlockId) -> str:
    """Nonce of an account; at "pending" what the next transaction must carry, the pool counted in."""
    if block.tag != "pending":
        return hex(view.state(block).nonce(owner))
    return hex(pending_nonce(view, owner))


def pending_nonce(view: View, owner: bytes) -> int:
    """The first nonce that neither the chain nor the pool has used.

    The pool lets go of a transaction just after its block is committed, so the account is read before and after the
    pool: when it is the same, both belong together.
    """

    def nonce(snapshot: Snapshot) -> int:
        return StateReader(view.backend.store.nodes, snapshot.head.state_root).nonce(owner)

    used: int = view.fresh(nonce)
    while True:
        pending = view.backend.mempool.pending_nonce(owner, used)
        again: int = view.fresh(nonce)
        if again == used:
            return pending
        used = again


@methods(
    "eth_getProof",
    _ADDRESS,
    Param("storageKeys", list_of(lambda key: (key, slot(key)), _MAX_PROOF_KEYS)),
    _BLOCK,
    run=Run.POOL,
)
def get_proof(view: View, owner: bytes, keys: list[tuple[Any, int]], block: BlockId) -> Json:
    """An account and slots of its storage with their Merkle proofs (EIP-1186)."""
    state = view.state(block)
    proof = state.account_proof(owner)
    account = proof.account
    slots = []
    for key, position in keys:
        view.check_time()
        slots.append(
            {
                "key": key if isinstance(key, str) else hex(key),
                "value": hex(state.storage(owner, position)),
                "proof": [hexstr(node) for node in state.storage_proof(owner, position)],
            }
        )
    return {
        "address": hexstr(owner),
        "accountProof": [hexstr(node) for node in proof.nodes],
        "balance": hex(account.balance if account else 0),
        "nonce": hex(account.nonce if account else 0),
        "codeHash": hexstr(account.code_hash if account else EMPTY_CODE_HASH),
        "storageHash": hexstr(account.storage_root if account else EMPTY_TRIE_ROOT),
        "storageProof": slots,
    }
