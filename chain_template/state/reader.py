"""Reading one state of a chain: accounts, storage, code and their Merkle-Patricia proofs (EIP-1186)."""

from dataclasses import dataclass

import rlp
from trie.exceptions import MissingTrieNode
from trie.hexary import HexaryTrie

from chain_template.errors import MissingStateNode
from chain_template.executor.interface import AccountState, StateView
from chain_template.primitives import EMPTY_CODE_HASH, EMPTY_TRIE_ROOT, keccak, to_int


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
        self._accounts = HexaryTrie(state, state_root)
        self._storage: dict[bytes, HexaryTrie] = {}
        self._known: dict[bytes, AccountState | None] = {}

    def account(self, address: bytes) -> AccountState | None:
        """The account, or None when the trie has none at this address."""
        if address not in self._known:
            self._known[address] = decode_account(self._get(self._accounts, keccak(address)))
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
        trie = self._storage_trie(address)
        if trie is None:
            return 0
        encoded = self._get(trie, _slot_key(slot))
        return to_int(rlp.decode(encoded)) if encoded else 0

    def account_proof(self, address: bytes) -> AccountProof:
        """The account with its proof."""
        return AccountProof(self.account(address), self._proof(self._accounts, keccak(address)))

    def storage_proof(self, address: bytes, slot: int) -> tuple[bytes, ...]:
        """Nodes that prove the slot's value under the account's storage root, root first; empty for empty storage."""
        trie = self._storage_trie(address)
        return self._proof(trie, _slot_key(slot)) if trie is not None else ()

    def _storage_trie(self, address: bytes) -> HexaryTrie | None:
        account = self.account(address)
        if account is None or account.storage_root == EMPTY_TRIE_ROOT:
            return None
        if address not in self._storage:
            self._storage[address] = HexaryTrie(self._state, account.storage_root)
        return self._storage[address]

    @staticmethod
    def _get(trie: HexaryTrie, key: bytes) -> bytes:
        try:
            return bytes(trie[key])
        except MissingTrieNode as exc:
            raise MissingStateNode(f"no trie node with hash 0x{bytes(exc.missing_node_hash).hex()}") from exc

    @staticmethod
    def _proof(trie: HexaryTrie, key: bytes) -> tuple[bytes, ...]:
        try:
            return tuple(bytes(rlp.encode(node)) for node in trie.get_proof(key))  # type: ignore[no-untyped-call]
        except MissingTrieNode as exc:
            raise MissingStateNode(f"no trie node with hash 0x{bytes(exc.missing_node_hash).hex()}") from exc


def decode_account(encoded: bytes) -> AccountState | None:
    """An account from its trie value ``rlp([nonce, balance, storageRoot, codeHash])``."""
    if not encoded:
        return None
    nonce, balance, storage_root, code_hash = rlp.decode(encoded)
    return AccountState(to_int(nonce), to_int(balance), storage_root, code_hash)


def _slot_key(slot: int) -> bytes:
    return keccak(slot.to_bytes(32, "big"))
