// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title What L1 and other chains ask of a chain's asset router
interface IL2AssetRouter {
    /// @notice Hands out what another chain (or L1) sent.
    /// @param sourceChainId Who sent it.
    /// @param assetId The asset.
    /// @param transferData (original caller, receiver, origin token, amount, the token's description).
    function finalizeDeposit(uint256 sourceChainId, bytes32 assetId, bytes calldata transferData) external payable;
}
