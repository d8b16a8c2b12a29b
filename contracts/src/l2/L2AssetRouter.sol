// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AddressAliasHelper} from "@matterlabs/zksync-contracts/contracts/l1-contracts/vendor/AddressAliasHelper.sol";
import {BridgeData} from "../bridge/BridgeData.sol";
import {WrongChainId} from "../bridge/BridgeErrors.sol";
import {AssetIdNotSupported} from "../l1/common/Errors.sol";
import {AssetId} from "../l1/libraries/AssetId.sol";
import {L1Messenger} from "./L1Messenger.sol";
import {IL2AssetRouter} from "./interfaces/IL2AssetRouter.sol";
import {IL2NativeTokenVault} from "./interfaces/IL2NativeTokenVault.sol";
import {INTEROP_HANDLER, L1_MESSENGER, L2_NATIVE_TOKEN_VAULT, SystemContract} from "./SystemContract.sol";

/// @title Where assets arrive on a chain and leave for L1 (0x10003)
/// @notice Functions and messages as in ZK Stack, with the older ones that clients still call.
contract L2AssetRouter is IL2AssetRouter, SystemContract {
    /// @notice Chain id of L1 (slot 0); written by the genesis.
    uint256 public L1_CHAIN_ID;
    /// @notice The asset router on L1 (slot 1); written by the genesis.
    address public L1_ASSET_ROUTER;

    event DepositFinalizedAssetRouter(uint256 indexed chainId, bytes32 indexed assetId, bytes assetData);
    event WithdrawalInitiatedAssetRouter(
        uint256 chainId, address indexed l2Sender, bytes32 indexed assetId, bytes assetData
    );

    // -- arriving ----------------------------------------------------------------------------------------------------

    /// @inheritdoc IL2AssetRouter
    /// @dev L1's router calls for what L1 holds, the interop handler for what a proven bundle brings.
    function finalizeDeposit(uint256 sourceChainId, bytes32 assetId, bytes calldata transferData) external payable {
        if (msg.sender == INTEROP_HANDLER) {
            if (sourceChainId == block.chainid || sourceChainId == L1_CHAIN_ID) {
                revert WrongChainId(0, sourceChainId);
            }
        } else {
            _requireL1Router();
            if (sourceChainId != L1_CHAIN_ID) revert WrongChainId(L1_CHAIN_ID, sourceChainId);
        }
        _arrive(sourceChainId, assetId, transferData);
    }

    /// @notice The older form of a deposit from L1. Clients estimate with it; it does what the newer one does.
    /// @param l1Sender Who deposited.
    /// @param l2Receiver Who receives it here.
    /// @param l1Token The token on L1.
    /// @param amount How much.
    /// @param data The token's (name, symbol, decimals), each encoded.
    function finalizeDeposit(address l1Sender, address l2Receiver, address l1Token, uint256 amount, bytes calldata data)
        external
        payable
    {
        _requireL1Router();
        BridgeData.Metadata memory metadata;
        metadata.originChainId = L1_CHAIN_ID;
        (metadata.name, metadata.symbol, metadata.decimals) = abi.decode(data, (bytes, bytes, bytes));
        BridgeData.Mint memory mint =
            BridgeData.Mint(l1Sender, l2Receiver, l1Token, amount, BridgeData.encodeMetadata(metadata));
        _arrive(L1_CHAIN_ID, AssetId.native(L1_CHAIN_ID, l1Token), BridgeData.encodeMint(mint));
    }

    // -- leaving -----------------------------------------------------------------------------------------------------

    /// @notice Withdraws a token to L1.
    /// @param l1Receiver Who receives it there.
    /// @param l2Token The token on this chain.
    /// @param amount How much.
    function withdraw(address l1Receiver, address l2Token, uint256 amount) external {
        bytes32 assetId = _vault().assetId(l2Token);
        if (assetId == bytes32(0)) assetId = AssetId.native(block.chainid, l2Token);
        _withdraw(assetId, BridgeData.encodeBurn(amount, l1Receiver, l2Token));
    }

    /// @notice Withdraws an asset to L1.
    /// @param assetId The asset; the base token leaves by its own door.
    /// @param assetData (amount, receiver on L1, token), the last for a token of this chain that is not registered yet.
    /// @return messageHash keccak256 of the message that L1 has to be shown.
    function withdraw(bytes32 assetId, bytes calldata assetData) external returns (bytes32 messageHash) {
        return _withdraw(assetId, assetData);
    }

    // -- reads -------------------------------------------------------------------------------------------------------

    /// @notice Address on this chain of a token of L1, whether it is here already or not.
    function l2TokenAddress(address l1Token) external view returns (address) {
        IL2NativeTokenVault vault = _vault();
        address known = vault.tokenAddress(AssetId.native(L1_CHAIN_ID, l1Token));
        return known != address(0) ? known : vault.bridgedTokenAddress(L1_CHAIN_ID, l1Token);
    }

    /// @notice The token on L1 of a token on this chain; zero where it was born elsewhere.
    function l1TokenAddress(address l2Token) external view returns (address) {
        IL2NativeTokenVault vault = _vault();
        bytes32 assetId = vault.assetId(l2Token);
        return vault.originChainId(assetId) == L1_CHAIN_ID ? vault.originToken(assetId) : address(0);
    }

    // -- parts -------------------------------------------------------------------------------------------------------

    function _arrive(uint256 sourceChainId, bytes32 assetId, bytes memory transferData) private {
        _vault().bridgeMint{value: msg.value}(sourceChainId, assetId, transferData);
        emit DepositFinalizedAssetRouter(sourceChainId, assetId, transferData);
    }

    function _withdraw(bytes32 assetId, bytes memory assetData) private returns (bytes32) {
        if (assetId == _vault().BASE_TOKEN_ASSET_ID()) revert AssetIdNotSupported(assetId);
        bytes memory mintData = _vault().bridgeBurn(L1_CHAIN_ID, 0, assetId, msg.sender, assetData);
        emit WithdrawalInitiatedAssetRouter(L1_CHAIN_ID, msg.sender, assetId, assetData);
        bytes memory message =
            abi.encodePacked(IL2AssetRouter.finalizeDeposit.selector, block.chainid, assetId, mintData);
        return L1Messenger(L1_MESSENGER).sendToL1(message);
    }

    function _requireL1Router() private view {
        _requireCaller(AddressAliasHelper.applyL1ToL2Alias(L1_ASSET_ROUTER));
    }

    function _vault() private pure returns (IL2NativeTokenVault) {
        return IL2NativeTokenVault(L2_NATIVE_TOKEN_VAULT);
    }
}
