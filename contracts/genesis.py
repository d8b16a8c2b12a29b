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
L2_ASSET_ROUTER: Final = bytes.fromhex("0000000000000000000000000000000000010003")
L2_NATIVE_TOKEN_VAULT: Final = bytes.fromhex("0000000000000000000000000000000000010004")
L2_INTEROP_ROOT_STORAGE: Final = bytes.fromhex("0000000000000000000000000000000000010008")
L2_MESSAGE_VERIFICATION: Final = bytes.fromhex("0000000000000000000000000000000000010009")
INTEROP_CENTER: Final = bytes.fromhex("000000000000000000000000000000000001000d")
INTEROP_HANDLER: Final = bytes.fromhex("000000000000000000000000000000000001000e")
BASE_TOKEN_HOLDER: Final = bytes.fromhex("0000000000000000000000000000000000010011")
BRIDGED_TOKEN_IMPLEMENTATION: Final = bytes.fromhex("0000000000000000000000000000000000010020")
"""Code behind the proxies of all tokens that were born on other chains."""

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


@dataclass(frozen=True, slots=True)
class BaseToken:
    """A chain's base token: what the genesis tells the chain of it.

    Attributes:
        asset_id: 32 bytes.
        origin_chain_id: Chain id where the token was born.
        origin_token: Its address there, 20 bytes; :data:`ETH_TOKEN` for ether.
        name: At most 31 bytes of UTF-8.
        symbol: At most 31 bytes of UTF-8.
    """

    asset_id: bytes
    origin_chain_id: int
    origin_token: bytes
    name: str = "Ether"
    symbol: str = "ETH"

    def __post_init__(self) -> None:
        """Refuse an asset id that does not follow from the origin."""
        if self.asset_id != asset_id(self.origin_chain_id, self.origin_token):
            token = f"token 0x{self.origin_token.hex()} of chain {self.origin_chain_id}"
            raise EncodingError(f"asset 0x{self.asset_id.hex()} is not {token}")


def ether(l1_chain_id: int) -> BaseToken:
    """L1's ether as base token, the default."""
    return BaseToken(eth_asset_id(l1_chain_id), l1_chain_id, ETH_TOKEN)


def l2_genesis_accounts(
    chain_id: int, l1_chain_id: int, base_token: BaseToken, l1_asset_router: bytes
) -> list[GenesisAccount]:
    """The accounts every chain starts from; no premine, the holder owns the whole supply bound.

    Args:
        chain_id: The chain's own id.
        l1_chain_id: Chain id of the settlement layer.
        base_token: The base token, :func:`ether` or a token that is registered on L1.
        l1_asset_router: The asset router on L1, 20 bytes: deposits are believed from there alone.
    """
    if len(l1_asset_router) != 20:
        raise EncodingError(f"an address has 20 bytes, not {len(l1_asset_router)}")
    base_token_storage = {0: _short_string(base_token.name), 1: _short_string(base_token.symbol)}
    base_asset = int.from_bytes(base_token.asset_id)
    bridgehub_storage = {0: l1_chain_id, _mapping_slot(u256(chain_id), 1): base_asset}
    router_storage = {0: l1_chain_id, 1: int.from_bytes(l1_asset_router)}
    return [
        _contract(L1_MESSENGER, "L1Messenger"),
        _contract(L2_BASE_TOKEN, "L2BaseToken", base_token_storage),
        _contract(SYSTEM_CONTEXT, "SystemContext"),
        _contract(L2_BRIDGEHUB, "L2Bridgehub", bridgehub_storage),
        _contract(L2_ASSET_ROUTER, "L2AssetRouter", router_storage),
        _contract(L2_NATIVE_TOKEN_VAULT, "L2NativeTokenVault", _vault_storage(l1_chain_id, base_token)),
        _contract(L2_INTEROP_ROOT_STORAGE, "L2InteropRootStorage"),
        _contract(L2_MESSAGE_VERIFICATION, "L2MessageVerification"),
        _contract(INTEROP_CENTER, "InteropCenter"),
        _contract(INTEROP_HANDLER, "InteropHandler"),
        _contract(BASE_TOKEN_HOLDER, "BaseTokenHolder", balance=BASE_TOKEN_SUPPLY_BOUND),
        _contract(BRIDGED_TOKEN_IMPLEMENTATION, "BridgedStandardERC20"),
        GenesisAccount(DETERMINISTIC_DEPLOYER, _DETERMINISTIC_DEPLOYER_CODE),
    ]


def _vault_storage(l1_chain_id: int, base_token: BaseToken) -> dict[int, int]:
    """The vault's mappings asset id, token, origin chain and origin token (slots 0 to 3), and its two numbers."""
    base_asset = base_token.asset_id
    return {
        _mapping_slot(bytes(12) + L2_BASE_TOKEN, 0): int.from_bytes(base_asset),
        _mapping_slot(base_asset, 1): int.from_bytes(L2_BASE_TOKEN),
        _mapping_slot(base_asset, 2): base_token.origin_chain_id,
        _mapping_slot(base_asset, 3): int.from_bytes(base_token.origin_token),
        4: l1_chain_id,
        5: int.from_bytes(base_asset),
    }


def _mapping_slot(key: bytes, slot: int) -> int:
    """Where a mapping at ``slot`` keeps the value of a 32-byte key: keccak(key ‖ slot)."""
    return int.from_bytes(keccak(key + u256(slot)))


def _contract(address: bytes, name: str, storage: dict[int, int] | None = None, balance: int = 0) -> GenesisAccount:
    return GenesisAccount(address, load(name).deployed_bytecode, storage or {}, balance)


def _short_string(text: str) -> int:
    """The storage word of a Solidity string of at most 31 bytes: the bytes, then twice their number."""
    data = text.encode()
    if len(data) > 31:
        raise EncodingError(f"{text!r} is longer than 31 bytes")
    return int.from_bytes(data.ljust(31, b"\0") + bytes([2 * len(data)]))
