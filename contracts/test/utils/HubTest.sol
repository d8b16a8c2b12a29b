// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {L2TransactionRequestDirect} from "@matterlabs/zksync-contracts/contracts/l1-contracts/bridgehub/IBridgehub.sol";
import {InteropRoot} from "@matterlabs/zksync-contracts/contracts/l1-contracts/common/Messaging.sol";
import {
    FeeParams,
    PubdataPricingMode
} from "@matterlabs/zksync-contracts/contracts/l1-contracts/state-transition/chain-deps/ZKChainStorage.sol";
import {
    PriorityOpsBatchInfo
} from "@matterlabs/zksync-contracts/contracts/l1-contracts/state-transition/libraries/PriorityTree.sol";
import {Bridgehub} from "../../src/l1/Bridgehub.sol";
import {ChainTypeManager} from "../../src/l1/ChainTypeManager.sol";
import {MessageRoot} from "../../src/l1/MessageRoot.sol";
import {ValidatorTimelock} from "../../src/l1/ValidatorTimelock.sol";
import {L1AssetRouter} from "../../src/l1/bridge/L1AssetRouter.sol";
import {L1NativeTokenVault} from "../../src/l1/bridge/L1NativeTokenVault.sol";
import {L1Nullifier} from "../../src/l1/bridge/L1Nullifier.sol";
import {CommitBatchInfo, InteropFlow, StoredBatchInfo} from "../../src/l1/chain/BatchTypes.sol";
import {ZKChain} from "../../src/l1/chain/ZKChain.sol";
import {ChainInitData} from "../../src/l1/chain/ZKChainStorage.sol";
import {VersionData} from "../../src/l1/interfaces/IChainTypeManager.sol";
import {FactVerifier} from "./FactVerifier.sol";
import {NaiveTree} from "./NaiveTree.sol";
import {Test} from "./Test.sol";

/// @title A hub with two chains, and batches for them
abstract contract HubTest is Test {
    uint256 internal constant L1_CHAIN_ID = 31337;
    uint256 internal constant CHAIN_A = 271;
    uint256 internal constant CHAIN_B = 272;
    uint256 internal constant START = 1_800_000_000;
    uint64 internal constant EXPIRATION = 4 days;
    uint32 internal constant DELAY = 100;
    uint256 internal constant VERSION = 29 << 32;
    bytes32 internal constant PROGRAM = keccak256("program");
    bytes32 internal constant GENESIS = keccak256("genesis");
    bytes internal constant PUBDATA = "what changed";

    address internal owner = makeAddr("owner");
    address internal admin = makeAddr("chain admin");
    address internal user = makeAddr("user");
    address internal committer = makeAddr("committer");
    address internal prover = makeAddr("prover");
    address internal executor = makeAddr("executor");
    address internal reverter = makeAddr("reverter");

    Bridgehub internal hub;
    MessageRoot internal messageRoot;
    L1AssetRouter internal router;
    L1NativeTokenVault internal vault;
    L1Nullifier internal nullifier;
    ValidatorTimelock internal timelock;
    ChainTypeManager internal manager;
    FactVerifier internal verifier;
    ZKChain internal chainA;
    ZKChain internal chainB;
    bytes32 internal ethAssetId;
    /// @dev Canonical hashes of all requests to a chain.
    mapping(address chain => bytes32[]) internal requests;

    function setUp() public virtual {
        vm.chainId(L1_CHAIN_ID);
        vm.warp(START);
        vm.txGasPrice(1 gwei);
        vm.deal(user, 1e9 ether);
        ethAssetId = keccak256(abi.encode(L1_CHAIN_ID, address(0x10004), address(1)));
        deployHub();
        chainA = createChain(CHAIN_A);
        chainB = createChain(CHAIN_B);
    }

    function deployHub() internal {
        hub = Bridgehub(deploy("Bridgehub", abi.encode(owner)));
        messageRoot = MessageRoot(deploy("MessageRoot", abi.encode(hub)));
        router = L1AssetRouter(deploy("L1AssetRouter", abi.encode(hub, owner)));
        nullifier = L1Nullifier(deploy("L1Nullifier", abi.encode(hub, router)));
        address bridgedToken = deploy("BridgedStandardERC20", "");
        vault = L1NativeTokenVault(deploy("L1NativeTokenVault", abi.encode(hub, router, bridgedToken)));
        timelock = ValidatorTimelock(deploy("ValidatorTimelock", abi.encode(hub, owner, DELAY)));
        verifier = new FactVerifier();
        address implementation = deploy("ZKChain", abi.encode(hub));
        VersionData memory first = VersionData(implementation, address(verifier), PROGRAM);
        manager = ChainTypeManager(deploy("ChainTypeManager", abi.encode(hub, timelock, owner, VERSION, first)));
        vm.startPrank(owner, owner);
        router.setNativeTokenVault(address(vault));
        router.setL1Nullifier(address(nullifier));
        hub.setAddresses(address(router), address(messageRoot));
        hub.addChainTypeManager(address(manager));
        vm.stopPrank();
    }

    // -- chains ------------------------------------------------------------------------------------------------------

    function feeParams() internal pure returns (FeeParams memory) {
        return FeeParams({
            pubdataPricingMode: PubdataPricingMode.Rollup,
            batchOverheadL1Gas: 1_000_000,
            maxPubdataPerBatch: 120_000,
            maxL2GasPerBatch: 80_000_000,
            priorityTxMaxPubdata: 99_000,
            minimalL2GasPrice: 0.25 gwei
        });
    }

    function initData() internal pure returns (ChainInitData memory) {
        return ChainInitData({
            genesisStateCommitment: GENESIS,
            genesisTimestamp: uint64(START),
            daCommitmentScheme: 2,
            feeParams: feeParams(),
            tokenMultiplierNominator: 1,
            tokenMultiplierDenominator: 1,
            priorityExpiration: EXPIRATION,
            priorityTxMaxGasLimit: 72_000_000
        });
    }

    function createChain(uint256 chainId) internal returns (ZKChain chain) {
        return createChain(chainId, initData());
    }

    function createChainOn(uint256 chainId, bytes32 baseTokenAssetId) internal returns (ZKChain chain) {
        return createChain(chainId, initData(), baseTokenAssetId);
    }

    function createChain(uint256 chainId, ChainInitData memory init) internal returns (ZKChain chain) {
        return createChain(chainId, init, ethAssetId);
    }

    function createChain(uint256 chainId, ChainInitData memory init, bytes32 baseTokenAssetId)
        internal
        returns (ZKChain chain)
    {
        vm.prank(owner);
        hub.createNewChain(chainId, address(manager), baseTokenAssetId, 0, admin, abi.encode(init), new bytes[](0));
        chain = ZKChain(hub.getZKChain(chainId));
        vm.startPrank(admin, admin);
        timelock.addValidatorRoles(address(chain), committer, roles(true, false, false, false));
        timelock.addValidatorRoles(address(chain), reverter, roles(false, true, false, false));
        timelock.addValidatorRoles(address(chain), prover, roles(false, false, true, false));
        timelock.addValidatorRoles(address(chain), executor, roles(false, false, false, true));
        vm.stopPrank();
    }

    function roles(bool commits, bool reverts, bool proves, bool executes)
        internal
        pure
        returns (ValidatorTimelock.ValidatorRoles memory)
    {
        return ValidatorTimelock.ValidatorRoles(commits, reverts, proves, executes);
    }

    // -- requests ----------------------------------------------------------------------------------------------------

    function directRequest(uint256 chainId, uint256 l2Value)
        internal
        view
        returns (L2TransactionRequestDirect memory request)
    {
        request.chainId = chainId;
        request.l2Contract = user;
        request.l2Value = l2Value;
        request.l2GasLimit = 500_000;
        request.l2GasPerPubdataByteLimit = 800;
        request.factoryDeps = new bytes[](0);
        request.mintValue = hub.l2TransactionBaseCost(chainId, tx.gasprice, request.l2GasLimit, 800) + l2Value;
    }

    function deposit(uint256 chainId, uint256 l2Value) internal returns (bytes32 canonicalTxHash) {
        L2TransactionRequestDirect memory request = directRequest(chainId, l2Value);
        vm.deal(user, user.balance + request.mintValue);
        vm.prank(user, user);
        canonicalTxHash = hub.requestL2TransactionDirect{value: request.mintValue}(request);
        requests[hub.getZKChain(chainId)].push(canonicalTxHash);
    }

    // -- batches -----------------------------------------------------------------------------------------------------

    function genesisBatch() internal pure returns (StoredBatchInfo memory) {
        return StoredBatchInfo(0, GENESIS, 0, 0, keccak256(""), 0, 0, START, 0);
    }

    /// @dev A batch after `previous` with `l1Txs` of the chain's requests from `firstRequest` on.
    function batchAfter(ZKChain chain, StoredBatchInfo memory previous, uint256 firstRequest, uint256 l1Txs)
        internal
        view
        returns (CommitBatchInfo memory batch)
    {
        batch.batchNumber = previous.batchNumber + 1;
        batch.newStateCommitment = keccak256(abi.encode("state", chain.getChainId(), batch.batchNumber, l1Txs));
        batch.numberOfLayer1Txs = l1Txs;
        batch.numberOfLayer2Txs = 3;
        batch.priorityOperationsHash = keccak256("");
        for (uint256 i = 0; i < l1Txs; ++i) {
            batch.priorityOperationsHash =
                keccak256(bytes.concat(batch.priorityOperationsHash, requests[address(chain)][firstRequest + i]));
        }
        batch.l2LogsTreeRoot = keccak256(abi.encode("logs", chain.getChainId(), batch.batchNumber));
        batch.daCommitmentScheme = 2;
        batch.daCommitment = keccak256(PUBDATA);
        batch.operatorDAInput = PUBDATA;
        batch.firstBlockTimestamp = uint64(block.timestamp);
        batch.lastBlockTimestamp = uint64(block.timestamp);
        batch.firstBlockNumber = 10 * batch.batchNumber;
        batch.lastBlockNumber = 10 * batch.batchNumber + 9;
        batch.chainId = chain.getChainId();
        batch.slChainId = L1_CHAIN_ID;
        batch.interopFlows = new InteropFlow[](0);
    }

    function firstBatch(ZKChain chain) internal view returns (CommitBatchInfo memory) {
        return batchAfter(chain, genesisBatch(), 0, 0);
    }

    /// @dev What L1 must store of a batch, written from the protocol's text and not with the contracts' library.
    function stored(CommitBatchInfo memory batch) internal pure returns (StoredBatchInfo memory) {
        bytes memory output = bytes.concat(
            bytes32(batch.chainId),
            bytes8(batch.firstBlockTimestamp),
            bytes8(batch.lastBlockTimestamp),
            bytes32(batch.daCommitmentScheme),
            batch.daCommitment,
            bytes32(batch.numberOfLayer1Txs)
        );
        output = bytes.concat(
            output,
            bytes32(batch.numberOfLayer2Txs),
            batch.priorityOperationsHash,
            batch.l2LogsTreeRoot,
            bytes32(0),
            batch.dependencyRootsRollingHash,
            bytes32(batch.slChainId),
            keccak256(abi.encode(batch.interopFlows))
        );
        return StoredBatchInfo({
            batchNumber: batch.batchNumber,
            batchHash: batch.newStateCommitment,
            indexRepeatedStorageChanges: 0,
            numberOfLayer1Txs: batch.numberOfLayer1Txs,
            priorityOperationsHash: batch.priorityOperationsHash,
            dependencyRootsRollingHash: batch.dependencyRootsRollingHash,
            l2LogsTreeRoot: batch.l2LogsTreeRoot,
            timestamp: batch.lastBlockTimestamp,
            commitment: keccak256(output)
        });
    }

    function publicInput(StoredBatchInfo memory previous, StoredBatchInfo memory batch)
        internal
        pure
        returns (bytes32)
    {
        return keccak256(bytes.concat(previous.batchHash, batch.batchHash, batch.commitment));
    }

    // -- settlement --------------------------------------------------------------------------------------------------

    function commitData(StoredBatchInfo memory previous, CommitBatchInfo memory batch)
        internal
        pure
        returns (bytes memory)
    {
        CommitBatchInfo[] memory batches = new CommitBatchInfo[](1);
        batches[0] = batch;
        return commitData(previous, batches);
    }

    function commitData(StoredBatchInfo memory previous, CommitBatchInfo[] memory batches)
        internal
        pure
        returns (bytes memory)
    {
        return bytes.concat(hex"01", abi.encode(previous, batches));
    }

    function proveData(StoredBatchInfo memory previous, StoredBatchInfo memory batch)
        internal
        pure
        returns (bytes memory)
    {
        StoredBatchInfo[] memory batches = new StoredBatchInfo[](1);
        batches[0] = batch;
        return bytes.concat(hex"01", abi.encode(previous, batches, new uint256[](0)));
    }

    function executeData(StoredBatchInfo memory batch, PriorityOpsBatchInfo memory ops, InteropRoot[] memory roots)
        internal
        pure
        returns (bytes memory)
    {
        StoredBatchInfo[] memory batches = new StoredBatchInfo[](1);
        batches[0] = batch;
        PriorityOpsBatchInfo[] memory allOps = new PriorityOpsBatchInfo[](1);
        allOps[0] = ops;
        InteropRoot[][] memory allRoots = new InteropRoot[][](1);
        allRoots[0] = roots;
        return bytes.concat(hex"01", abi.encode(batches, allOps, allRoots));
    }

    function executeData(StoredBatchInfo memory batch) internal pure returns (bytes memory) {
        PriorityOpsBatchInfo memory none;
        return executeData(batch, none, new InteropRoot[](0));
    }

    function noOps() internal pure returns (PriorityOpsBatchInfo memory none) {}

    function opsProof(ZKChain chain, uint256 first, uint256 count) internal view returns (PriorityOpsBatchInfo memory) {
        return NaiveTree.proveRange(requests[address(chain)], keccak256(""), first, count);
    }

    function commit(ZKChain chain, StoredBatchInfo memory previous, CommitBatchInfo memory batch)
        internal
        returns (StoredBatchInfo memory)
    {
        vm.prank(committer);
        timelock.commitBatchesSharedBridge(
            address(chain), batch.batchNumber, batch.batchNumber, commitData(previous, batch)
        );
        return stored(batch);
    }

    function prove(ZKChain chain, StoredBatchInfo memory previous, StoredBatchInfo memory batch) internal {
        verifier.learn(PROGRAM, publicInput(previous, batch));
        vm.prank(prover);
        timelock.proveBatchesSharedBridge(
            address(chain), batch.batchNumber, batch.batchNumber, proveData(previous, batch)
        );
    }

    function execute(ZKChain chain, StoredBatchInfo memory batch) internal {
        execute(chain, batch, noOps());
    }

    function execute(ZKChain chain, StoredBatchInfo memory batch, PriorityOpsBatchInfo memory ops) internal {
        vm.warp(block.timestamp + DELAY);
        vm.prank(executor);
        timelock.executeBatchesSharedBridge(
            address(chain), batch.batchNumber, batch.batchNumber, executeData(batch, ops, new InteropRoot[](0))
        );
    }

    /// @dev Commits, proves and executes a batch.
    function settle(ZKChain chain, StoredBatchInfo memory previous, CommitBatchInfo memory batch)
        internal
        returns (StoredBatchInfo memory settled)
    {
        uint256 firstRequest = chain.getFirstUnprocessedPriorityTx();
        settled = commit(chain, previous, batch);
        prove(chain, previous, settled);
        execute(chain, settled, opsProof(chain, firstRequest, batch.numberOfLayer1Txs));
    }
}
