"""Selectors against those that published clients send, and signatures against the compiled contracts."""

import pytest

from contracts.artifacts import artifact_names, load
from shared_bridge import interfaces as abi

PUBLISHED = {
    "REQUEST_DIRECT": "d52471c1",
    "REQUEST_TWO_BRIDGES": "24fd57fb",
    "BASE_COST": "71623274",
    "BASE_TOKEN": "59ec65a2",
    "GET_ZK_CHAIN": "e680c4c1",
    "NULLIFIER": "e60ccaba",
    "VAULT": "64e130cf",
    "IS_FINALIZED": "8f31f052",
    "RECOVER_DEPOSIT": "3601e63e",
    "FINALIZE_DEPOSIT_L1": "74beea82",
    "ASSET_ID": "fd3f60df",
    "TOKEN_ADDRESS": "97bb3ce9",
    "ORIGIN_CHAIN": "5f3455b5",
    "WITHDRAW_BASE": "51cff8d9",
    "WITHDRAW_ASSET": "4a2e35ba",
    "FINALIZE_DEPOSIT_L2": "9c884fd1",
    "INTEROP_ROOT": "77cfd171",
    "BALANCE_OF": "70a08231",
    "ALLOWANCE": "dd62ed3e",
    "APPROVE": "095ea7b3",
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_selectors_are_those_of_the_clients(name):
    assert getattr(abi, name).selector.hex() == PUBLISHED[name]


FUNCTIONS = [value for value in vars(abi).values() if isinstance(value, abi.Function)]


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.name)
def test_the_contracts_have_every_function_with_these_results(function):
    found = [
        item
        for name in artifact_names()
        for item in load(name).items
        if item.kind == "function" and item.signature == function.signature
    ]
    assert found, f"no contract has {function.signature}"
    if function.returns:
        assert any(item.output_types == function.returns for item in found)


def test_the_message_event_has_its_published_topic():
    assert abi.L1_MESSAGE_SENT.hex() == "3a36e47291f4201faf137fab081d92295bce2d53be2c6ca68ba82c7faa9ce241"


def test_calls_of_other_functions_are_not_read():
    assert abi.APPROVE.arguments(abi.ALLOWANCE.encode(abi.L2_VAULT, abi.L2_VAULT)) is None
    assert abi.APPROVE.arguments(abi.APPROVE.encode(abi.L2_VAULT, 5)) == (abi.L2_VAULT.lower(), 5)
