"""The state trie: reading accounts and storage by root, proofs, and the roots of transaction and receipt lists."""

from chain_template.state.head import Head, KnownHead
from chain_template.state.reader import ABSENT_ACCOUNT, AccountProof, StateReader
from chain_template.state.roots import ordered_trie_root

__all__ = ["ABSENT_ACCOUNT", "AccountProof", "Head", "KnownHead", "StateReader", "ordered_trie_root"]
