// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {L2Log} from "@matterlabs/zksync-contracts/contracts/l1-contracts/common/Messaging.sol";
import {Merkle} from "@matterlabs/zksync-contracts/contracts/l1-contracts/common/libraries/Merkle.sol";
import {InvalidProofLength, LeafIndexOutOfBounds, UnsupportedProofMetadata} from "../common/Errors.sol";

/// @title Proofs that a log is in a batch
/// @notice The words of `zks_getL2ToL1LogProof`: metadata, 14 siblings up to the batch's logs root, and the aggregated
/// root beside it. Only proofs that end at the chain's own stored root are known here ("final node").
library LogProof {
    /// @dev Height of the log tree.
    uint256 private constant LOG_TREE_HEIGHT = 14;
    /// @dev Its siblings, and the aggregated root.
    uint256 private constant PATH_LENGTH = LOG_TREE_HEIGHT + 1;
    /// @dev Version 1, path length 15, no batch path, final; 28 zero bytes.
    bytes32 private constant METADATA = bytes32(bytes4(0x010f0001));

    /// @notice Root that the proof leads to.
    /// @param proof As the RPC gives it.
    /// @param index Index of the leaf among the batch's logs.
    /// @param leaf Hash of the log.
    function rootOf(bytes32[] calldata proof, uint256 index, bytes32 leaf) internal pure returns (bytes32) {
        if (proof.length != 1 + PATH_LENGTH) revert InvalidProofLength(1 + PATH_LENGTH, proof.length);
        if (proof[0] != METADATA) revert UnsupportedProofMetadata(proof[0]);
        // Beyond the log tree the path would lead through the aggregated root: that is no log of this chain.
        if (index >> LOG_TREE_HEIGHT != 0) revert LeafIndexOutOfBounds(index, 1 << LOG_TREE_HEIGHT);
        return Merkle.calculateRoot(proof[1:], index, leaf);
    }

    /// @notice Leaf of a log: the hash of its 88 bytes.
    function leafOf(L2Log memory log) internal pure returns (bytes32) {
        return
            keccak256(
                abi.encodePacked(log.l2ShardId, log.isService, log.txNumberInBatch, log.sender, log.key, log.value)
            );
    }
}
