"""Finding a chain's contracts with the Bridgehub's address alone."""

from typing import Final

from eth_abi.exceptions import DecodingError

from chain_template.config import L1Link
from chain_template.errors import L1Diverged
from chain_template.settlement.on_l1 import MAX_LOG_RANGE
from contracts.artifacts import load
from contracts.client import L1Client
from contracts.errors import L1Error
from contracts.genesis import ETH_TOKEN

_NOWHERE: Final = "0x" + "00" * 20


def find_chain(client: L1Client, bridgehub: str, chain_id: int) -> L1Link:
    """Everything L1 says about where a chain's contracts are.

    Raises:
        L1Diverged: The Bridgehub does not know the chain.
        L1Error: L1 does not answer.
    """
    hub = load("Bridgehub")
    zk_chain = str(client.read(hub, bridgehub, "getZKChain", [chain_id]))
    if zk_chain == _NOWHERE:
        raise L1Diverged(f"the Bridgehub at {bridgehub} has no chain {chain_id}")
    router = str(client.read(hub, bridgehub, "assetRouter"))
    token = str(client.read(hub, bridgehub, "baseToken", [chain_id]))
    asset = client.read(hub, bridgehub, "baseTokenAssetId", [chain_id])
    vault = str(client.read(load("L1AssetRouter"), router, "nativeTokenVault"))
    name, symbol = _names(client, token)
    manager = str(client.read(hub, bridgehub, "chainTypeManager", [chain_id]))
    created = _created_in(client, bridgehub, chain_id)
    return L1Link(
        url=client.url,
        l1_chain_id=client.chain_id(),
        bridgehub=bridgehub,
        zk_chain=zk_chain,
        validator_timelock=str(client.read(load("ChainTypeManager"), manager, "validatorTimelock")),
        base_token_asset_id="0x" + asset.hex(),
        base_token=token,
        base_token_origin_chain_id=int(client.read(load("L1NativeTokenVault"), vault, "originChainId", [asset])),
        base_token_origin=str(client.read(load("L1NativeTokenVault"), vault, "originToken", [asset])),
        base_token_name=name,
        base_token_symbol=symbol,
        start_block=created,
        contracts={
            "asset_router": router,
            "native_token_vault": vault,
            "message_root": str(client.read(hub, bridgehub, "messageRoot")),
        },
    )


def _names(client: L1Client, token: str) -> tuple[str, str]:
    if bytes.fromhex(token[2:]) == ETH_TOKEN:
        return "Ether", "ETH"
    erc20 = load("TestToken")
    try:
        return str(client.read(erc20, token, "name")), str(client.read(erc20, token, "symbol"))
    except (L1Error, DecodingError) as error:
        raise L1Diverged(f"the base token at {token} does not say its name: {error}") from error


def _created_in(client: L1Client, bridgehub: str, chain_id: int) -> int:
    """The L1 block in which the chain was created; no event of it is older."""
    topic = load("Bridgehub").event("NewChain").topic
    head = client.block_number()
    for first in range(0, head + 1, MAX_LOG_RANGE):
        last = min(head, first + MAX_LOG_RANGE - 1)
        found = client.get_logs(bridgehub, [[topic], chain_id.to_bytes(32, "big")], first, last)
        if found:
            return found[0].block_number
    raise L1Diverged(f"the Bridgehub at {bridgehub} never announced chain {chain_id}")
