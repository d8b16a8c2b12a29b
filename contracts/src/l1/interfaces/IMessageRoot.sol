// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title The tree over all chains' executed batches
interface IMessageRoot {
    /// @notice Adds a chain. Only the Bridgehub may.
    function addNewChain(uint256 chainId) external;

    /// @notice Adds an executed batch. Only the chain may.
    function addChainBatchRoot(uint256 chainId, uint256 batchNumber, bytes32 chainBatchRoot) external;

    /// @notice The root at the end of a block, zero if it did not change in that block.
    function historicalRoot(uint256 blockNumber) external view returns (bytes32);
}
