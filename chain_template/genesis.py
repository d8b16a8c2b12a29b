"""Block 0 of a chain: a pure function of public settings, so anyone with L1's data can rebuild it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import rlp
from trie.hexary import HexaryTrie

from chain_template.config import ChainConfig, L1Link
from chain_template.headers import BlockHeader
from chain_template.primitives import (
    EMPTY_CODE_HASH,
    EMPTY_TRIE_ROOT,
    ZERO_ADDRESS,
    ZERO_HASH,
    int_to_bytes,
    keccak,
)
from contracts.genesis import BaseToken, GenesisAccount, l2_genesis_accounts


@dataclass(frozen=True, slots=True)
class Genesis:
    """Block 0.

    Attributes:
        header: Its hash is the chain's first state commitment, which L1 stores as batch 0.
        nodes: Trie nodes and codes of its state, by hash.
    """

    header: BlockHeader
    nodes: Mapping[bytes, bytes]


def build_genesis(config: ChainConfig) -> Genesis:
    """Block 0 of the chain ``config`` describes: the system contracts on a chain, the premine on an L1."""
    if config.l1 is not None:
        return build_link_genesis(
            config.chain_id,
            config.l1,
            timestamp=config.genesis.timestamp,
            gas_limit=config.block.gas_limit,
            base_fee_per_gas=config.fees.min_base_fee_wei,
        )
    premine = [
        GenesisAccount(address=bytes.fromhex(address.removeprefix("0x")), code=b"", balance=wei, nonce=0)
        for address, wei in config.genesis.premine.items()
    ]
    return genesis_block(
        premine,
        timestamp=config.genesis.timestamp,
        gas_limit=config.block.gas_limit,
        base_fee_per_gas=config.fees.min_base_fee_wei,
    )


def build_link_genesis(
    chain_id: int, link: L1Link, *, timestamp: int, gas_limit: int, base_fee_per_gas: int
) -> Genesis:
    """Block 0 of a chain whose L1 is known; see :func:`build_chain_genesis`."""
    return build_chain_genesis(
        chain_id,
        l1_chain_id=link.l1_chain_id,
        base_token=_base_token(link),
        l1_asset_router=_l1_asset_router(link),
        timestamp=timestamp,
        gas_limit=gas_limit,
        base_fee_per_gas=base_fee_per_gas,
    )


def build_chain_genesis(
    chain_id: int,
    *,
    l1_chain_id: int,
    base_token: BaseToken,
    l1_asset_router: bytes,
    timestamp: int,
    gas_limit: int,
    base_fee_per_gas: int,
) -> Genesis:
    """Block 0 of a chain that settles on an L1; needed before the chain exists there, as L1 stores its hash.

    Args:
        chain_id: The chain's own id.
        l1_chain_id: Chain id of the settlement layer.
        base_token: The chain's base token.
        l1_asset_router: Where token deposits come from on L1, 20 bytes.
        timestamp: Unix seconds.
        gas_limit: Gas limit of block 0 and all after it.
        base_fee_per_gas: Wei per gas.
    """
    return genesis_block(
        l2_genesis_accounts(chain_id, l1_chain_id, base_token, l1_asset_router),
        timestamp=timestamp,
        gas_limit=gas_limit,
        base_fee_per_gas=base_fee_per_gas,
    )


def genesis_block(
    accounts: Iterable[GenesisAccount], *, timestamp: int, gas_limit: int, base_fee_per_gas: int
) -> Genesis:
    """Block 0 over the given accounts.

    Args:
        accounts: What exists from the start.
        timestamp: Unix seconds.
        gas_limit: Gas limit of block 0 and all after it.
        base_fee_per_gas: Wei per gas.
    """
    nodes: dict[bytes, bytes] = {}
    trie = HexaryTrie(nodes)
    for account in accounts:
        trie[keccak(account.address)] = _encode_account(account, nodes)
    header = BlockHeader(
        parent_hash=ZERO_HASH,
        coinbase=ZERO_ADDRESS,
        state_root=bytes(trie.root_hash),
        transactions_root=EMPTY_TRIE_ROOT,
        receipts_root=EMPTY_TRIE_ROOT,
        logs_bloom=bytes(256),
        number=0,
        gas_limit=gas_limit,
        gas_used=0,
        timestamp=timestamp,
        base_fee_per_gas=base_fee_per_gas,
    )
    return Genesis(header, nodes)


def _base_token(l1: L1Link) -> BaseToken:
    # Where it was born, not where it came from: the chain tells others, who compare it with the asset id.
    origin = l1.base_token if l1.base_token_origin is None else l1.base_token_origin
    return BaseToken(
        asset_id=bytes.fromhex(l1.base_token_asset_id.removeprefix("0x")),
        origin_chain_id=l1.base_token_origin_chain_id or l1.l1_chain_id,
        origin_token=bytes.fromhex(origin.removeprefix("0x")),
        name=l1.base_token_name,
        symbol=l1.base_token_symbol,
    )


def _l1_asset_router(l1: L1Link) -> bytes:
    # Nobody is believed in the name of the zero address: such a chain takes deposits of its base token alone.
    return bytes.fromhex(l1.contracts.get("asset_router", ZERO_ADDRESS.hex()).removeprefix("0x"))


def _encode_account(account: GenesisAccount, nodes: dict[bytes, bytes]) -> bytes:
    storage = HexaryTrie(nodes)
    for slot, value in account.storage.items():
        if value:
            storage[keccak(slot.to_bytes(32, "big"))] = rlp.encode(int_to_bytes(value))
    code_hash = EMPTY_CODE_HASH
    if account.code:
        code_hash = keccak(account.code)
        nodes[code_hash] = account.code
    return bytes(rlp.encode([int_to_bytes(account.nonce), int_to_bytes(account.balance), storage.root_hash, code_hash]))
