// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {SystemContract} from "./SystemContract.sol";

/// @title What the chain knows of its hub (0x10002)
/// @notice Its own part is written by the genesis. Other chains are registered by system transactions: the operator
/// could register a chain that is not there, and would only stop its own batches, since L1 moves nothing to it.
contract L2Bridgehub is SystemContract {
    /// @notice Chain id of L1 (slot 0).
    uint256 public L1_CHAIN_ID;
    /// @notice Asset id of a chain's base token (slot 1); of this chain from the genesis on, zero for unknown chains.
    mapping(uint256 chainId => bytes32 assetId) public baseTokenAssetId;

    /// @notice A chain can be sent to from now on.
    event ChainRegistered(uint256 indexed chainId, bytes32 indexed baseTokenAssetId);

    /// @notice Neither may be zero.
    error EmptyRegistration(uint256 chainId, bytes32 baseTokenAssetId);
    /// @notice L1 is not another chain.
    error ChainIsL1(uint256 chainId);
    /// @notice The chain is registered with another base token; that never changes.
    error ChainAlreadyRegistered(uint256 chainId, bytes32 baseTokenAssetId);

    /// @notice Registers another chain of the hub; does nothing where it is registered.
    /// @param chainId The chain.
    /// @param assetId Asset id of its base token, as L1's Bridgehub has it.
    function registerChainForInterop(uint256 chainId, bytes32 assetId) external onlyBootloader {
        if (chainId == 0 || assetId == bytes32(0)) revert EmptyRegistration(chainId, assetId);
        if (chainId == L1_CHAIN_ID) revert ChainIsL1(chainId);
        bytes32 present = baseTokenAssetId[chainId];
        if (present == assetId) return;
        if (present != bytes32(0)) revert ChainAlreadyRegistered(chainId, present);
        baseTokenAssetId[chainId] = assetId;
        emit ChainRegistered(chainId, assetId);
    }
}
