// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {L2_L1_LOGS_TREE_DEFAULT_LEAF_HASH} from "@matterlabs/zksync-contracts/contracts/l1-contracts/common/Config.sol";
import {L2Log} from "@matterlabs/zksync-contracts/contracts/l1-contracts/common/Messaging.sol";
import {
    HashedLogIsDefault,
    InvalidProofLength,
    LeafIndexOutOfBounds,
    UnsupportedProofMetadata
} from "../../l1/common/Errors.sol";
import {LogProof} from "../../l1/libraries/LogProof.sol";

/// @title Proofs that lead from a log to a message root
/// @notice In words: metadata (version 1, 15, n, not final); 14 siblings and the aggregated root, up to the batch's
/// root; place of the batch in its chain's tree and n siblings, up to the chain's root; block of the message root with
/// the chain's place in it; chain id of the layer; metadata (version 1, m, 0, final) and m siblings, up to that root.
library MessageProof {
    /// @notice Where a proof leads.
    /// @param chainId The layer whose message root it is.
    /// @param blockNumber Block there.
    /// @param root What the root must be.
    struct Target {
        uint256 chainId;
        uint256 blockNumber;
        bytes32 root;
    }

    uint256 private constant LOG_TREE_HEIGHT = 14;
    uint256 private constant LOG_PATH_LENGTH = LOG_TREE_HEIGHT + 1;
    /// @dev Trees higher than this do not fit the places that are given as numbers.
    uint256 private constant MAX_TREE_HEIGHT = 127;
    bytes32 private constant BATCH_LEAF_PADDING = keccak256("zkSync:BatchLeaf");
    bytes32 private constant CHAIN_ID_LEAF_PADDING = keccak256("zkSync:ChainIdLeaf");

    /// @notice Follows a proof; reverts where it is none.
    function targetOf(uint256 chainId, uint256 batchNumber, uint256 index, L2Log memory log, bytes32[] calldata proof)
        internal
        pure
        returns (Target memory target)
    {
        bytes32 leaf = LogProof.leafOf(log);
        if (leaf == L2_L1_LOGS_TREE_DEFAULT_LEAF_HASH) revert HashedLogIsDefault();
        if (proof.length == 0) revert InvalidProofLength(1, 0);
        uint256 batchPath = _pathLength(proof[0], LOG_PATH_LENGTH, false);
        // Metadata, path to the batch, place of the batch and its path, block, layer, metadata.
        uint256 chainMetadataAt = 1 + LOG_PATH_LENGTH + 1 + batchPath + 2;
        if (proof.length <= chainMetadataAt) revert InvalidProofLength(chainMetadataAt + 1, proof.length);
        uint256 chainPath = proof.length - chainMetadataAt - 1;
        if (_pathLength(proof[chainMetadataAt], chainPath, true) != 0) {
            revert UnsupportedProofMetadata(proof[chainMetadataAt]);
        }

        uint256 next = 1 + LOG_PATH_LENGTH;
        // Beyond the log tree the path would lead through the aggregated root: that is no log of this chain.
        bytes32 root = _climb(proof[1:next], index, LOG_TREE_HEIGHT, leaf);
        root = keccak256(abi.encodePacked(BATCH_LEAF_PADDING, root, batchNumber));
        root = _climb(proof[next + 1:next + 1 + batchPath], uint256(proof[next]), batchPath, root);
        root = keccak256(abi.encodePacked(CHAIN_ID_LEAF_PADDING, root, chainId));
        next += 1 + batchPath;
        target.blockNumber = uint256(proof[next]) >> 128;
        target.chainId = uint256(proof[next + 1]);
        target.root = _climb(proof[next + 3:], uint128(uint256(proof[next])), chainPath, root);
    }

    /// @dev Length of the second path that metadata names; the first one must be `firstLength`.
    function _pathLength(bytes32 metadata, uint256 firstLength, bool isFinal) private pure returns (uint256 second) {
        second = uint8(metadata[2]);
        bytes32 expected =
            bytes32(uint256(1) << 248 | firstLength << 240 | second << 232 | uint256(isFinal ? 1 : 0) << 224);
        if (firstLength > MAX_TREE_HEIGHT || second > MAX_TREE_HEIGHT || metadata != expected) {
            revert UnsupportedProofMetadata(metadata);
        }
    }

    /// @dev Root above a node whose place has at most `height` binary digits.
    function _climb(bytes32[] calldata siblings, uint256 place, uint256 height, bytes32 node)
        private
        pure
        returns (bytes32)
    {
        if (place >> height != 0) revert LeafIndexOutOfBounds(place, 1 << height);
        for (uint256 i = 0; i < siblings.length; ++i) {
            node = place & 1 == 0
                ? keccak256(abi.encodePacked(node, siblings[i]))
                : keccak256(abi.encodePacked(siblings[i], node));
            place >>= 1;
        }
        return node;
    }
}
