// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title What the Bridgehub and the chains ask of a chain type manager
interface IChainTypeManager {
    /// @notice Creates a chain's contract. Only the Bridgehub may.
    function createNewChain(
        uint256 chainId,
        bytes32 baseTokenAssetId,
        address admin,
        bytes calldata initData,
        bytes[] calldata factoryDeps
    ) external returns (address);

    /// @notice Whether chains may still commit under a version.
    function protocolVersionIsActive(uint256 version) external view returns (bool);

    /// @notice Version and implementation that follow a version.
    function upgradeFrom(uint256 version) external view returns (uint256 newVersion, address implementation);
}
