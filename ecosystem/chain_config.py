"""From what the hub knows of a chain to the configuration its process runs on."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from chain_template.config import (
    BlockSettings,
    ChainConfig,
    GenesisSettings,
    L1Link,
    OperatorKeys,
    RpcSettings,
    SettlementSettings,
)
from chain_template.genesis import Genesis, build_genesis
from contracts.addresses import EcosystemAddresses
from contracts.genesis import eth_asset_id
from contracts.sender import address_of
from ecosystem.keys import ChainKeys
from ecosystem.records import ChainRecord
from ecosystem.settings import ChainSettings, HubSettings
from shared_bridge.asset_ids import asset_id_of

L1_NAME = "l1"
_NOWHERE = "0x" + 40 * "0"
_L1_GAS_LIMIT = 100_000_000
#: Settings that block 0 or the L1 contract is made of: a chain keeps them for ever.
FIXED_SETTINGS = ("id", "data_availability", "base_token", "block.gas_limit", "fees.min_base_fee_wei")


def key_bytes(key: str) -> bytes:
    """A private key of the settings or the key files as bytes."""
    return bytes.fromhex(key.removeprefix("0x"))


def l1_config(settings: HubSettings, *, port: int, genesis_timestamp: int, premine: dict[str, int]) -> ChainConfig:
    """The embedded L1: a chain without a settlement layer."""
    return ChainConfig(
        name=L1_NAME,
        chain_id=settings.l1.expected_chain_id,
        data_dir=settings.data_dir.absolute() / L1_NAME,
        genesis=GenesisSettings(timestamp=genesis_timestamp, premine=premine),
        # On the embedded L1 no one earns the fees.
        fee_recipient=_NOWHERE,
        block=BlockSettings(interval_ms=settings.l1.block_interval_ms, gas_limit=_L1_GAS_LIMIT),
        rpc=RpcSettings(host=settings.l1.host, port=port),
    )


def chain_genesis(hub: HubSettings, chain: ChainRecord, keys: ChainKeys, ecosystem: EcosystemAddresses) -> Genesis:
    """Block 0 of a chain whose genesis timestamp is chosen, before it exists on L1, where its hash is stored.

    It is built as the chain's own process will build it; what L1 will answer (contract, block) is no part of it.
    """
    facts = replace(chain.facts, zk_chain=_NOWHERE, create_block=0)
    return build_genesis(chain_config(hub, replace(chain, facts=facts), keys, ecosystem, "http://127.0.0.1"))


def chain_config(
    hub: HubSettings,
    chain: ChainRecord,
    keys: ChainKeys,
    ecosystem: EcosystemAddresses,
    l1_url: str,
    program_id: bytes | None = None,
) -> ChainConfig:
    """A chain that is created on L1 and has its port; ``program_id`` is of the program that the hub proves."""
    facts = chain.facts
    if None in (facts.genesis_timestamp, facts.port, facts.zk_chain, facts.create_block):
        raise ValueError(f"chain {chain.name} is not created on L1 yet")
    settings = chain.settings
    addresses = {key: str(value) for key, value in ecosystem.to_json().items() if isinstance(value, str)}
    return ChainConfig(
        name=chain.name,
        chain_id=chain.chain_id,
        data_dir=chain_data_dir(hub.data_dir, chain.name),
        genesis=GenesisSettings(timestamp=facts.genesis_timestamp or 0),
        data_availability=settings.data_availability,
        fee_recipient=settings.fee_recipient or address_of(key_bytes(keys.committer)),
        executor=settings.executor,
        shadow_share=settings.shadow_share,
        proofs=hub.proofs,
        profile=hub.proof_profile,
        program_id=None if program_id is None else "0x" + program_id.hex(),
        proof_memory_bytes=hub.provers.memory_bytes,
        block=settings.block,
        batch=settings.batch,
        fees=settings.fees,
        mempool=settings.mempool,
        settlement=SettlementSettings(confirmations=hub.l1.confirmations),
        rpc=RpcSettings(host=settings.host, port=facts.port or 0),
        l1=L1Link(
            url=l1_url,
            l1_chain_id=ecosystem.l1_chain_id,
            bridgehub=ecosystem.bridgehub,
            zk_chain=facts.zk_chain or "",
            validator_timelock=ecosystem.validator_timelock,
            **_base_token(chain, ecosystem.l1_chain_id),
            start_block=facts.create_block or 0,
            ecosystem_block=ecosystem.deploy_block,
            execution_delay_s=hub.l1.execution_delay_s,
            contracts=addresses,
        ),
        operator_keys=OperatorKeys(
            committer=keys.committer, prover=keys.prover, executor=keys.executor, reverter=keys.reverter
        ),
    )


def _base_token(chain: ChainRecord, l1_chain_id: int) -> dict[str, Any]:
    """The settings that name a chain's base token."""
    token = chain.settings.base_token
    if token == "eth":
        return {"base_token_asset_id": "0x" + eth_asset_id(l1_chain_id).hex()}
    origin_chain_id = chain.facts.base_token_origin_chain_id or l1_chain_id
    origin = chain.facts.base_token_origin or token
    return {
        "base_token": token,
        "base_token_asset_id": "0x" + asset_id_of(origin_chain_id, origin).hex(),
        "base_token_origin_chain_id": origin_chain_id,
        "base_token_origin": origin,
        "base_token_name": chain.facts.base_token_name,
        "base_token_symbol": chain.facts.base_token_symbol,
    }


def chain_data_dir(data_dir: Path, name: str) -> Path:
    """Where a chain keeps its data; it stays when the chain is removed."""
    return data_dir.absolute() / "chains" / name


def changed_fixed_setting(old: ChainSettings, new: ChainSettings) -> str:
    """The first setting that differs although it is fixed for a chain's life, or an empty string."""
    for key in FIXED_SETTINGS:
        before, after = old, new
        for part in key.split("."):
            before, after = getattr(before, part), getattr(after, part)
        if before != after:
            return key
    return ""
