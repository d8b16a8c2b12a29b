"""Reading one state of a chain: accounts, storage, code and their Merkle-Patricia proofs (EIP-1186)."""

from dataclasses import dataclass
from typing import Final

import rlp
from trie.exceptions import MissingTrieNode
from trie.hexary import HexaryTrie

from chain_template.errors import MissingStateNode
from chain_template.executor.interface import AccountState, StateView
from chain_template.primitives import EMPTY_CODE_HASH, EMPTY_TRIE_ROOT, decode_rlp, keccak, to_int
from chain_template.state.lookup import TrieLookup

#: What there is at an address that no account has.
ABSENT_ACCOUNT: Final = AccountState(0, 0, EMPTY_TRIE_ROOT, EMPTY_CODE_HASH)


@dataclass(frozen=True, slots=True)
class AccountProof:
    """An account with the trie nodes that prove it, root first; ``account`` is None when it is proven absent."""

    account: AccountState | None
    nodes: tuple[bytes, ...]


class StateReader:
    """The accounts under one state root.

    Raises:
        MissingStateNode: From every method, when the view lacks a node on the way.
    """

    def __init__(self, state: StateView, state_root: bytes) -> None:
        self._state = state
        self._state_root = state_root
        self._accounts = TrieLookup(state, state_root)
        self._storage: dict[bytes, TrieLookup] = {}
        self._known: dict[bytes, AccountState | None] = {}

    def account(self, address: bytes) -> AccountState | None:
        """The account, or None when the trie has none at this address."""
        if address not in self._known:
            self._known[address] = decode_account(self._accounts.get(keccak(address)))
        return self._known[address]

    def balance(self, address: bytes) -> int:
        """Balance in wei; 0 for an absent account."""
        account = self.account(address)
        return account.balance if account else 0

    def nonce(self, address: bytes) -> int:
        """Nonce; 0 for an absent account."""
        account = self.account(address)
        return account.nonce if account else 0

    def code(self, address: bytes) -> bytes:
        """Code of the account; empty for none."""
        account = self.account(address)
        if account is None or account.code_hash == EMPTY_CODE_HASH:
            return b""
        try:
            return self._state[account.code_hash]
        except KeyError:
            raise MissingStateNode(f"no code with hash 0x{account.code_hash.hex()}") from None

    def storage(self, address: bytes, slot: int) -> int:
        """Value of a storage slot; 0 when unset."""
        root = self._storage_root(address)
        if root == EMPTY_TRIE_ROOT:
            return 0
        if address not in self._storage:
            self._storage[address] = TrieLookup(self._state, root)
        encoded = self._storage[address].get(_slot_key(slot))
        return to_int(decode_rlp(encoded)) if encoded else 0

    def account_proof(self, address: bytes) -> AccountProof:
        """The account with its proof."""
        return AccountProof(self.account(address), self._proof(self._state_root, keccak(address)))

    def storage_proof(self, address: bytes, slot: int) -> tuple[bytes, ...]:
        """Nodes that prove the slot's value under the account's storage root, root first; empty for empty storage."""
        root = self._storage_root(address)
        return self._proof(root, _slot_key(slot)) if root != EMPTY_TRIE_ROOT else ()

    def _storage_root(self, address: bytes) -> bytes:
        account = self.account(address)
        return EMPTY_TRIE_ROOT if account is None else account.storage_root

    def _proof(self, root: bytes, key: bytes) -> tuple[bytes, ...]:
        try:
            nodes = HexaryTrie(self._state, root).get_proof(key)  # type: ignore[no-untyped-call]
        except MissingTrieNode as exc:
            raise MissingStateNode(f"no trie node with hash 0x{bytes(exc.missing_node_hash).hex()}") from exc
        return tuple(bytes(rlp.encode(node)) for node in nodes)


def decode_account(encoded: bytes) -> AccountState | None:
    """An account from its trie value ``rlp([nonce, balance, storageRoot, codeHash])``."""
    if not encoded:
        return None
    nonce, balance, storage_root, code_hash = decode_rlp(encoded)
    return AccountState(to_int(nonce), to_int(balance), storage_root, code_hash)


def _slot_key(slot: int) -> bytes:
    return keccak(slot.to_bytes(32, "big"))
