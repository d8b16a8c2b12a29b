// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title What the chain knows of its hub (0x10002)
/// @notice Written by the genesis. Other chains are registered here once they can send each other messages.
contract L2Bridgehub {
    /// @notice Chain id of L1 (slot 0).
    uint256 public L1_CHAIN_ID;
    /// @notice Asset id of a chain's base token (slot 1); of this chain from the genesis on, zero for unknown chains.
    mapping(uint256 chainId => bytes32 assetId) public baseTokenAssetId;
}
