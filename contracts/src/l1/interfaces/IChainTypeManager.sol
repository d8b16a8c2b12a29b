// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice What a protocol version is.
/// @param implementation The code that chains run.
/// @param verifier Says which batches are proven.
/// @param programId The batch program whose proofs are accepted.
struct VersionData {
    address implementation;
    address verifier;
    bytes32 programId;
}

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

    /// @notice The version that follows a version, and what it is.
    function upgradeFrom(uint256 version) external view returns (uint256 newVersion, VersionData memory data);
}
