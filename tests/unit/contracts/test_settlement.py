"""Python against the real contracts: deploy, create chains, deposit, settle batches, and be refused."""

from dataclasses import replace

import pytest
from eth_hash.auto import keccak

from contracts.abi import encode_call
from contracts.addresses import ChainAddresses, EcosystemAddresses
from contracts.artifacts import load
from contracts.chain_params import ChainParams, Validators
from contracts.client import Fees, Receipt
from contracts.deploy import accept_ownership, check_ecosystem, create_chain, deploy_ecosystem, find_chain
from contracts.deposits import deposit, priority_requests
from contracts.errors import (
    DeployError,
    FeeTooLow,
    InsufficientFunds,
    NonceTooLow,
    ReceiptTimeout,
    TransactionReverted,
)
from contracts.genesis import DETERMINISTIC_DEPLOYER, eth_asset_id, ether, l2_genesis_accounts
from contracts.messages import (
    DA_CALLDATA,
    DA_VALIDIUM,
    ZERO_HASH,
    CommitBatchInfo,
    InteropFlow,
    InteropRoot,
    PriorityOpsBatchInfo,
    StoredBatchInfo,
    decode_commit,
    dependency_roots_rolling_hash,
    encode_commit,
    encode_execute,
    encode_prove,
    genesis_batch,
    priority_operations_hash,
)
from contracts.priority_tree import PriorityTree
from contracts.sender import Sender, create_address
from tests.unit.contracts.conftest import PROGRAM_ID, Anvil

pytestmark = pytest.mark.npm

L1_CHAIN_ID = 31337
CHAIN = load("ZKChain")
TIMELOCK = load("ValidatorTimelock")
GENESIS = b"\x01" * 32


def params(anvil: Anvil, chain_id: int = 271, **changes: object) -> ChainParams:
    block = anvil.client.get_block()
    assert block is not None
    base = ChainParams(chain_id, GENESIS, int(block["timestamp"], 16))
    return replace(base, **changes)  # type: ignore[arg-type]


class Settler:
    """One chain, settled by one key."""

    def __init__(
        self,
        anvil: Anvil,
        ecosystem: EcosystemAddresses,
        chain_params: ChainParams,
        sender: Sender | None = None,
    ) -> None:
        self.sender = sender or anvil.sender()
        self.client = anvil.client
        self.ecosystem = ecosystem
        self.params = chain_params
        validators = Validators.all_by(self.sender.address)
        self.chain = create_chain(ecosystem, chain_params, owner=self.sender, admin=self.sender, validators=validators)
        self.last = genesis_batch(chain_params.genesis_state_commitment, chain_params.genesis_timestamp)

    def read(self, function: str, *args: object) -> object:
        return self.client.read(CHAIN, self.chain.zk_chain, function, args)

    def batch(self, canonical_hashes: tuple[bytes, ...] = (), **changes: object) -> CommitBatchInfo:
        number = self.last.batch_number + 1
        block = self.client.get_block()
        assert block is not None
        pubdata = b"pubdata of batch %d" % number
        batch = CommitBatchInfo(
            batch_number=number,
            new_state_commitment=keccak(b"state %d" % number),
            number_of_layer1_txs=len(canonical_hashes),
            number_of_layer2_txs=5,
            priority_operations_hash=priority_operations_hash(canonical_hashes),
            dependency_roots_rolling_hash=ZERO_HASH,
            l2_logs_tree_root=keccak(b"logs %d" % number),
            da_commitment_scheme=DA_CALLDATA,
            da_commitment=keccak(pubdata),
            first_block_timestamp=int(block["timestamp"], 16),
            first_block_number=10 * number,
            last_block_timestamp=int(block["timestamp"], 16),
            last_block_number=10 * number + 9,
            chain_id=self.params.chain_id,
            operator_da_input=pubdata,
            sl_chain_id=L1_CHAIN_ID,
        )
        return replace(batch, **changes)  # type: ignore[arg-type]

    def send(self, function: str, number: int, data: bytes) -> Receipt:
        args = [self.chain.zk_chain, number, number, data]
        return self.sender.call_contract(TIMELOCK, self.ecosystem.validator_timelock, function, args)

    def commit(self, batch: CommitBatchInfo) -> StoredBatchInfo:
        self.send("commitBatchesSharedBridge", batch.batch_number, encode_commit(self.last, [batch]))
        return batch.to_stored()

    def settle(
        self, batch: CommitBatchInfo, tree: PriorityTree | None = None, roots: tuple[InteropRoot, ...] = ()
    ) -> StoredBatchInfo:
        stored = self.commit(batch)
        self.send("proveBatchesSharedBridge", batch.batch_number, encode_prove(self.last, [stored]))
        first = self.read("getFirstUnprocessedPriorityTx")
        assert isinstance(first, int)
        ops = (tree or PriorityTree()).prove_range(first if tree else 0, batch.number_of_layer1_txs)
        self.send("executeBatchesSharedBridge", batch.batch_number, encode_execute([stored], [ops], [roots]))
        self.last = stored
        return stored


@pytest.fixture
def settler(anvil: Anvil, ecosystem: EcosystemAddresses) -> Settler:
    return Settler(anvil, ecosystem, params(anvil))


# -- deployment ---------------------------------------------------------------------------------------------


def test_ecosystem_fits_together(anvil: Anvil, ecosystem: EcosystemAddresses) -> None:
    check_ecosystem(anvil.client, ecosystem)
    assert ecosystem == EcosystemAddresses.from_json(ecosystem.to_json())
    hub = load("Bridgehub")
    assert anvil.client.read(hub, ecosystem.bridgehub, "assetIdIsRegistered", [eth_asset_id(L1_CHAIN_ID)])
    manager = [ecosystem.chain_type_manager]
    assert anvil.client.read(hub, ecosystem.bridgehub, "chainTypeManagerIsRegistered", manager)


def test_check_notices_a_reset_l1(anvil: Anvil, ecosystem: EcosystemAddresses) -> None:
    with pytest.raises(DeployError, match="chain id 31337"):
        check_ecosystem(anvil.client, replace(ecosystem, l1_chain_id=1337))
    with pytest.raises(DeployError, match="no Bridgehub"):
        check_ecosystem(anvil.client, replace(ecosystem, bridgehub="0x" + 40 * "9"))
    with pytest.raises(DeployError, match="messageRoot"):
        check_ecosystem(anvil.client, replace(ecosystem, message_root=ecosystem.bridgehub))


def test_ownership_is_handed_over(anvil: Anvil) -> None:
    deployer, owner = anvil.sender(0), anvil.sender(1)
    ecosystem = deploy_ecosystem(deployer, program_id=PROGRAM_ID, owner=owner.address, execution_delay_s=7)
    accept_ownership(ecosystem, owner)
    accept_ownership(ecosystem, owner)
    found = anvil.client.read(load("Bridgehub"), ecosystem.bridgehub, "owner")
    assert found == owner.address.lower()
    assert anvil.client.read(TIMELOCK, ecosystem.validator_timelock, "executionDelay") == 7


def test_chain_is_created_once(anvil: Anvil, ecosystem: EcosystemAddresses, settler: Settler) -> None:
    assert find_chain(anvil.client, ecosystem, 271) == settler.chain
    assert find_chain(anvil.client, ecosystem, 999) is None
    blocks = anvil.client.block_number()
    again = Settler(anvil, ecosystem, settler.params)
    assert again.chain == settler.chain
    assert anvil.client.block_number() == blocks
    assert ChainAddresses.from_json(settler.chain.to_json()) == settler.chain


def test_interrupted_creation_is_completed(anvil: Anvil, ecosystem: EcosystemAddresses) -> None:
    owner, operators = anvil.sender(0), [anvil.sender(i).address for i in range(3)]
    chain_params = params(anvil)
    args = [271, ecosystem.chain_type_manager, eth_asset_id(L1_CHAIN_ID), 0, owner.address]
    args += [chain_params.init_data(), []]
    owner.call_contract(load("Bridgehub"), ecosystem.bridgehub, "createNewChain", args)
    validators = Validators(*operators, reverter=operators[0])
    chain = create_chain(ecosystem, chain_params, owner=owner, admin=owner, validators=validators)
    for role, account in (
        ("COMMITTER_ROLE", operators[0]),
        ("PROVER_ROLE", operators[1]),
        ("EXECUTOR_ROLE", operators[2]),
        ("REVERTER_ROLE", operators[0]),
    ):
        for other in operators:
            query = [chain.zk_chain, keccak(role.encode()), other]
            granted = anvil.client.read(TIMELOCK, ecosystem.validator_timelock, "hasRole", query)
            assert granted is (other == account)


def test_taken_chain_id_is_refused(anvil: Anvil, ecosystem: EcosystemAddresses, settler: Settler) -> None:
    other = replace(settler.params, genesis_state_commitment=b"\x09" * 32)
    with pytest.raises(DeployError, match="another genesis"):
        Settler(anvil, ecosystem, other)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"chain_id": 0}, "ZeroChainId"),
        ({"chain_id": 2**48}, "ChainIdTooBig"),
        ({"chain_id": L1_CHAIN_ID}, "ChainIdCantBeCurrentChain"),
        ({"base_token_asset_id": b"\x07" * 32}, "AssetIdNotSupported"),
        ({"da_scheme": 9}, "UnsupportedDAScheme"),
        ({"genesis_state_commitment": ZERO_HASH}, "GenesisStateCommitmentZero"),
        ({"priority_expiration_s": 0}, "InvalidPriorityExpiration"),
        ({"token_multiplier": (1, 0)}, "TokenMultiplierZero"),
    ],
)
def test_bad_chains_are_refused(
    anvil: Anvil, ecosystem: EcosystemAddresses, changes: dict[str, object], error: str
) -> None:
    with pytest.raises(TransactionReverted) as caught:
        Settler(anvil, ecosystem, params(anvil, **changes))
    assert caught.value.error_name == error


def test_deployment_on_a_public_chain_is_refused(anvil: Anvil) -> None:
    client = anvil.client
    client.rpc("anvil_setChainId", [1])
    try:
        with pytest.raises(TransactionReverted, match="PublicChainRefused") as caught:
            deploy_ecosystem(anvil.sender(), program_id=PROGRAM_ID)
        assert "UnprovenVerifier" in caught.value.what
    finally:
        client.rpc("anvil_setChainId", [L1_CHAIN_ID])


# -- deposits -----------------------------------------------------------------------------------------------


def test_deposit_stands_in_the_queue(anvil: Anvil, ecosystem: EcosystemAddresses, settler: Settler) -> None:
    user = anvil.sender(1)
    first = deposit(user, ecosystem, 271, to=user.address, value=10**18)
    second = deposit(
        user, ecosystem, 271, to=ecosystem.bridgehub, value=5, data=b"call", refund_recipient=settler.sender.address
    )
    assert [first.priority_id, second.priority_id] == [0, 1]
    assert first.transaction.canonical_hash() == first.canonical_hash
    assert first.transaction.sender == first.transaction.refund_recipient == bytes.fromhex(user.address[2:])
    assert second.transaction.data == b"call"
    assert second.transaction.refund_recipient == bytes.fromhex(settler.sender.address[2:])
    tree = PriorityTree([first.canonical_hash, second.canonical_hash])
    assert settler.read("getPriorityTreeRoot") == tree.root
    held = anvil.client.read(
        load("L1NativeTokenVault"),
        ecosystem.native_token_vault,
        "chainBalance",
        [271, eth_asset_id(L1_CHAIN_ID)],
    )
    assert held == first.transaction.mint_value + second.transaction.mint_value
    assert anvil.client.get_balance(ecosystem.native_token_vault) == held
    logs = anvil.client.get_logs(settler.chain.zk_chain, [CHAIN.event("NewPriorityRequest").topic])
    assert [log.block_number for log in logs] == [first.l1_block_number, second.l1_block_number]


def test_only_the_mailbox_says_what_it_queued(anvil: Anvil, ecosystem: EcosystemAddresses, settler: Settler) -> None:
    request = deposit(anvil.sender(1), ecosystem, 271, to=ecosystem.bridgehub, value=5)
    receipt = anvil.client.get_receipt(request.l1_transaction_hash)
    assert receipt is not None
    false = [replace(log, address=ecosystem.bridgehub) for log in receipt.logs]
    damaged = [replace(log, data=log.data[:-32]) for log in false]
    said = replace(receipt, logs=(*false, *receipt.logs))
    assert len(priority_requests(said)) == 2
    assert priority_requests(said, settler.chain.zk_chain.lower()) == [request]
    assert priority_requests(replace(said, logs=(*damaged, *said.logs)), settler.chain.zk_chain) == [request]


def test_deposit_to_nowhere_is_refused(anvil: Anvil, ecosystem: EcosystemAddresses) -> None:
    with pytest.raises(TransactionReverted, match="ChainIdNotRegistered") as caught:
        deposit(anvil.sender(1), ecosystem, 999, to=ecosystem.bridgehub, value=1)
    assert caught.value.transaction_hash is None


def test_receipt_without_requests_has_none(anvil: Anvil, settler: Settler) -> None:
    assert priority_requests(settler.sender.transact(settler.sender.address)) == []


# -- settlement ---------------------------------------------------------------------------------------------


def test_batches_are_settled(anvil: Anvil, ecosystem: EcosystemAddresses, settler: Settler) -> None:
    user = anvil.sender(1)
    tree = PriorityTree()
    for value in range(5):
        tree.push(deposit(user, ecosystem, 271, to=user.address, value=value).canonical_hash)
    settler.settle(settler.batch())
    settler.settle(settler.batch(tree.prove_range(0, 2).item_hashes), tree)
    stored = settler.settle(settler.batch(tree.prove_range(2, 3).item_hashes), tree)
    for counter in ("getTotalBatchesCommitted", "getTotalBatchesVerified", "getTotalBatchesExecuted"):
        assert settler.read(counter) == 3
    assert settler.read("storedBatchHash", 3) == stored.hash()
    assert settler.read("l2LogsRootHash", 3) == stored.l2_logs_tree_root
    assert settler.read("getPriorityQueueSize") == 0


def test_commit_is_seen_on_l1(anvil: Anvil, settler: Settler) -> None:
    batch = settler.batch()
    receipt = settler.send("commitBatchesSharedBridge", 1, encode_commit(settler.last, [batch]))
    events = [log.decode(CHAIN, "BlockCommit") for log in receipt.logs]
    assert {
        "batchNumber": 1,
        "batchHash": batch.new_state_commitment,
        "commitment": batch.batch_output_hash(),
    } in events
    sent = anvil.client.rpc("eth_getTransactionByHash", ["0x" + receipt.transaction_hash.hex()])
    function, args = (
        "commitBatchesSharedBridge",
        [settler.chain.zk_chain, 1, 1, encode_commit(settler.last, [batch])],
    )
    assert bytes.fromhex(sent["input"][2:]) == encode_call(TIMELOCK, function, args)
    assert decode_commit(args[3]) == (settler.last, [batch])  # type: ignore[arg-type]


def test_dependency_roots_and_flows(anvil: Anvil, ecosystem: EcosystemAddresses, settler: Settler) -> None:
    other = Settler(anvil, ecosystem, params(anvil, 272), settler.sender)
    other.settle(other.batch())
    user = anvil.sender(1)
    tree = PriorityTree([deposit(user, ecosystem, 271, to=user.address, value=10**18).canonical_hash])
    message_root = load("MessageRoot")
    log = anvil.client.get_logs(ecosystem.message_root, [message_root.event("NewInteropRoot").topic])[-1]
    event = log.decode(message_root, "NewInteropRoot")
    assert event is not None
    root = InteropRoot(event["chainId"], event["blockNumber"], tuple(event["sides"]))
    asset = eth_asset_id(L1_CHAIN_ID)
    batch = settler.batch(
        tree.prove_range(0, 1).item_hashes,
        dependency_roots_rolling_hash=dependency_roots_rolling_hash([root]),
        interop_flows=(InteropFlow(272, asset, 10**17),),
    )
    settler.settle(batch, tree, (root,))
    vault = load("L1NativeTokenVault")
    assert anvil.client.read(vault, ecosystem.native_token_vault, "chainBalance", [272, asset]) == 10**17


def test_validium_commits_a_hash_only(anvil: Anvil, ecosystem: EcosystemAddresses) -> None:
    validium = Settler(anvil, ecosystem, params(anvil, 273, da_scheme=DA_VALIDIUM))
    assert validium.read("getPubdataPricingMode") == 1
    batch = validium.batch(da_commitment_scheme=DA_VALIDIUM)
    with pytest.raises(TransactionReverted, match=r"PubdataNotEmpty\(length=18\)"):
        validium.commit(batch)
    validium.settle(replace(batch, operator_da_input=b""))


def test_refusals_are_explained(settler: Settler) -> None:
    batch = settler.batch()
    with pytest.raises(TransactionReverted) as caught:
        settler.commit(replace(batch, chain_id=5))
    assert caught.value.error_name == "ChainIdMismatch"
    assert caught.value.reason == "ChainIdMismatch(expected=271, provided=5)"
    assert "commitBatchesSharedBridge" in caught.value.what
    with pytest.raises(TransactionReverted, match="InvalidPubdataHash"):
        settler.commit(replace(batch, operator_da_input=b"other"))
    with pytest.raises(TransactionReverted, match="BatchHashMismatch"):
        settler.last = replace(settler.last, batch_hash=b"\x09" * 32)
        settler.commit(batch)


def test_revert_of_an_included_transaction_is_explained(settler: Settler) -> None:
    data = encode_commit(settler.last, [settler.batch(batch_number=9)])
    args = [settler.chain.zk_chain, 1, 1, data]
    with pytest.raises(TransactionReverted, match="BatchNumberMismatch") as caught:
        settler.sender.call_contract(
            TIMELOCK, settler.ecosystem.validator_timelock, "commitBatchesSharedBridge", args, gas=500_000
        )
    assert caught.value.transaction_hash is not None


def test_strangers_settle_nothing(anvil: Anvil, settler: Settler) -> None:
    settler.sender = anvil.sender(2)
    with pytest.raises(TransactionReverted, match="RoleAccessDenied"):
        settler.commit(settler.batch())


def test_revert_and_recommit(settler: Settler) -> None:
    settler.settle(settler.batch())
    settler.commit(settler.batch())
    args = [settler.chain.zk_chain, 1]
    timelock = settler.ecosystem.validator_timelock
    settler.sender.call_contract(TIMELOCK, timelock, "revertBatchesSharedBridge", args)
    assert settler.read("getTotalBatchesCommitted") == 1
    settler.settle(settler.batch(number_of_layer2_txs=9))
    with pytest.raises(TransactionReverted, match="CantRevertExecutedBatch"):
        settler.sender.call_contract(TIMELOCK, timelock, "revertBatchesSharedBridge", args)


def test_execution_delay_is_waited_out(anvil: Anvil) -> None:
    ecosystem = deploy_ecosystem(anvil.sender(), program_id=PROGRAM_ID, execution_delay_s=3600)
    settler = Settler(anvil, ecosystem, params(anvil))
    stored = settler.commit(settler.batch())
    settler.send("proveBatchesSharedBridge", 1, encode_prove(settler.last, [stored]))
    execution = encode_execute([stored], [PriorityOpsBatchInfo()])
    with pytest.raises(TransactionReverted) as caught:
        settler.send("executeBatchesSharedBridge", 1, execution)
    assert caught.value.error_name == "TimeNotReached"
    anvil.client.rpc("evm_increaseTime", [3600])
    settler.send("executeBatchesSharedBridge", 1, execution)
    assert settler.read("getTotalBatchesExecuted") == 1


# -- genesis --------------------------------------------------------------------------------------------


def test_deterministic_deployer_is_the_one_that_tools_expect(anvil: Anvil) -> None:
    genesis = l2_genesis_accounts(271, L1_CHAIN_ID, ether(L1_CHAIN_ID), bytes(20))
    accounts = {account.address: account for account in genesis}
    expected = anvil.client.get_code("0x" + DETERMINISTIC_DEPLOYER.hex())
    assert accounts[DETERMINISTIC_DEPLOYER].code == expected != b""


# -- sender -------------------------------------------------------------------------------------------------


def test_used_nonce_is_noticed_and_read_again(anvil: Anvil) -> None:
    one, two = anvil.sender(2), anvil.sender(2)
    one.transact(one.address, value=1)
    two.transact(two.address, value=2)
    with pytest.raises(NonceTooLow):
        one.transact(one.address, value=3)
    one.transact(one.address, value=3)


def test_transaction_in_the_pool_is_replaced(anvil: Anvil) -> None:
    sender = anvil.sender(2)
    anvil.client.rpc("evm_setAutomine", [False])
    try:
        sent = sender.send(sender.address, value=1, gas=21_000)
        with pytest.raises(FeeTooLow):
            sender.replace(sent, Fees(sent.fees.max_fee_per_gas - 1, sent.fees.max_priority_fee_per_gas))
        replacement = sender.replace(sent, sent.fees.raised(15))
        assert replacement.nonce == sent.nonce
        with pytest.raises(ReceiptTimeout) as caught:
            anvil.client.wait_for_receipt(replacement.hash, timeout_s=0.05)
        assert caught.value.transaction_hash == replacement.hash
        anvil.client.rpc("evm_mine")
    finally:
        anvil.client.rpc("evm_setAutomine", [True])
    assert anvil.client.get_receipt(sent.hash) is None
    assert anvil.client.wait_for_receipt(replacement.hash).succeeded
    with pytest.raises(NonceTooLow):
        sender.replace(sent, sent.fees.raised(50))


def test_poor_sender_is_told(anvil: Anvil) -> None:
    poor = Sender(anvil.client, b"\x07" * 32)
    with pytest.raises(InsufficientFunds):
        poor.send(poor.address, value=1, gas=21_000)


def test_created_contracts_are_where_they_are_predicted(anvil: Anvil) -> None:
    sender = anvil.sender(2)
    predicted = create_address(sender.address, sender.next_nonce)
    assert sender.transact(None, load("L1Messenger").bytecode).contract_address == predicted
    assert anvil.client.get_code(predicted) == load("L1Messenger").deployed_bytecode
