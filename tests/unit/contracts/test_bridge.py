"""Chains whose base token is not ether, against the real contracts."""

import pytest

from contracts.abi import encode_deploy
from contracts.addresses import EcosystemAddresses
from contracts.artifacts import load
from contracts.chain_params import Validators
from contracts.deploy import check_ecosystem, create_chain, register_base_token
from contracts.deposits import approve, deposit
from contracts.errors import DeployError, TransactionReverted
from contracts.genesis import asset_id
from tests.unit.contracts.conftest import Anvil
from tests.unit.contracts.test_settlement import L1_CHAIN_ID, params

pytestmark = pytest.mark.npm

TOKEN = load("TestToken")
VAULT = load("L1NativeTokenVault")


@pytest.fixture
def gold(anvil: Anvil) -> str:
    owner = anvil.sender()
    created = owner.transact(None, encode_deploy(TOKEN, ["Gold", "AU", 18])).contract_address
    assert created is not None
    owner.call_contract(TOKEN, created, "mint", [anvil.sender(1).address, 10**24])
    return created


def test_chain_with_another_base_token_is_paid_in_it(anvil: Anvil, ecosystem: EcosystemAddresses, gold: str) -> None:
    owner, user = anvil.sender(), anvil.sender(1)
    asset = register_base_token(ecosystem, gold, owner=owner)
    assert asset == asset_id(L1_CHAIN_ID, bytes.fromhex(gold[2:]))
    nonce = anvil.client.get_nonce(owner.address)
    assert register_base_token(ecosystem, gold, owner=owner) == asset
    assert anvil.client.get_nonce(owner.address) == nonce
    chain_params = params(anvil, 300, base_token_asset_id=asset, token_multiplier=(3, 1))
    validators = Validators.all_by(owner.address)
    create_chain(ecosystem, chain_params, owner=owner, admin=owner, validators=validators)
    ether_before = anvil.client.get_balance(ecosystem.native_token_vault)
    before: int = anvil.client.read(TOKEN, gold, "balanceOf", [user.address])
    request = deposit(user, ecosystem, 300, to=user.address, value=10**18)
    spent = before - anvil.client.read(TOKEN, gold, "balanceOf", [user.address])
    assert spent == request.transaction.mint_value > 10**18
    assert anvil.client.read(VAULT, ecosystem.native_token_vault, "chainBalance", [300, asset]) == spent
    assert anvil.client.get_balance(ecosystem.native_token_vault) == ether_before
    # Nothing is left to be taken but what was asked for.
    assert anvil.client.read(TOKEN, gold, "allowance", [user.address, ecosystem.asset_router]) == 0


def test_only_a_contract_is_a_base_token(anvil: Anvil, ecosystem: EcosystemAddresses) -> None:
    with pytest.raises(TransactionReverted) as caught:
        register_base_token(ecosystem, anvil.sender(2).address, owner=anvil.sender())
    assert caught.value.error_name == "AddressHasNoCode"


def test_strangers_register_no_base_token(anvil: Anvil, ecosystem: EcosystemAddresses, gold: str) -> None:
    with pytest.raises(TransactionReverted) as caught:
        register_base_token(ecosystem, gold, owner=anvil.sender(2))
    assert caught.value.error_name == "Unauthorized"


def test_approval_is_not_repeated(anvil: Anvil, gold: str) -> None:
    user = anvil.sender(1)
    approve(user, gold, gold, 5)
    nonce = anvil.client.get_nonce(user.address)
    approve(user, gold, gold, 5)
    assert anvil.client.get_nonce(user.address) == nonce
    approve(user, gold, gold, 6)
    assert anvil.client.read(TOKEN, gold, "allowance", [user.address, gold]) == 6


def test_ecosystem_without_its_nullifier_is_refused(anvil: Anvil, ecosystem: EcosystemAddresses) -> None:
    content = ecosystem.to_json()
    wrong = EcosystemAddresses.from_json({**content, "l1_nullifier": ecosystem.bridgehub})
    with pytest.raises(DeployError, match="L1_NULLIFIER"):
        check_ecosystem(anvil.client, wrong)
    wrong = EcosystemAddresses.from_json({**content, "native_token_vault": ecosystem.bridgehub})
    with pytest.raises(DeployError, match="nativeTokenVault"):
        check_ecosystem(anvil.client, wrong)
    check_ecosystem(anvil.client, ecosystem)
