// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Merkle} from "@matterlabs/zksync-contracts/contracts/l1-contracts/common/libraries/Merkle.sol";

/// @title A binary tree whose leaves may be appended and changed
/// @notice Doubles when it is full; places without a leaf hold the empty leaf. The root of a tree with one leaf is
/// that leaf. All nodes are stored, so that a change costs one hash a level.
library GrowingTree {
    struct Tree {
        uint256 leafCount;
        uint256 height;
        mapping(uint256 level => mapping(uint256 index => bytes32)) nodes;
        mapping(uint256 level => bytes32) empty;
    }

    /// @notice Sets the empty leaf; once, before anything else.
    function setup(Tree storage tree, bytes32 emptyLeaf) internal {
        tree.empty[0] = emptyLeaf;
    }

    /// @notice The root; the empty leaf while there are no leaves.
    function root(Tree storage tree) internal view returns (bytes32) {
        return tree.leafCount == 0 ? tree.empty[0] : tree.nodes[tree.height][0];
    }

    /// @notice Appends a leaf.
    /// @return index Its index.
    function push(Tree storage tree, bytes32 leaf) internal returns (uint256 index) {
        index = tree.leafCount++;
        if (index == 1 << tree.height) {
            bytes32 emptyTop = tree.empty[tree.height];
            tree.height += 1;
            // The new root is computed by `_write`, which passes through it.
            tree.empty[tree.height] = Merkle.efficientHash(emptyTop, emptyTop);
        }
        _write(tree, index, leaf);
    }

    /// @notice Changes a leaf that was pushed before.
    /// @return newRoot The root afterwards.
    function update(Tree storage tree, uint256 index, bytes32 leaf) internal returns (bytes32 newRoot) {
        assert(index < tree.leafCount);
        return _write(tree, index, leaf);
    }

    function _write(Tree storage tree, uint256 index, bytes32 leaf) private returns (bytes32 node) {
        node = leaf;
        uint256 width = tree.leafCount;
        uint256 height = tree.height;
        for (uint256 level = 0; level < height; ++level) {
            tree.nodes[level][index] = node;
            bytes32 sibling = (index ^ 1) < width ? tree.nodes[level][index ^ 1] : tree.empty[level];
            node = index & 1 == 0 ? Merkle.efficientHash(node, sibling) : Merkle.efficientHash(sibling, node);
            index >>= 1;
            width = (width + 1) >> 1;
        }
        tree.nodes[height][0] = node;
    }
}
