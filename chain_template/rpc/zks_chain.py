"""zks_: where the chain's contracts are, and what it runs on (ZK Stack's shapes)."""

from typing import Any, Final

from chain_template.config import L1Link
from chain_template.rpc.debug_raw import stored_code
from chain_template.rpc.format import Json, hexstr
from chain_template.rpc.params import Param, anything, hash32
from chain_template.rpc.registry import Methods
from chain_template.rpc.view import View
from contracts.genesis import L2_ASSET_ROUTER
from contracts.versions import PROTOCOL_VERSION, minor_of

methods = Methods()

#: The asset router's reserved address on every chain.
_L2_ASSET_ROUTER: Final = hexstr(L2_ASSET_ROUTER)


def _link(view: View) -> L1Link:
    assert view.config.l1 is not None, "the method is l1_only"
    return view.config.l1


@methods("zks_L1ChainId", l1_only=True)
def l1_chain_id(view: View) -> str:
    """Chain id of the L1 this chain settles on."""
    return hex(_link(view).l1_chain_id)


@methods("zks_getBridgehubContract", l1_only=True)
def get_bridgehub_contract(view: View) -> str:
    """Address of the Bridgehub on L1."""
    return _link(view).bridgehub.lower()


@methods("zks_getMainContract", l1_only=True)
def get_main_contract(view: View) -> str:
    """Address of this chain's own contract on L1."""
    return _link(view).zk_chain.lower()


@methods("zks_getBridgeContracts", l1_only=True)
def get_bridge_contracts(view: View) -> Json:
    """Addresses of the bridge on both sides; null for what this hub does not have."""
    contracts = _link(view).contracts
    router = _address(contracts.get("asset_router"))
    return {
        "l1SharedDefaultBridge": router,
        "l2SharedDefaultBridge": _L2_ASSET_ROUTER,
        "l1Erc20DefaultBridge": router,
        "l2Erc20DefaultBridge": _L2_ASSET_ROUTER,
        "l1WethBridge": None,
        "l2WethBridge": None,
        "l2LegacySharedBridge": None,
        "l1Nullifier": _address(contracts.get("l1_nullifier")),
        "l1NativeTokenVault": _address(contracts.get("native_token_vault")),
    }


@methods("zks_getBaseTokenL1Address", l1_only=True)
def get_base_token_l1_address(view: View) -> str:
    """Address on L1 of the token that pays for gas here; ETH is 0x…01."""
    return _link(view).base_token.lower()


@methods("zks_getTestnetPaymaster", l1_only=True)
def get_testnet_paymaster(view: View) -> None:
    """Always null: there are no paymasters."""


@methods("zks_getBytecodeByHash", Param("bytecodeHash", hash32), l1_only=True)
def get_bytecode_by_hash(view: View, code_hash: bytes) -> list[int] | None:
    """A contract's code by its keccak, as an array of byte values, or null."""
    code = stored_code(view, code_hash)
    return None if code is None else list(bytes.fromhex(code[2:]))


@methods("zks_getProtocolVersion", Param("id", anything, optional=True), l1_only=True)
def get_protocol_version(view: View, _: Any) -> Json:
    """The protocol version of this chain's contract on L1; this release's until L1 was looked at."""
    settlement = view.backend.settlement
    version = None if settlement is None else settlement.protocol_version
    minor = minor_of(PROTOCOL_VERSION if version is None else version)
    return {
        "minorVersion": minor,
        "version_id": minor,
        "timestamp": view.config.genesis.timestamp,
        "base_system_contracts": None,
        "l2_system_upgrade_tx_hash": None,
    }


def _address(value: str | None) -> str | None:
    return None if value is None else value.lower()
