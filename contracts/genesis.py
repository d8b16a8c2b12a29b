"""The system contracts in a chain's genesis state: real code, storage set by slot, no constructor run."""

from dataclasses import dataclass, field
from typing import Final

from eth_hash.auto import keccak

from contracts.artifacts import load
from contracts.codec import u256
from contracts.errors import EncodingError

BOOTLOADER: Final = bytes.fromhex("0000000000000000000000000000000000008001")
"""Sender of system transactions (0x7e) and of the results of priority operations; has no code."""
L1_MESSENGER: Final = bytes.fromhex("0000000000000000000000000000000000008008")
L2_BASE_TOKEN: Final = bytes.fromhex("000000000000000000000000000000000000800a")
SYSTEM_CONTEXT: Final = bytes.fromhex("000000000000000000000000000000000000800b")
L2_BRIDGEHUB: Final = bytes.fromhex("0000000000000000000000000000000000010002")
L2_NATIVE_TOKEN_VAULT: Final = bytes.fromhex("0000000000000000000000000000000000010004")
L2_INTEROP_ROOT_STORAGE: Final = bytes.fromhex("0000000000000000000000000000000000010008")
BASE_TOKEN_HOLDER: Final = bytes.fromhex("0000000000000000000000000000000000010011")

DETERMINISTIC_DEPLOYER: Final = bytes.fromhex("4e59b44847b379578588920ca78fbf26c0b4956c")
"""The CREATE2 deployer that forge, hardhat and others expect on every EVM chain."""
_DETERMINISTIC_DEPLOYER_CODE: Final = bytes.fromhex(
    "7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe0"
    "3601600081602082378035828234f58015156039578182fd5b8082525050506014600cf3"
)

BASE_TOKEN_SUPPLY_BOUND: Final = 2**127 - 1
"""Wei of base token the holder owns at genesis: supply on the chain is this less what the holder has."""

ETH_TOKEN: Final = bytes.fromhex("0000000000000000000000000000000000000001")
"""Ether's place holder where a token address is asked."""


@dataclass(frozen=True, slots=True)
class GenesisAccount:
    """An account of the genesis state.

    Attributes:
        address: 20 bytes.
        code: Runtime code.
        storage: Slot to value.
        balance: Wei.
        nonce: 1 for contracts, as EIP-161 starts them.
    """

    address: bytes
    code: bytes
    storage: dict[int, int] = field(default_factory=dict)
    balance: int = 0
    nonce: int = 1


def asset_id(origin_chain_id: int, token: bytes) -> bytes:
    """Asset id of a token in a native token vault: keccak(abi.encode(origin chain, 0x10004, token))."""
    return keccak(u256(origin_chain_id) + bytes(12) + L2_NATIVE_TOKEN_VAULT + bytes(12) + token)


def eth_asset_id(l1_chain_id: int) -> bytes:
    """Asset id of L1's ether, the default base token."""
    return asset_id(l1_chain_id, ETH_TOKEN)


def l2_genesis_accounts(
    chain_id: int,
    l1_chain_id: int,
    base_token_asset_id: bytes,
    *,
    base_token_name: str = "Ether",
    base_token_symbol: str = "ETH",
) -> list[GenesisAccount]:
    """The accounts every chain starts from; no premine, the holder owns the whole supply bound.

    Args:
        chain_id: The chain's own id.
        l1_chain_id: Chain id of the settlement layer.
        base_token_asset_id: 32 bytes, :func:`eth_asset_id` for ether.
        base_token_name: At most 31 bytes of UTF-8.
        base_token_symbol: At most 31 bytes of UTF-8.
    """
    if len(base_token_asset_id) != 32:
        raise EncodingError(f"an asset id has 32 bytes, not {len(base_token_asset_id)}")
    base_token_storage = {0: _short_string(base_token_name), 1: _short_string(base_token_symbol)}
    # mapping(uint256 chainId => bytes32 assetId) at slot 1: the value stands at keccak(key ‖ slot).
    own_asset_slot = int.from_bytes(keccak(u256(chain_id) + u256(1)))
    bridgehub_storage = {0: l1_chain_id, own_asset_slot: int.from_bytes(base_token_asset_id)}
    return [
        _contract(L1_MESSENGER, "L1Messenger"),
        _contract(L2_BASE_TOKEN, "L2BaseToken", base_token_storage),
        _contract(SYSTEM_CONTEXT, "SystemContext"),
        _contract(L2_BRIDGEHUB, "L2Bridgehub", bridgehub_storage),
        _contract(L2_INTEROP_ROOT_STORAGE, "L2InteropRootStorage"),
        _contract(BASE_TOKEN_HOLDER, "BaseTokenHolder", balance=BASE_TOKEN_SUPPLY_BOUND),
        GenesisAccount(DETERMINISTIC_DEPLOYER, _DETERMINISTIC_DEPLOYER_CODE),
    ]


def _contract(address: bytes, name: str, storage: dict[int, int] | None = None, balance: int = 0) -> GenesisAccount:
    return GenesisAccount(address, load(name).deployed_bytecode, storage or {}, balance)


def _short_string(text: str) -> int:
    """The storage word of a Solidity string of at most 31 bytes: the bytes, then twice their number."""
    data = text.encode()
    if len(data) > 31:
        raise EncodingError(f"{text!r} is longer than 31 bytes")
    return int.from_bytes(data.ljust(31, b"\0") + bytes([2 * len(data)]))
