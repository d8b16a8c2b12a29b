// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {InteropRoot} from "@matterlabs/zksync-contracts/contracts/l1-contracts/common/Messaging.sol";

/// @notice What is kept of a batch, as the preimage of `storedBatchHash`. Shape of ZK Stack's structure.
/// @param batchNumber Number; genesis is 0.
/// @param batchHash State commitment after the batch: keccak256 of the RLP header of its last block.
/// @param indexRepeatedStorageChanges Always 0.
/// @param numberOfLayer1Txs Priority operations in the batch.
/// @param priorityOperationsHash Rolling hash of them.
/// @param dependencyRootsRollingHash Rolling hash of the message roots the batch relied on.
/// @param l2LogsTreeRoot ChainBatchRoot: what messages of the batch are proven against.
/// @param timestamp Timestamp of the last block, so that the next batch cannot start before it.
/// @param commitment Batch output hash.
struct StoredBatchInfo {
    uint64 batchNumber;
    bytes32 batchHash;
    uint64 indexRepeatedStorageChanges;
    uint256 numberOfLayer1Txs;
    bytes32 priorityOperationsHash;
    bytes32 dependencyRootsRollingHash;
    bytes32 l2LogsTreeRoot;
    uint256 timestamp;
    bytes32 commitment;
}

/// @notice What a batch sends of one asset to one chain.
struct InteropFlow {
    uint256 destinationChainId;
    bytes32 assetId;
    uint256 amount;
}

/// @notice A batch as it is committed. Block numbers are reported in an event and proven by nothing.
struct CommitBatchInfo {
    uint64 batchNumber;
    bytes32 newStateCommitment;
    uint256 numberOfLayer1Txs;
    uint256 numberOfLayer2Txs;
    bytes32 priorityOperationsHash;
    bytes32 dependencyRootsRollingHash;
    bytes32 l2LogsTreeRoot;
    uint256 daCommitmentScheme;
    bytes32 daCommitment;
    uint64 firstBlockTimestamp;
    uint64 firstBlockNumber;
    uint64 lastBlockTimestamp;
    uint64 lastBlockNumber;
    uint256 chainId;
    bytes operatorDAInput;
    uint256 slChainId;
    InteropFlow[] interopFlows;
}

/// @title Hashes of batches
/// @notice What L1, the chain's node and the proven program must compute alike.
library BatchHashing {
    /// @notice Preimage-resistant name of a stored batch.
    function hash(StoredBatchInfo memory batch) internal pure returns (bytes32) {
        return keccak256(abi.encode(batch));
    }

    /// @notice Everything a batch claims except its state.
    /// @param upgradeTxHash Hash of a system upgrade transaction in the batch.
    function outputHash(CommitBatchInfo memory batch, bytes32 upgradeTxHash) internal pure returns (bytes32) {
        // In two parts: one abi.encodePacked of all of it is too deep for the stack.
        bytes memory head = abi.encodePacked(
            batch.chainId,
            batch.firstBlockTimestamp,
            batch.lastBlockTimestamp,
            batch.daCommitmentScheme,
            batch.daCommitment,
            batch.numberOfLayer1Txs,
            batch.numberOfLayer2Txs
        );
        return keccak256(
            abi.encodePacked(
                head,
                batch.priorityOperationsHash,
                batch.l2LogsTreeRoot,
                upgradeTxHash,
                batch.dependencyRootsRollingHash,
                batch.slChainId,
                keccak256(abi.encode(batch.interopFlows))
            )
        );
    }

    /// @notice What a proof of a batch states.
    function publicInput(bytes32 previousState, bytes32 state, bytes32 batchOutputHash)
        internal
        pure
        returns (bytes32)
    {
        return keccak256(abi.encodePacked(previousState, state, batchOutputHash));
    }

    /// @notice Adds an imported root to the rolling hash of a batch's dependencies.
    function addDependency(bytes32 rolling, InteropRoot memory root) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(rolling, root.chainId, root.blockOrBatchNumber, root.sides));
    }

    /// @notice Adds a priority operation to the rolling hash of a batch's operations.
    function addPriorityOperation(bytes32 rolling, bytes32 canonicalTxHash) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(rolling, canonicalTxHash));
    }
}
