// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Ownable, Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";
import {AddressAlreadySet, AssetHandlerDoesNotExist, Unauthorized, ZeroAddress} from "../common/Errors.sol";
import {IAssetHandler, IL1AssetRouter} from "../interfaces/IAssets.sol";
import {IBridgehub} from "../interfaces/IBridgehub.sol";
import {AssetId} from "../libraries/AssetId.sol";

/// @title Routes assets between L1 and chains
/// @notice Knows who holds which asset, and holds nothing itself.
contract L1AssetRouter is IL1AssetRouter, Ownable2Step, Pausable {
    /// @notice The Bridgehub.
    IBridgehub public immutable BRIDGE_HUB;
    /// @inheritdoc IL1AssetRouter
    address public nativeTokenVault;
    /// @inheritdoc IL1AssetRouter
    mapping(bytes32 assetId => address) public assetHandlerAddress;

    event BridgehubDepositBaseTokenInitiated(
        uint256 indexed chainId, address indexed from, bytes32 assetId, uint256 amount
    );
    event AssetHandlerRegistered(bytes32 indexed assetId, address indexed assetHandler);

    /// @param bridgehub The Bridgehub.
    /// @param initialOwner First owner.
    constructor(IBridgehub bridgehub, address initialOwner) Ownable(initialOwner) {
        BRIDGE_HUB = bridgehub;
    }

    /// @notice Names the vault, which holds ether and every native token; once.
    function setNativeTokenVault(address vault) external onlyOwner {
        if (vault == address(0)) revert ZeroAddress();
        if (nativeTokenVault != address(0)) revert AddressAlreadySet(nativeTokenVault);
        nativeTokenVault = vault;
        bytes32 ethAssetId = AssetId.eth();
        assetHandlerAddress[ethAssetId] = vault;
        emit AssetHandlerRegistered(ethAssetId, vault);
    }

    /// @inheritdoc IL1AssetRouter
    function bridgehubDepositBaseToken(uint256 chainId, bytes32 assetId, address originalCaller, uint256 amount)
        external
        payable
        whenNotPaused
    {
        if (msg.sender != address(BRIDGE_HUB)) revert Unauthorized(msg.sender);
        address handler = assetHandlerAddress[assetId];
        if (handler == address(0)) revert AssetHandlerDoesNotExist(assetId);
        emit BridgehubDepositBaseTokenInitiated(chainId, originalCaller, assetId, amount);
        // No receiver and no token: the base token goes to the chain as such.
        bytes memory burnData = abi.encode(amount, address(0), address(0));
        IAssetHandler(handler).bridgeBurn{value: msg.value}(chainId, 0, assetId, originalCaller, burnData);
    }

    /// @notice Stops deposits.
    function pause() external onlyOwner {
        _pause();
    }

    /// @notice Lets deposits through again.
    function unpause() external onlyOwner {
        _unpause();
    }
}
