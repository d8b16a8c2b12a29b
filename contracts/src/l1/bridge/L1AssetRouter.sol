// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Ownable, Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";
import {
    L2TransactionRequestTwoBridgesInner
} from "@matterlabs/zksync-contracts/contracts/l1-contracts/bridgehub/IBridgehub.sol";
import {BridgeData} from "../../bridge/BridgeData.sol";
import {AmountIsZero, ReceiverIsZero, UnsupportedEncodingVersion} from "../../bridge/BridgeErrors.sol";
import {IL2AssetRouter} from "../../l2/interfaces/IL2AssetRouter.sol";
import {ETH_TOKEN, L2_ASSET_ROUTER, TWO_BRIDGES_MAGIC_VALUE} from "../common/Constants.sol";
import {
    AddressAlreadySet,
    AssetHandlerDoesNotExist,
    AssetIdNotSupported,
    Unauthorized,
    ZeroAddress
} from "../common/Errors.sol";
import {
    IAssetHandler,
    IL1AssetRouter,
    IL1NativeTokenVault,
    IL1Nullifier,
    ISecondBridge
} from "../interfaces/IAssets.sol";
import {IBridgehub} from "../interfaces/IBridgehub.sol";
import {AssetId} from "../libraries/AssetId.sol";

/// @title Routes assets between L1 and chains
/// @notice Knows who holds which asset, and holds nothing itself; it is whom users let spend their tokens.
contract L1AssetRouter is IL1AssetRouter, Ownable2Step, Pausable {
    using SafeERC20 for IERC20;

    /// @dev First byte of deposit data: (token, amount, receiver), which begins with a zero byte by itself.
    bytes1 private constant LEGACY_ENCODING = 0x00;
    /// @dev First byte of deposit data: then (asset id, data for its holder).
    bytes1 private constant NEW_ENCODING = 0x01;

    /// @notice The Bridgehub.
    IBridgehub public immutable BRIDGE_HUB;
    /// @notice Asset id of ether.
    bytes32 public immutable ETH_TOKEN_ASSET_ID;
    /// @inheritdoc IL1AssetRouter
    address public nativeTokenVault;
    /// @notice Remembers deposits and claims.
    address public L1_NULLIFIER;
    /// @inheritdoc IL1AssetRouter
    mapping(bytes32 assetId => address) public assetHandlerAddress;

    event BridgehubDepositBaseTokenInitiated(
        uint256 indexed chainId, address indexed from, bytes32 assetId, uint256 amount
    );
    event BridgehubDepositInitiated(
        uint256 indexed chainId,
        bytes32 indexed txDataHash,
        address indexed from,
        bytes32 assetId,
        bytes bridgeMintCalldata
    );
    event DepositFinalizedAssetRouter(uint256 indexed chainId, bytes32 indexed assetId, bytes assetData);
    event ClaimedFailedDepositAssetRouter(uint256 indexed chainId, bytes32 indexed assetId, bytes assetData);
    event AssetHandlerRegistered(bytes32 indexed assetId, address indexed assetHandler);

    modifier onlyBridgehub() {
        _requireCaller(address(BRIDGE_HUB));
        _;
    }

    modifier onlyNullifier() {
        _requireCaller(L1_NULLIFIER);
        _;
    }

    modifier onlyVault() {
        _requireCaller(nativeTokenVault);
        _;
    }

    /// @param bridgehub The Bridgehub.
    /// @param initialOwner First owner.
    constructor(IBridgehub bridgehub, address initialOwner) Ownable(initialOwner) {
        BRIDGE_HUB = bridgehub;
        ETH_TOKEN_ASSET_ID = AssetId.eth();
    }

    // -- who runs the hub --------------------------------------------------------------------------------------------

    /// @notice Names the vault, which holds ether and every native token; once.
    function setNativeTokenVault(address vault) external onlyOwner {
        if (vault == address(0)) revert ZeroAddress();
        if (nativeTokenVault != address(0)) revert AddressAlreadySet(nativeTokenVault);
        nativeTokenVault = vault;
        assetHandlerAddress[ETH_TOKEN_ASSET_ID] = vault;
        emit AssetHandlerRegistered(ETH_TOKEN_ASSET_ID, vault);
    }

    /// @notice Names the nullifier; once.
    function setL1Nullifier(address nullifier) external onlyOwner {
        if (nullifier == address(0)) revert ZeroAddress();
        if (L1_NULLIFIER != address(0)) revert AddressAlreadySet(L1_NULLIFIER);
        L1_NULLIFIER = nullifier;
    }

    /// @notice Stops deposits. What is on the chains can be taken out all the same.
    function pause() external onlyOwner {
        _pause();
    }

    /// @notice Lets deposits through again.
    function unpause() external onlyOwner {
        _unpause();
    }

    // -- deposits ----------------------------------------------------------------------------------------------------

    /// @inheritdoc IL1AssetRouter
    function bridgehubDepositBaseToken(uint256 chainId, bytes32 assetId, address originalCaller, uint256 amount)
        external
        payable
        onlyBridgehub
        whenNotPaused
    {
        address handler = assetHandlerAddress[assetId];
        if (handler == address(0)) revert AssetHandlerDoesNotExist(assetId);
        emit BridgehubDepositBaseTokenInitiated(chainId, originalCaller, assetId, amount);
        // No receiver and no token: the base token goes to the chain as such.
        bytes memory burnData = BridgeData.encodeBurn(amount, address(0), address(0));
        IAssetHandler(handler).bridgeBurn{value: msg.value}(chainId, 0, assetId, originalCaller, burnData);
    }

    /// @inheritdoc ISecondBridge
    function bridgehubDeposit(uint256 chainId, address originalCaller, uint256 l2Value, bytes calldata data)
        external
        payable
        onlyBridgehub
        whenNotPaused
        returns (L2TransactionRequestTwoBridgesInner memory request)
    {
        (bytes32 assetId, bytes memory transferData) = _decodeDeposit(data);
        if (assetId == BRIDGE_HUB.baseTokenAssetId(chainId)) revert AssetIdNotSupported(assetId);
        _requireSensible(transferData);
        address handler = _handlerOf(assetId, transferData);
        bytes memory mintData = IAssetHandler(handler).bridgeBurn{value: msg.value}(
            chainId, l2Value, assetId, originalCaller, transferData
        );
        request.magicValue = TWO_BRIDGES_MAGIC_VALUE;
        request.l2Contract = L2_ASSET_ROUTER;
        request.l2Calldata = abi.encodeCall(IL2AssetRouter.finalizeDeposit, (block.chainid, assetId, mintData));
        request.factoryDeps = new bytes[](0);
        request.txDataHash = keccak256(bytes.concat(NEW_ENCODING, abi.encode(originalCaller, assetId, transferData)));
        emit BridgehubDepositInitiated(chainId, request.txDataHash, originalCaller, assetId, mintData);
    }

    /// @inheritdoc ISecondBridge
    function bridgehubConfirmL2Transaction(uint256 chainId, bytes32 txDataHash, bytes32 txHash) external onlyBridgehub {
        IL1Nullifier(L1_NULLIFIER).bridgehubConfirmL2TransactionForwarded(chainId, txDataHash, txHash);
    }

    /// @inheritdoc IL1AssetRouter
    function transferFundsToNTV(bytes32 assetId, uint256 amount, address originalCaller)
        external
        onlyVault
        returns (bool)
    {
        IERC20(IAssetHandler(nativeTokenVault).tokenAddress(assetId))
            .safeTransferFrom(originalCaller, nativeTokenVault, amount);
        return true;
    }

    /// @inheritdoc IL1AssetRouter
    function registerAsset(bytes32 assetId) external onlyVault {
        assetHandlerAddress[assetId] = msg.sender;
        emit AssetHandlerRegistered(assetId, msg.sender);
    }

    // -- claims ------------------------------------------------------------------------------------------------------

    /// @inheritdoc IL1AssetRouter
    function finalizeDeposit(uint256 chainId, bytes32 assetId, bytes calldata transferData) external onlyNullifier {
        // An asset that comes for the first time has no handler yet: whoever holds native tokens will know it.
        address handler = assetHandlerAddress[assetId];
        if (handler == address(0)) handler = nativeTokenVault;
        IAssetHandler(handler).bridgeMint(chainId, assetId, transferData);
        emit DepositFinalizedAssetRouter(chainId, assetId, transferData);
    }

    /// @inheritdoc IL1AssetRouter
    function bridgeRecoverFailedTransfer(
        uint256 chainId,
        address depositSender,
        bytes32 assetId,
        bytes calldata assetData
    ) external onlyNullifier {
        IL1NativeTokenVault(assetHandlerAddress[assetId])
            .bridgeRecoverFailedTransfer(chainId, assetId, depositSender, assetData);
        emit ClaimedFailedDepositAssetRouter(chainId, assetId, assetData);
    }

    /// @notice Hands a deposit back whose request failed on the chain; clients call it here.
    function bridgeRecoverFailedTransfer(
        uint256 chainId,
        address depositSender,
        bytes32 assetId,
        bytes calldata assetData,
        bytes32 l2TxHash,
        uint256 l2BatchNumber,
        uint256 l2MessageIndex,
        uint16 l2TxNumberInBatch,
        bytes32[] calldata merkleProof
    ) external {
        IL1Nullifier(L1_NULLIFIER)
            .bridgeRecoverFailedTransfer(
                chainId,
                depositSender,
                assetId,
                assetData,
                l2TxHash,
                l2BatchNumber,
                l2MessageIndex,
                l2TxNumberInBatch,
                merkleProof
            );
    }

    /// @notice Whether a chain's message was claimed; clients ask it here.
    function isWithdrawalFinalized(uint256 chainId, uint256 l2BatchNumber, uint256 l2MessageIndex)
        external
        view
        returns (bool)
    {
        return IL1Nullifier(L1_NULLIFIER).isWithdrawalFinalized(chainId, l2BatchNumber, l2MessageIndex);
    }

    // -- parts -------------------------------------------------------------------------------------------------------

    /// @dev Asset and data for its holder, in either encoding.
    function _decodeDeposit(bytes calldata data) private returns (bytes32 assetId, bytes memory transferData) {
        bytes1 version = data.length == 0 ? bytes1(0xff) : data[0];
        if (version == NEW_ENCODING) return abi.decode(data[1:], (bytes32, bytes));
        if (version != LEGACY_ENCODING) revert UnsupportedEncodingVersion(version);
        (address token, uint256 amount, address receiver) = abi.decode(data, (address, uint256, address));
        assetId = token == ETH_TOKEN
            ? ETH_TOKEN_ASSET_ID
            : IL1NativeTokenVault(nativeTokenVault).ensureTokenIsRegistered(token);
        transferData = BridgeData.encodeBurn(amount, receiver, token);
    }

    function _requireSensible(bytes memory transferData) private pure {
        (uint256 amount, address receiver,) = abi.decode(transferData, (uint256, address, address));
        if (amount == 0) revert AmountIsZero();
        if (receiver == address(0)) revert ReceiverIsZero();
    }

    /// @dev Who holds an asset; a token that is deposited for the first time is registered.
    function _handlerOf(bytes32 assetId, bytes memory transferData) private returns (address handler) {
        handler = assetHandlerAddress[assetId];
        if (handler != address(0)) return handler;
        (,, address token) = abi.decode(transferData, (uint256, address, address));
        if (AssetId.native(block.chainid, token) != assetId) revert AssetHandlerDoesNotExist(assetId);
        IL1NativeTokenVault(nativeTokenVault).ensureTokenIsRegistered(token);
        return nativeTokenVault;
    }

    function _requireCaller(address allowed) private view {
        if (msg.sender != allowed) revert Unauthorized(msg.sender);
    }
}
