// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Routes assets between L1 and chains to the contracts that hold them
interface IL1AssetRouter {
    /// @notice Takes the base token of a request. Only the Bridgehub may.
    function bridgehubDepositBaseToken(uint256 chainId, bytes32 assetId, address originalCaller, uint256 amount)
        external
        payable;

    /// @notice Holder of native tokens.
    function nativeTokenVault() external view returns (address);

    /// @notice Who holds an asset, or zero.
    function assetHandlerAddress(bytes32 assetId) external view returns (address);
}

/// @title Holds assets of one kind (ZK Stack's `IAssetHandler`, the half that deposits need)
interface IAssetHandler {
    /// @notice Takes an asset for a chain.
    function bridgeBurn(uint256 chainId, uint256 msgValue, bytes32 assetId, address originalCaller, bytes calldata data)
        external
        payable
        returns (bytes memory bridgeMintData);

    /// @notice Token of an asset id, or zero.
    function tokenAddress(bytes32 assetId) external view returns (address);
}

/// @title What chains ask of the vault
interface IL1NativeTokenVault {
    /// @notice What is held for a chain, in the asset's smallest unit.
    function chainBalance(uint256 chainId, bytes32 assetId) external view returns (uint256);

    /// @notice Moves a balance from one chain to another. Only the chain that loses it may.
    function moveChainBalance(uint256 fromChainId, uint256 toChainId, bytes32 assetId, uint256 amount) external;
}
