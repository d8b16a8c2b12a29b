"""The state trie: reading accounts and storage by root, proofs, and the roots of transaction and receipt lists."""

from chain_template.state.reader import AccountProof, StateReader
from chain_template.state.roots import ordered_trie_root

__all__ = ["AccountProof", "StateReader", "ordered_trie_root"]
