// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title What the other contracts ask of the Bridgehub
interface IBridgehub {
    /// @notice The chain's contract, or zero.
    function getZKChain(uint256 chainId) external view returns (address);

    /// @notice Where deposits are routed.
    function assetRouter() external view returns (address);

    /// @notice The tree over all chains' executed batches.
    function messageRoot() external view returns (address);

    /// @notice Token whose asset id is the chain's base token; ether is `address(1)`.
    function baseToken(uint256 chainId) external view returns (address);
}
