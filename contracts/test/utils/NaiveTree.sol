// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {
    PriorityOpsBatchInfo
} from "@matterlabs/zksync-contracts/contracts/l1-contracts/state-transition/libraries/PriorityTree.sol";

/// @dev Merkle trees written down level by level: slow, and plain enough to be believed.
library NaiveTree {
    /// @dev All levels of the smallest full tree that holds the leaves.
    function levels(bytes32[] memory leaves, bytes32 empty) internal pure returns (bytes32[][] memory tree) {
        uint256 height = 0;
        while (1 << height < leaves.length) ++height;
        tree = new bytes32[][](height + 1);
        tree[0] = new bytes32[](1 << height);
        for (uint256 i = 0; i < tree[0].length; ++i) {
            tree[0][i] = i < leaves.length ? leaves[i] : empty;
        }
        for (uint256 level = 1; level <= height; ++level) {
            tree[level] = new bytes32[](1 << (height - level));
            for (uint256 i = 0; i < tree[level].length; ++i) {
                tree[level][i] = keccak256(abi.encode(tree[level - 1][2 * i], tree[level - 1][2 * i + 1]));
            }
        }
    }

    function root(bytes32[] memory leaves, bytes32 empty) internal pure returns (bytes32) {
        bytes32[][] memory tree = levels(leaves, empty);
        return tree[tree.length - 1][0];
    }

    /// @dev Proof of `count` leaves from `start` on.
    function proveRange(bytes32[] memory leaves, bytes32 empty, uint256 start, uint256 count)
        internal
        pure
        returns (PriorityOpsBatchInfo memory info)
    {
        if (count == 0) return info;
        bytes32[][] memory tree = levels(leaves, empty);
        uint256 height = tree.length - 1;
        info.leftPath = new bytes32[](height);
        info.rightPath = new bytes32[](height);
        info.itemHashes = new bytes32[](count);
        for (uint256 i = 0; i < count; ++i) {
            info.itemHashes[i] = leaves[start + i];
        }
        uint256 left = start;
        uint256 right = start + count - 1;
        for (uint256 level = 0; level < height; ++level) {
            if (left % 2 == 1) info.leftPath[level] = tree[level][left - 1];
            if (right % 2 == 0) info.rightPath[level] = tree[level][right + 1];
            left /= 2;
            right /= 2;
        }
    }
}
