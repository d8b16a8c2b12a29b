"""Committed artifacts, and the accounts a chain's genesis is made of."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from eth_hash.auto import keccak

from contracts import artifacts
from contracts.artifacts import ARTIFACTS, artifact_names, load
from contracts.errors import ArtifactError, EncodingError
from contracts.genesis import (
    BASE_TOKEN_HOLDER,
    BASE_TOKEN_SUPPLY_BOUND,
    BOOTLOADER,
    L2_ASSET_ROUTER,
    L2_BASE_TOKEN,
    L2_BRIDGEHUB,
    L2_NATIVE_TOKEN_VAULT,
    BaseToken,
    asset_id,
    eth_asset_id,
    ether,
    l2_genesis_accounts,
)

ASSET = eth_asset_id(31337)
ROUTER = bytes(range(20))
GOLD = BaseToken(asset_id(31337, 20 * b"\x07"), 31337, 20 * b"\x07", "Gold", "AU")


def test_no_premine_but_the_holders() -> None:
    accounts = {account.address: account for account in l2_genesis_accounts(271, 31337, ether(31337), ROUTER)}
    assert {address: account.balance for address, account in accounts.items() if account.balance} == {
        BASE_TOKEN_HOLDER: BASE_TOKEN_SUPPLY_BOUND
    }
    assert BOOTLOADER not in accounts
    assert all(account.code and account.nonce == 1 for account in accounts.values())


def test_storage_is_what_the_layout_says() -> None:
    accounts = {account.address: account for account in l2_genesis_accounts(271, 31337, GOLD, ROUTER)}
    layout = {
        name: {entry["label"]: entry["slot"] for entry in json.loads(artifact_text(name))["storageLayout"]}
        for name in ("L2BaseToken", "L2Bridgehub", "L2AssetRouter", "L2NativeTokenVault")
    }
    token, bridgehub = accounts[L2_BASE_TOKEN].storage, accounts[L2_BRIDGEHUB].storage
    router, vault = accounts[L2_ASSET_ROUTER].storage, accounts[L2_NATIVE_TOKEN_VAULT].storage
    assert token[layout["L2BaseToken"]["name"]].to_bytes(32) == b"Gold" + bytes(27) + b"\x08"
    assert token[layout["L2BaseToken"]["symbol"]].to_bytes(32) == b"AU" + bytes(29) + b"\x04"
    assert bridgehub[layout["L2Bridgehub"]["L1_CHAIN_ID"]] == 31337
    slot = keccak((271).to_bytes(32) + layout["L2Bridgehub"]["baseTokenAssetId"].to_bytes(32))
    assert bridgehub[int.from_bytes(slot)].to_bytes(32) == GOLD.asset_id
    assert router[layout["L2AssetRouter"]["L1_CHAIN_ID"]] == 31337
    assert router[layout["L2AssetRouter"]["L1_ASSET_ROUTER"]].to_bytes(20) == ROUTER
    slots = layout["L2NativeTokenVault"]
    assert vault[slots["L1_CHAIN_ID"]] == 31337
    assert vault[slots["BASE_TOKEN_ASSET_ID"]].to_bytes(32) == GOLD.asset_id

    def mapped(label: str, key: bytes) -> int:
        return vault[int.from_bytes(keccak(key + slots[label].to_bytes(32)))]

    assert mapped("assetId", bytes(12) + L2_BASE_TOKEN).to_bytes(32) == GOLD.asset_id
    assert mapped("tokenAddress", GOLD.asset_id).to_bytes(20) == L2_BASE_TOKEN
    assert mapped("originChainId", GOLD.asset_id) == 31337
    assert mapped("originToken", GOLD.asset_id).to_bytes(20) == GOLD.origin_token


def artifact_text(name: str) -> str:
    return (ARTIFACTS / f"{name}.json").read_text()


def test_bad_genesis_values_are_refused() -> None:
    with pytest.raises(EncodingError, match="20 bytes"):
        l2_genesis_accounts(271, 31337, GOLD, b"short")
    with pytest.raises(EncodingError, match="31 bytes"):
        l2_genesis_accounts(271, 31337, replace(GOLD, name="x" * 32), ROUTER)
    with pytest.raises(EncodingError, match="is not token"):
        replace(GOLD, origin_chain_id=1)


def test_asset_id_of_ether() -> None:
    packed = (31337).to_bytes(32) + (0x10004).to_bytes(32) + (1).to_bytes(32)
    assert eth_asset_id(31337) == keccak(packed)


#: Selectors and topics that clients call: reference/clients.md of the design, sections 7.3 and 7.4.
KNOWN_FUNCTIONS = [
    ("Bridgehub", "baseToken", "59ec65a2"),
    ("Bridgehub", "getZKChain", "e680c4c1"),
    ("Bridgehub", "l2TransactionBaseCost", "71623274"),
    ("Bridgehub", "requestL2TransactionDirect", "d52471c1"),
    ("Bridgehub", "requestL2TransactionTwoBridges", "24fd57fb"),
    ("L1AssetRouter", "L1_NULLIFIER", "e60ccaba"),
    ("L1AssetRouter", "isWithdrawalFinalized", "8f31f052"),
    (
        "L1AssetRouter",
        "bridgeRecoverFailedTransfer(uint256,address,bytes32,bytes,bytes32,uint256,uint256,uint16,bytes32[])",
        "3601e63e",
    ),
    ("L1AssetRouter", "bridgehubDeposit", "ca408c23"),
    ("L1Nullifier", "finalizeDeposit", "74beea82"),
    ("L1AssetRouter", "nativeTokenVault", "64e130cf"),
    ("L1NativeTokenVault", "assetId", "fd3f60df"),
    ("L1NativeTokenVault", "tokenAddress", "97bb3ce9"),
    ("L2BaseToken", "withdraw", "51cff8d9"),
    ("L1Messenger", "sendToL1", "62f84b24"),
    ("L2AssetRouter", "L1_ASSET_ROUTER", "cdf25430"),
    ("L2AssetRouter", "withdraw(address,address,uint256)", "d9caed12"),
    ("L2AssetRouter", "withdraw(bytes32,bytes)", "4a2e35ba"),
    ("L2AssetRouter", "l2TokenAddress", "f5f15168"),
    ("L2AssetRouter", "l1TokenAddress", "f54266a2"),
    ("L2AssetRouter", "finalizeDeposit(address,address,address,uint256,bytes)", "cfe7af7c"),
    ("L2AssetRouter", "finalizeDeposit(uint256,bytes32,bytes)", "9c884fd1"),
    ("L2NativeTokenVault", "BASE_TOKEN_ASSET_ID", "cb944dec"),
    ("L2NativeTokenVault", "L1_CHAIN_ID", "2f90b184"),
    ("L2NativeTokenVault", "assetId", "fd3f60df"),
    ("L2NativeTokenVault", "originChainId", "5f3455b5"),
    ("L2InteropRootStorage", "interopRoots", "77cfd171"),
    ("L2MessageVerification", "proveL2MessageInclusionShared", "18b7fc22"),
]


@pytest.mark.parametrize(("contract", "function", "selector"), KNOWN_FUNCTIONS)
def test_selectors_are_those_that_clients_call(contract: str, function: str, selector: str) -> None:
    assert load(contract).function(function).selector.hex() == selector


def test_topics_are_those_that_clients_read() -> None:
    request = load("ZKChain").event("NewPriorityRequest")
    assert request.topic.hex() == "4531cd5795773d7101c17bdeb9f5ab7f47d7056017506f937083be5d6e77a382"
    assert not any(entry["indexed"] for entry in request.inputs)
    message = load("L1Messenger").event("L1MessageSent")
    assert message.topic.hex() == "3a36e47291f4201faf137fab081d92295bce2d53be2c6ca68ba82c7faa9ce241"


def test_code_fits_ethereums_limit() -> None:
    for name in artifact_names():
        assert len(load(name).deployed_bytecode) <= 24_576, name
        assert len(load(name).bytecode) <= 49_152, name


def test_system_contracts_have_no_immutables() -> None:
    # Their runtime code is installed as it is: an immutable would stay zero.
    for account in l2_genesis_accounts(271, 31337, ether(31337), ROUTER):
        assert account.code
    source = Path(artifacts.__file__).parent / "src" / "l2"
    for path in source.rglob("*.sol"):
        code = "\n".join(line.split("//")[0] for line in path.read_text().splitlines())
        assert "immutable" not in code, path
        assert "constructor" not in code, path


def test_missing_and_damaged_artifacts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ArtifactError, match=r"no contract Nothing; the artifacts hold .*Bridgehub"):
        load("Nothing")
    monkeypatch.setattr(artifacts, "ARTIFACTS", tmp_path)
    (tmp_path / "Broken.json").write_text('{"contractName": "Broken", "abi": []')
    (tmp_path / "Hollow.json").write_text('{"contractName": "Hollow", "abi": []}')
    for name in ("Broken", "Hollow"):
        with pytest.raises(ArtifactError, match="damaged") as caught:
            load(name)
        assert "make -C contracts artifacts" in caught.value.hint


def test_overloads_are_named_by_signature() -> None:
    token = load("L2BaseToken")
    with pytest.raises(ArtifactError, match=r"overloaded.*balanceOf\(address\)"):
        token.function("balanceOf")
    assert token.function("balanceOf(address)").selector.hex() == "70a08231"
    with pytest.raises(ArtifactError, match=r"no function mint; it has .*withdraw"):
        token.function("mint")
    assert token.constructor.inputs == ()
