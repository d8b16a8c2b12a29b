// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {InteropRoot} from "@matterlabs/zksync-contracts/contracts/l1-contracts/common/Messaging.sol";
import {
    PriorityOpsBatchInfo,
    PriorityTree
} from "@matterlabs/zksync-contracts/contracts/l1-contracts/state-transition/libraries/PriorityTree.sol";
import {BATCH_ENCODING_VERSION, EMPTY_STRING_KECCAK, NO_UPGRADE_TX} from "../common/Constants.sol";
import {
    AddressMismatch,
    AlreadyInPriorityMode,
    BatchHashMismatch,
    BatchNumberMismatch,
    CantExecuteUnprovenBatches,
    CantRevertExecutedBatch,
    DependencyRootsRollingHashMismatch,
    IncorrectBatchBounds,
    InvalidBatchesDataLength,
    InvalidInteropRoot,
    InvalidMessageRoot,
    InvalidProtocolVersion,
    MismatchNumberOfLayer1Txs,
    NotInPriorityMode,
    PriorityDeadlineNotReached,
    PriorityOperationsRollingHashMismatch,
    PriorityQueueEmpty,
    RevertedBatchNotAfterNewLastBatch,
    UnexpectedProof,
    UnprovenBatch,
    UnsupportedBatchEncoding,
    VerifiedBatchesExceedsCommittedBatches
} from "../common/Errors.sol";
import {IL1AssetRouter, IL1NativeTokenVault} from "../interfaces/IAssets.sol";
import {IBatchVerifier} from "../interfaces/IBatchVerifier.sol";
import {IChainTypeManager} from "../interfaces/IChainTypeManager.sol";
import {IMessageRoot} from "../interfaces/IMessageRoot.sol";
import {BatchHashing, CommitBatchInfo, InteropFlow, StoredBatchInfo} from "./BatchTypes.sol";
import {CommitChecks} from "./CommitChecks.sol";

/// @title Settlement of a chain's batches: commit, prove, execute, revert
/// @notice What a batch claims is committed first; a proof ties the claim to the program that was run; executing makes
/// it final: its priority operations leave the queue, its messages can be proven, its flows move balances.
abstract contract Executor is CommitChecks {
    using BatchHashing for StoredBatchInfo;
    using BatchHashing for CommitBatchInfo;
    using PriorityTree for PriorityTree.Tree;

    event BlockCommit(uint256 indexed batchNumber, bytes32 indexed batchHash, bytes32 indexed commitment);
    /// @notice Which blocks a batch holds, as its operator says; nothing proves it.
    event ReportCommittedBatchRange(uint64 indexed batchNumber, uint64 firstBlockNumber, uint64 lastBlockNumber);
    event BlocksVerification(uint256 indexed previousLastVerifiedBatch, uint256 indexed currentLastVerifiedBatch);
    event BlockExecution(uint256 indexed batchNumber, bytes32 indexed batchHash, bytes32 indexed commitment);
    event BlocksRevert(uint256 totalBatchesCommitted, uint256 totalBatchesVerified, uint256 totalBatchesExecuted);
    /// @notice From here on only requests from L1 are settled, by anyone.
    event PriorityModeActivated(uint256 indexed priorityOpId, uint256 deadline);
    event PriorityModeDeactivated();

    // -- by validators -----------------------------------------------------------------------------------------------

    /// @notice Commits the batches `processFrom` to `processTo`.
    /// @param chainAddress This chain; the timelock passes on what it was called with.
    /// @param data Version byte and ABI of (last committed StoredBatchInfo, CommitBatchInfo[]).
    function commitBatchesSharedBridge(
        address chainAddress,
        uint256 processFrom,
        uint256 processTo,
        bytes calldata data
    ) external onlyValidator whenNotFrozen whenNotInPriorityMode nonReentrant {
        _commit(chainAddress, processFrom, processTo, data);
    }

    /// @notice Marks batches as proven; the verifier must know their facts.
    /// @param chainAddress This chain.
    /// @param data Version byte and ABI of (last proven StoredBatchInfo, StoredBatchInfo[], uint256[] of length 0).
    function proveBatchesSharedBridge(address chainAddress, uint256 processFrom, uint256 processTo, bytes calldata data)
        external
        onlyValidator
        whenNotFrozen
        whenNotInPriorityMode
        nonReentrant
    {
        _prove(chainAddress, processFrom, processTo, data);
    }

    /// @notice Executes proven batches: they are final.
    /// @param chainAddress This chain.
    /// @param data Version byte and ABI of (StoredBatchInfo[], PriorityOpsBatchInfo[], InteropRoot[][]).
    function executeBatchesSharedBridge(
        address chainAddress,
        uint256 processFrom,
        uint256 processTo,
        bytes calldata data
    ) external onlyValidator whenNotFrozen whenNotInPriorityMode nonReentrant {
        _execute(chainAddress, processFrom, processTo, data);
    }

    /// @notice Takes back all batches after `newLastBatch` that are not executed.
    function revertBatchesSharedBridge(address chainAddress, uint256 newLastBatch)
        external
        onlyValidatorOrChainTypeManager
        nonReentrant
    {
        _requireThisChain(chainAddress);
        if (newLastBatch < s.totalBatchesExecuted) {
            revert CantRevertExecutedBatch(s.totalBatchesExecuted, newLastBatch);
        }
        if (newLastBatch > s.totalBatchesCommitted) {
            revert RevertedBatchNotAfterNewLastBatch(s.totalBatchesCommitted, newLastBatch);
        }
        _revertTo(newLastBatch);
    }

    // -- by anyone, when requests are not served ---------------------------------------------------------------------

    /// @notice Switches to priority mode when the oldest request is overdue: what is not executed is reverted, and
    /// from then on batches hold requests from L1 only and are settled by anyone.
    function activatePriorityMode() external whenNotFrozen nonReentrant {
        if (s.priorityMode) revert AlreadyInPriorityMode(s.chainId);
        if (s.priorityTree.getSize() == 0) revert PriorityQueueEmpty();
        uint256 oldest = s.priorityTree.getFirstUnprocessedPriorityTx();
        uint256 deadline = uint256(s.priorityOpsRequestTimestamp[oldest]) + s.priorityExpiration;
        if (block.timestamp <= deadline) revert PriorityDeadlineNotReached(deadline, block.timestamp);
        s.priorityMode = true;
        emit PriorityModeActivated(oldest, deadline);
        _revertTo(s.totalBatchesExecuted);
    }

    /// @notice Commits, proves and executes batches in priority mode. All at once, so that nobody can block the
    /// chain with a batch that is committed and never proven.
    function settleBatchesSharedBridge(
        address chainAddress,
        uint256 processFrom,
        uint256 processTo,
        bytes calldata commitData,
        bytes calldata proveData,
        bytes calldata executeData
    ) external whenNotFrozen nonReentrant {
        if (!s.priorityMode) revert NotInPriorityMode(s.chainId);
        _commit(chainAddress, processFrom, processTo, commitData);
        _prove(chainAddress, processFrom, processTo, proveData);
        _execute(chainAddress, processFrom, processTo, executeData);
    }

    /// @notice Gives the chain back to its validators.
    function deactivatePriorityMode() external onlyChainTypeManager {
        if (!s.priorityMode) revert NotInPriorityMode(s.chainId);
        s.priorityMode = false;
        emit PriorityModeDeactivated();
    }

    // -- commit ------------------------------------------------------------------------------------------------------

    function _commit(address chainAddress, uint256 processFrom, uint256 processTo, bytes calldata data) private {
        _requireThisChain(chainAddress);
        if (!IChainTypeManager(s.chainTypeManager).protocolVersionIsActive(s.protocolVersion)) {
            revert InvalidProtocolVersion(s.protocolVersion);
        }
        (StoredBatchInfo memory previous, CommitBatchInfo[] memory batches) =
            abi.decode(_body(data), (StoredBatchInfo, CommitBatchInfo[]));
        uint256 committed = s.totalBatchesCommitted;
        _requireBounds(committed, batches.length, processFrom, processTo);
        _requireStored(committed, previous);
        uint256 previousTimestamp = previous.timestamp;
        for (uint256 i = 0; i < batches.length; ++i) {
            CommitBatchInfo memory batch = batches[i];
            uint256 batchNumber = committed + 1 + i;
            _requireCommittable(batch, batchNumber, previousTimestamp);
            previousTimestamp = batch.lastBlockTimestamp;
            _storeBatch(batch, batchNumber);
        }
        s.totalBatchesCommitted = processTo;
    }

    function _storeBatch(CommitBatchInfo memory batch, uint256 batchNumber) private {
        StoredBatchInfo memory stored = StoredBatchInfo({
            batchNumber: batch.batchNumber,
            batchHash: batch.newStateCommitment,
            indexRepeatedStorageChanges: 0,
            numberOfLayer1Txs: batch.numberOfLayer1Txs,
            priorityOperationsHash: batch.priorityOperationsHash,
            dependencyRootsRollingHash: batch.dependencyRootsRollingHash,
            l2LogsTreeRoot: batch.l2LogsTreeRoot,
            timestamp: batch.lastBlockTimestamp,
            commitment: batch.outputHash(NO_UPGRADE_TX)
        });
        s.storedBatchHashes[batchNumber] = stored.hash();
        // A reverted batch may have left flows under this number.
        delete s.interopFlows[batchNumber];
        for (uint256 i = 0; i < batch.interopFlows.length; ++i) {
            s.interopFlows[batchNumber].push(batch.interopFlows[i]);
        }
        emit BlockCommit(batchNumber, stored.batchHash, stored.commitment);
        emit ReportCommittedBatchRange(batch.batchNumber, batch.firstBlockNumber, batch.lastBlockNumber);
    }

    // -- prove -------------------------------------------------------------------------------------------------------

    function _prove(address chainAddress, uint256 processFrom, uint256 processTo, bytes calldata data) private {
        _requireThisChain(chainAddress);
        (StoredBatchInfo memory previous, StoredBatchInfo[] memory batches, uint256[] memory proof) =
            abi.decode(_body(data), (StoredBatchInfo, StoredBatchInfo[], uint256[]));
        if (proof.length != 0) revert UnexpectedProof(proof.length);
        uint256 verified = s.totalBatchesVerified;
        _requireBounds(verified, batches.length, processFrom, processTo);
        if (processTo > s.totalBatchesCommitted) {
            revert VerifiedBatchesExceedsCommittedBatches(s.totalBatchesCommitted, processTo);
        }
        _requireStored(verified, previous);
        bytes32 state = previous.batchHash;
        for (uint256 i = 0; i < batches.length; ++i) {
            StoredBatchInfo memory batch = batches[i];
            _requireStored(verified + 1 + i, batch);
            bytes32 publicInput = BatchHashing.publicInput(state, batch.batchHash, batch.commitment);
            if (!IBatchVerifier(s.verifier).isVerified(s.programId, publicInput)) {
                revert UnprovenBatch(batch.batchNumber, s.programId, publicInput);
            }
            state = batch.batchHash;
        }
        s.totalBatchesVerified = processTo;
        emit BlocksVerification(verified, processTo);
    }

    // -- execute -----------------------------------------------------------------------------------------------------

    function _execute(address chainAddress, uint256 processFrom, uint256 processTo, bytes calldata data) private {
        _requireThisChain(chainAddress);
        (StoredBatchInfo[] memory batches, PriorityOpsBatchInfo[] memory ops, InteropRoot[][] memory roots) =
            abi.decode(_body(data), (StoredBatchInfo[], PriorityOpsBatchInfo[], InteropRoot[][]));
        if (ops.length != batches.length) revert InvalidBatchesDataLength(batches.length, ops.length);
        if (roots.length != batches.length) revert InvalidBatchesDataLength(batches.length, roots.length);
        uint256 executed = s.totalBatchesExecuted;
        _requireBounds(executed, batches.length, processFrom, processTo);
        if (processTo > s.totalBatchesVerified) revert CantExecuteUnprovenBatches(s.totalBatchesVerified, processTo);
        s.totalBatchesExecuted = processTo;
        for (uint256 i = 0; i < batches.length; ++i) {
            StoredBatchInfo memory batch = batches[i];
            _requireStored(executed + 1 + i, batch);
            _takePriorityOperations(batch, ops[i]);
            _requireHistoricalRoots(batch, roots[i]);
            _finalise(batch);
        }
    }

    /// @dev The operations must be those the proven batch executed, and the next ones of the queue.
    function _takePriorityOperations(StoredBatchInfo memory batch, PriorityOpsBatchInfo memory ops) private {
        if (ops.itemHashes.length != batch.numberOfLayer1Txs) {
            revert MismatchNumberOfLayer1Txs(batch.numberOfLayer1Txs, ops.itemHashes.length);
        }
        bytes32 rolling = EMPTY_STRING_KECCAK;
        for (uint256 i = 0; i < ops.itemHashes.length; ++i) {
            rolling = BatchHashing.addPriorityOperation(rolling, ops.itemHashes[i]);
        }
        if (rolling != batch.priorityOperationsHash) {
            revert PriorityOperationsRollingHashMismatch(batch.priorityOperationsHash, rolling);
        }
        s.priorityTree.processBatch(ops);
    }

    /// @dev The roots must be those the proven batch relied on, and have been roots of this layer: so an operator that
    /// imports a false one can never finalise what it built on it.
    function _requireHistoricalRoots(StoredBatchInfo memory batch, InteropRoot[] memory roots) private view {
        IMessageRoot messageRoot = IMessageRoot(BRIDGE_HUB.messageRoot());
        bytes32 rolling = bytes32(0);
        for (uint256 i = 0; i < roots.length; ++i) {
            InteropRoot memory root = roots[i];
            if (root.chainId != block.chainid || root.sides.length != 1) {
                revert InvalidInteropRoot(root.chainId, root.sides.length);
            }
            bytes32 expected = messageRoot.historicalRoot(root.blockOrBatchNumber);
            if (expected != root.sides[0] || expected == bytes32(0)) {
                revert InvalidMessageRoot(expected, root.sides[0]);
            }
            rolling = BatchHashing.addDependency(rolling, root);
        }
        if (rolling != batch.dependencyRootsRollingHash) {
            revert DependencyRootsRollingHashMismatch(batch.dependencyRootsRollingHash, rolling);
        }
    }

    /// @dev Publishes the batch's messages and moves what it sends to other chains. A shortfall refuses the batch: a
    /// chain cannot send what it does not have here, whatever its proofs claim.
    function _finalise(StoredBatchInfo memory batch) private {
        uint256 chainId = s.chainId;
        InteropFlow[] memory flows = s.interopFlows[batch.batchNumber];
        delete s.interopFlows[batch.batchNumber];
        s.l2LogsRootHashes[batch.batchNumber] = batch.l2LogsTreeRoot;
        emit BlockExecution(batch.batchNumber, batch.batchHash, batch.commitment);
        if (flows.length != 0) {
            IL1NativeTokenVault vault = IL1NativeTokenVault(IL1AssetRouter(BRIDGE_HUB.assetRouter()).nativeTokenVault());
            for (uint256 i = 0; i < flows.length; ++i) {
                vault.moveChainBalance(chainId, flows[i].destinationChainId, flows[i].assetId, flows[i].amount);
            }
        }
        IMessageRoot(BRIDGE_HUB.messageRoot()).addChainBatchRoot(chainId, batch.batchNumber, batch.l2LogsTreeRoot);
    }

    // -- parts -------------------------------------------------------------------------------------------------------

    function _revertTo(uint256 newLastBatch) private {
        s.totalBatchesCommitted = newLastBatch;
        if (s.totalBatchesVerified > newLastBatch) s.totalBatchesVerified = newLastBatch;
        emit BlocksRevert(newLastBatch, s.totalBatchesVerified, s.totalBatchesExecuted);
    }

    function _requireThisChain(address chainAddress) private view {
        if (chainAddress != address(this)) revert AddressMismatch(address(this), chainAddress);
    }

    /// @dev What follows the version byte.
    function _body(bytes calldata data) private pure returns (bytes calldata) {
        uint8 version = data.length == 0 ? 0 : uint8(data[0]);
        if (version != BATCH_ENCODING_VERSION) revert UnsupportedBatchEncoding(version);
        return data[1:];
    }

    /// @dev The batches named must be the next ones after `last`, as many as the data holds, and at least one.
    function _requireBounds(uint256 last, uint256 length, uint256 processFrom, uint256 processTo) private pure {
        if (length == 0 || processFrom != last + 1 || processTo != last + length) {
            revert IncorrectBatchBounds(last + 1, last + length, processFrom, processTo);
        }
    }

    function _requireStored(uint256 batchNumber, StoredBatchInfo memory batch) private view {
        if (batch.batchNumber != batchNumber) revert BatchNumberMismatch(batchNumber, batch.batchNumber);
        bytes32 expected = s.storedBatchHashes[batchNumber];
        bytes32 provided = batch.hash();
        if (expected != provided) revert BatchHashMismatch(expected, provided);
    }
}
