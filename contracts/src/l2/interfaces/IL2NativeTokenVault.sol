// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAssetHandler} from "../../l1/interfaces/IAssets.sol";

/// @title What the chain's contracts ask of its vault
interface IL2NativeTokenVault is IAssetHandler {
    /// @notice Asset id of the chain's base token.
    function BASE_TOKEN_ASSET_ID() external view returns (bytes32);

    /// @notice Asset id of a token on this chain, or zero.
    function assetId(address token) external view returns (bytes32);

    /// @notice Chain where an asset was born, or zero.
    function originChainId(bytes32 assetId) external view returns (uint256);

    /// @notice The token there.
    function originToken(bytes32 assetId) external view returns (address);

    /// @notice Address that the token of an origin has here, or will have.
    function bridgedTokenAddress(uint256 chainId, address token) external view returns (address);
}
