// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ETH_TOKEN} from "../common/Constants.sol";
import {
    AssetIdNotSupported,
    ChainIdNotRegistered,
    InsufficientChainBalance,
    MsgValueMismatch,
    OnlyChain,
    Unauthorized
} from "../common/Errors.sol";
import {IAssetHandler, IL1NativeTokenVault} from "../interfaces/IAssets.sol";
import {IBridgehub} from "../interfaces/IBridgehub.sol";
import {AssetId} from "../libraries/AssetId.sol";

/// @title Holds what is deposited to chains
/// @notice Counts for every chain what is held for it: a chain can never take more than that. Holds ether; nothing can
/// be paid out yet, since withdrawals are finalised by contracts that are not part of the hub so far.
contract L1NativeTokenVault is IAssetHandler, IL1NativeTokenVault {
    /// @notice The Bridgehub.
    IBridgehub public immutable BRIDGE_HUB;
    /// @notice Who alone brings deposits.
    address public immutable ASSET_ROUTER;
    /// @notice Chain id of this layer.
    uint256 public immutable L1_CHAIN_ID;
    /// @dev Asset id of ether.
    bytes32 private immutable ETH_ASSET_ID;

    /// @inheritdoc IL1NativeTokenVault
    mapping(uint256 chainId => mapping(bytes32 assetId => uint256)) public chainBalance;

    event BridgeBurn(
        uint256 indexed chainId, bytes32 indexed assetId, address indexed sender, address receiver, uint256 amount
    );
    /// @notice A batch that was executed sent assets to another chain.
    event ChainBalanceMoved(
        uint256 indexed fromChainId, uint256 indexed toChainId, bytes32 indexed assetId, uint256 amount
    );

    /// @param bridgehub The Bridgehub.
    /// @param assetRouter The router.
    constructor(IBridgehub bridgehub, address assetRouter) {
        BRIDGE_HUB = bridgehub;
        ASSET_ROUTER = assetRouter;
        L1_CHAIN_ID = block.chainid;
        ETH_ASSET_ID = AssetId.eth();
    }

    /// @inheritdoc IAssetHandler
    /// @dev `data` is (amount, receiver, token); for ether the token says nothing.
    function bridgeBurn(uint256 chainId, uint256, bytes32 assetId_, address originalCaller, bytes calldata data)
        external
        payable
        returns (bytes memory)
    {
        if (msg.sender != ASSET_ROUTER) revert Unauthorized(msg.sender);
        if (assetId_ != ETH_ASSET_ID) revert AssetIdNotSupported(assetId_);
        (uint256 amount, address receiver,) = abi.decode(data, (uint256, address, address));
        if (msg.value != amount) revert MsgValueMismatch(amount, msg.value);
        chainBalance[chainId][assetId_] += amount;
        emit BridgeBurn(chainId, assetId_, originalCaller, receiver, amount);
        return abi.encode(originalCaller, receiver, ETH_TOKEN, amount, bytes(""));
    }

    /// @inheritdoc IL1NativeTokenVault
    function moveChainBalance(uint256 fromChainId, uint256 toChainId, bytes32 assetId_, uint256 amount) external {
        address source = BRIDGE_HUB.getZKChain(fromChainId);
        if (msg.sender != source) revert OnlyChain(msg.sender, source);
        if (BRIDGE_HUB.getZKChain(toChainId) == address(0)) revert ChainIdNotRegistered(toChainId);
        uint256 available = chainBalance[fromChainId][assetId_];
        if (available < amount) revert InsufficientChainBalance(fromChainId, assetId_, available, amount);
        chainBalance[fromChainId][assetId_] = available - amount;
        chainBalance[toChainId][assetId_] += amount;
        emit ChainBalanceMoved(fromChainId, toChainId, assetId_, amount);
    }

    /// @notice Asset id of a token that is registered here, or zero.
    function assetId(address token) external view returns (bytes32) {
        return token == ETH_TOKEN ? ETH_ASSET_ID : bytes32(0);
    }

    /// @inheritdoc IAssetHandler
    function tokenAddress(bytes32 assetId_) external view returns (address) {
        return assetId_ == ETH_ASSET_ID ? ETH_TOKEN : address(0);
    }

    /// @notice Chain id where an asset is at home, or zero.
    function originChainId(bytes32 assetId_) external view returns (uint256) {
        return assetId_ == ETH_ASSET_ID ? L1_CHAIN_ID : 0;
    }
}
