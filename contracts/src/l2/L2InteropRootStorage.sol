// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {SystemContract} from "./SystemContract.sol";

/// @title Message roots that the chain imported (0x10008)
/// @notice The operator may import anything; L1 refuses to execute a batch one of whose roots was never a root there.
contract L2InteropRootStorage is SystemContract {
    /// @notice Root of a chain's message tree at a block (or of a batch).
    mapping(uint256 chainId => mapping(uint256 blockOrBatchNumber => bytes32)) public interopRoots;

    /// @notice A root was imported.
    event InteropRootAdded(uint256 indexed chainId, uint256 indexed blockNumber, bytes32[] sides);

    /// @notice Exactly the root is expected, no sides of a tree.
    error OneSideExpected(uint256 sides);
    /// @notice A root cannot be zero.
    error RootIsZero();
    /// @notice There is a root already; roots never change.
    error RootAlreadySet(uint256 chainId, uint256 blockOrBatchNumber, bytes32 root);

    /// @notice Imports a root.
    /// @param chainId Chain id of the layer whose message root it is.
    /// @param blockOrBatchNumber Block of that layer at which it was the root.
    /// @param sides The root alone.
    function addInteropRoot(uint256 chainId, uint256 blockOrBatchNumber, bytes32[] calldata sides)
        external
        onlyBootloader
    {
        if (sides.length != 1) revert OneSideExpected(sides.length);
        if (sides[0] == bytes32(0)) revert RootIsZero();
        bytes32 present = interopRoots[chainId][blockOrBatchNumber];
        if (present != bytes32(0)) revert RootAlreadySet(chainId, blockOrBatchNumber, present);
        interopRoots[chainId][blockOrBatchNumber] = sides[0];
        emit InteropRootAdded(chainId, blockOrBatchNumber, sides);
    }
}
