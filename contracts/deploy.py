"""Deploys the ecosystem's contracts and creates chains in it."""

from collections.abc import Sequence
from typing import Any, Final

from eth_hash.auto import keccak
from eth_utils.address import to_checksum_address

from contracts.addresses import ChainAddresses, EcosystemAddresses
from contracts.artifacts import load
from contracts.chain_params import ChainParams, Validators
from contracts.client import L1Client, Receipt
from contracts.errors import DeployError
from contracts.genesis import eth_asset_id
from contracts.messages import genesis_batch
from contracts.pipeline import Pipeline
from contracts.sender import Sender, create_address
from contracts.versions import PROTOCOL_VERSION, VersionData

_NO_ADDRESS: Final = "0x" + 40 * "0"
_CREATE_CHAIN_GAS: Final = 3_000_000


def deploy_ecosystem(
    deployer: Sender,
    *,
    program_id: bytes,
    owner: str | None = None,
    execution_delay_s: int = 0,
    verifier: str | None = None,
) -> EcosystemAddresses:
    """Deploy what all chains of a hub share.

    All transactions are handed in before the first is waited for: it takes as few blocks as their gas needs.

    Args:
        deployer: Pays, and is the first owner of everything.
        program_id: The batch program of the first protocol version, whose proofs chains accept, 32 bytes.
        owner: Whom the ownership is offered to (it has to accept); the deployer keeps it where left out.
        execution_delay_s: Least time between commit and execute of a batch, seconds.
        verifier: What says in that version which batches are proven; the development verifier, which accepts all, where
            left out.

    Raises:
        TransactionReverted: A constructor refused, such as ``PublicChainRefused`` of the development verifier.
    """
    client = deployer.client
    l1_chain_id = deployer.chain_id
    deploy_block = client.block_number()
    run = Pipeline(deployer)
    # Each knows the ones after it by the addresses they will have.
    first = deployer.next_nonce
    order = [name for name in _CREATION_ORDER if verifier is None or name != "UnprovenVerifier"]
    at = {name: create_address(deployer.address, first + i) for i, name in enumerate(order)}
    verifier = verifier or at["UnprovenVerifier"]
    me = deployer.address
    arguments: dict[str, Sequence[Any]] = {
        "Bridgehub": [me],
        "MessageRoot": [at["Bridgehub"]],
        "L1AssetRouter": [at["Bridgehub"], me],
        "L1Nullifier": [at["Bridgehub"], at["L1AssetRouter"]],
        "BridgedStandardERC20": [],
        "L1NativeTokenVault": [at["Bridgehub"], at["L1AssetRouter"], at["BridgedStandardERC20"]],
        "ValidatorTimelock": [at["Bridgehub"], me, execution_delay_s],
        "ZKChain": [at["Bridgehub"]],
        "UnprovenVerifier": [],
        "ChainTypeManager": [
            at["Bridgehub"],
            at["ValidatorTimelock"],
            me,
            PROTOCOL_VERSION,
            VersionData(at["ZKChain"], verifier, program_id).as_tuple(),
        ],
    }
    for name in order:
        run.create(load(name), arguments[name])
    hub = at["Bridgehub"]
    run.call("L1AssetRouter", at["L1AssetRouter"], "setNativeTokenVault", [at["L1NativeTokenVault"]])
    run.call("L1AssetRouter", at["L1AssetRouter"], "setL1Nullifier", [at["L1Nullifier"]])
    run.call("Bridgehub", hub, "setAddresses", [at["L1AssetRouter"], at["MessageRoot"]])
    run.call("Bridgehub", hub, "addChainTypeManager", [at["ChainTypeManager"]])
    if owner is not None and owner != me:
        for name in _OWNED:
            run.call(name, at[name], "transferOwnership", [owner])
    run.wait()
    return EcosystemAddresses(
        l1_chain_id=l1_chain_id,
        deploy_block=deploy_block,
        bridgehub=hub,
        chain_type_manager=at["ChainTypeManager"],
        validator_timelock=at["ValidatorTimelock"],
        message_root=at["MessageRoot"],
        asset_router=at["L1AssetRouter"],
        native_token_vault=at["L1NativeTokenVault"],
        l1_nullifier=at["L1Nullifier"],
        verifier=verifier,
    )


def accept_ownership(ecosystem: EcosystemAddresses, owner: Sender) -> None:
    """Accept what :func:`deploy_ecosystem` offered; does nothing where it is accepted already."""
    run = Pipeline(owner)
    for name, address in _owned_addresses(ecosystem):
        if owner.client.read(load(name), address, "owner") != owner.address.lower():
            run.call(name, address, "acceptOwnership", [])
    run.wait()


def check_ecosystem(client: L1Client, ecosystem: EcosystemAddresses) -> None:
    """Refuse addresses that do not fit the L1: another chain id, or no Bridgehub with these parts.

    Raises:
        DeployError: With what does not fit.
    """
    chain_id = client.chain_id()
    if chain_id != ecosystem.l1_chain_id:
        raise DeployError(
            f"the L1 at {client.url} has chain id {chain_id}; the ecosystem was deployed on {ecosystem.l1_chain_id}"
        )
    if not client.get_code(ecosystem.bridgehub):
        raise DeployError(
            f"there is no Bridgehub at {ecosystem.bridgehub} on the L1 at {client.url}",
            hint="the L1 may have been reset; deploy a new ecosystem for it",
        )
    parts = (
        ("Bridgehub", ecosystem.bridgehub, "assetRouter", ecosystem.asset_router),
        ("Bridgehub", ecosystem.bridgehub, "messageRoot", ecosystem.message_root),
        ("L1AssetRouter", ecosystem.asset_router, "nativeTokenVault", ecosystem.native_token_vault),
        ("L1AssetRouter", ecosystem.asset_router, "L1_NULLIFIER", ecosystem.l1_nullifier),
    )
    for name, address, getter, expected in parts:
        found = to_checksum_address(client.read(load(name), address, getter))
        if found != expected:
            raise DeployError(f"the {name}'s {getter} is {found}, not {expected}")


def find_chain(client: L1Client, ecosystem: EcosystemAddresses, chain_id: int) -> ChainAddresses | None:
    """The chain's contract, or ``None`` if this hub has no such chain."""
    found = client.read(load("Bridgehub"), ecosystem.bridgehub, "getZKChain", [chain_id])
    zk_chain = to_checksum_address(found)
    if zk_chain == _NO_ADDRESS:
        return None
    create_block = client.read(load("ZKChain"), zk_chain, "getCreationBlock")
    return ChainAddresses(chain_id=chain_id, zk_chain=zk_chain, create_block=create_block)


def create_chain(
    ecosystem: EcosystemAddresses,
    params: ChainParams,
    *,
    owner: Sender,
    admin: Sender,
    validators: Validators,
) -> ChainAddresses:
    """Create a chain and give its operators their roles; does what is missing if it was interrupted before.

    Args:
        ecosystem: Where.
        params: What.
        owner: Owner or admin of the Bridgehub.
        admin: Becomes the chain's admin; grants the roles.
        validators: Who commits, proves, executes and reverts.

    Raises:
        DeployError: The chain id is taken by a chain with another genesis.
        TransactionReverted: A contract refused, for example ``ChainIdTooBig``.
    """
    client = owner.client
    chain = find_chain(client, ecosystem, params.chain_id)
    if chain is None:
        receipt = _create_on_bridgehub(ecosystem, params, owner, admin.address)
        chain = find_chain(client, ecosystem, params.chain_id)
        if chain is None:
            raise DeployError(f"block {receipt.block_number} with chain {params.chain_id} has been reorganised away")
    _check_genesis(client, chain, params)
    grant_roles(ecosystem, chain, admin, validators)
    return chain


def register_base_token(ecosystem: EcosystemAddresses, token: str, *, owner: Sender) -> bytes:
    """Let an ERC-20 token of L1 be the base token of new chains; does nothing where it may be already.

    Args:
        ecosystem: Where.
        token: The token.
        owner: Owner or admin of the Bridgehub.

    Returns:
        The asset id, for :class:`ChainParams`.

    Raises:
        TransactionReverted: ``AddressHasNoCode``: there is no contract at that address.
    """
    vault = load("L1NativeTokenVault")
    hub = load("Bridgehub")
    asset: bytes = owner.client.read(vault, ecosystem.native_token_vault, "assetId", [token])
    if not any(asset):
        owner.call_contract(vault, ecosystem.native_token_vault, "ensureTokenIsRegistered", [token])
        asset = owner.client.read(vault, ecosystem.native_token_vault, "assetId", [token])
    if not owner.client.read(hub, ecosystem.bridgehub, "assetIdIsRegistered", [asset]):
        owner.call_contract(hub, ecosystem.bridgehub, "addTokenAssetId", [asset])
    return asset


def grant_roles(ecosystem: EcosystemAddresses, chain: ChainAddresses, admin: Sender, validators: Validators) -> None:
    """Give each operator the roles it lacks."""
    timelock = load("ValidatorTimelock")
    address = ecosystem.validator_timelock
    accounts = (validators.committer, validators.reverter, validators.prover, validators.executor)
    missing: dict[str, set[str]] = {}
    for role, account in zip(_ROLES, accounts, strict=True):
        query = [chain.zk_chain, keccak(role.encode()), account]
        if not admin.client.read(timelock, address, "hasRole", query):
            missing.setdefault(account, set()).add(role)
    run = Pipeline(admin)
    for account, roles in missing.items():
        flags = tuple(role in roles for role in _ROLES)
        run.call(timelock.name, address, "addValidatorRoles", [chain.zk_chain, account, flags])
    run.wait()


_CREATION_ORDER: Final = (
    "Bridgehub",
    "MessageRoot",
    "L1AssetRouter",
    "L1Nullifier",
    "BridgedStandardERC20",
    "L1NativeTokenVault",
    "ValidatorTimelock",
    "ZKChain",
    "UnprovenVerifier",
    "ChainTypeManager",
)
_OWNED: Final = ("Bridgehub", "L1AssetRouter", "ValidatorTimelock", "ChainTypeManager")
_ROLES: Final = ("COMMITTER_ROLE", "REVERTER_ROLE", "PROVER_ROLE", "EXECUTOR_ROLE")
"""In the order of the fields of ``ValidatorRoles``."""


def _create_on_bridgehub(ecosystem: EcosystemAddresses, params: ChainParams, owner: Sender, admin: str) -> Receipt:
    base_token = params.base_token_asset_id or eth_asset_id(ecosystem.l1_chain_id)
    args = [params.chain_id, ecosystem.chain_type_manager, base_token, 0, admin, params.init_data(), []]
    return owner.call_contract(load("Bridgehub"), ecosystem.bridgehub, "createNewChain", args)


def _check_genesis(client: L1Client, chain: ChainAddresses, params: ChainParams) -> None:
    expected = genesis_batch(params.genesis_state_commitment, params.genesis_timestamp).hash()
    if client.read(load("ZKChain"), chain.zk_chain, "storedBatchHash", [0]) != expected:
        raise DeployError(
            f"chain {chain.chain_id} exists on L1 with another genesis",
            hint="choose another chain id, or restore the chain's own data directory",
        )


def _owned_addresses(ecosystem: EcosystemAddresses) -> list[tuple[str, str]]:
    return [
        ("Bridgehub", ecosystem.bridgehub),
        ("L1AssetRouter", ecosystem.asset_router),
        ("ValidatorTimelock", ecosystem.validator_timelock),
        ("ChainTypeManager", ecosystem.chain_type_manager),
    ]
