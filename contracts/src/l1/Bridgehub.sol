// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Ownable, Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {EnumerableMap} from "@openzeppelin/contracts/utils/structs/EnumerableMap.sol";
import {
    L2TransactionRequestDirect,
    L2TransactionRequestTwoBridgesInner,
    L2TransactionRequestTwoBridgesOuter
} from "@matterlabs/zksync-contracts/contracts/l1-contracts/bridgehub/IBridgehub.sol";
import {
    BridgehubL2TransactionRequest,
    L2Log,
    L2Message,
    TxStatus
} from "@matterlabs/zksync-contracts/contracts/l1-contracts/common/Messaging.sol";
import {SecondBridgeAddressTooLow, WrongMagicValue} from "./common/BridgeRefusals.sol";
import {MAX_CHAINS, MAX_CHAIN_ID, MAX_SYSTEM_ADDRESS, TWO_BRIDGES_MAGIC_VALUE} from "./common/Constants.sol";
import {
    AddressAlreadySet,
    AddressesNotSet,
    AssetHandlerDoesNotExist,
    AssetIdAlreadyRegistered,
    AssetIdNotSupported,
    CTMAlreadyRegistered,
    CTMNotRegistered,
    ChainIdAlreadyExists,
    ChainIdCantBeCurrentChain,
    ChainIdNotRegistered,
    ChainIdTooBig,
    EmptyAssetId,
    MsgValueMismatch,
    Unauthorized,
    ZKChainLimitReached,
    ZeroAddress,
    ZeroChainId
} from "./common/Errors.sol";
import {IAssetHandler, IL1AssetRouter, ISecondBridge} from "./interfaces/IAssets.sol";
import {IBridgehub} from "./interfaces/IBridgehub.sol";
import {IChainTypeManager} from "./interfaces/IChainTypeManager.sol";
import {IMessageRoot} from "./interfaces/IMessageRoot.sol";
import {IZKChain} from "./interfaces/IZKChain.sol";
import {AssetId} from "./libraries/AssetId.sol";
import {SenderAlias} from "./libraries/SenderAlias.sol";

/// @title Registry of all chains of a hub, and the one door for requests to them
/// @notice Functions, structures and events that clients call are ZK Stack's.
contract Bridgehub is IBridgehub, Ownable2Step, Pausable, ReentrancyGuardTransient {
    using EnumerableMap for EnumerableMap.UintToAddressMap;

    /// @notice Chain id of this layer.
    uint256 public immutable L1_CHAIN_ID;
    /// @dev Asset id of ether.
    bytes32 private immutable ETH_ASSET_ID;

    /// @notice May create chains, besides the owner.
    address public admin;
    /// @notice Whom the admin's place was offered to.
    address public pendingAdmin;
    /// @inheritdoc IBridgehub
    address public assetRouter;
    /// @inheritdoc IBridgehub
    address public messageRoot;
    /// @notice Whether a chain type manager may be used for new chains.
    mapping(address chainTypeManager => bool) public chainTypeManagerIsRegistered;
    /// @notice Whether an asset may be a new chain's base token.
    mapping(bytes32 assetId => bool) public assetIdIsRegistered;
    /// @notice Chain type manager of a chain.
    mapping(uint256 chainId => address) public chainTypeManager;
    /// @inheritdoc IBridgehub
    mapping(uint256 chainId => bytes32) public baseTokenAssetId;

    EnumerableMap.UintToAddressMap private _chains;

    event NewChain(uint256 indexed chainId, address chainTypeManager, address indexed chainGovernance);
    event ChainTypeManagerAdded(address indexed chainTypeManager);
    event ChainTypeManagerRemoved(address indexed chainTypeManager);
    event BaseTokenAssetIdRegistered(bytes32 indexed assetId);
    event NewPendingAdmin(address indexed oldPendingAdmin, address indexed newPendingAdmin);
    event NewAdmin(address indexed oldAdmin, address indexed newAdmin);

    modifier onlyOwnerOrAdmin() {
        if (msg.sender != owner() && msg.sender != admin) revert Unauthorized(msg.sender);
        _;
    }

    /// @param initialOwner First owner.
    constructor(address initialOwner) Ownable(initialOwner) {
        L1_CHAIN_ID = block.chainid;
        ETH_ASSET_ID = AssetId.eth();
        _registerAsset(ETH_ASSET_ID);
    }

    // -- who runs the hub --------------------------------------------------------------------------------------------

    /// @notice Names the parts of the hub; once.
    function setAddresses(address newAssetRouter, address newMessageRoot) external onlyOwner {
        if (newAssetRouter == address(0) || newMessageRoot == address(0)) revert ZeroAddress();
        if (assetRouter != address(0)) revert AddressAlreadySet(assetRouter);
        assetRouter = newAssetRouter;
        messageRoot = newMessageRoot;
    }

    /// @notice Offers the admin's place to someone, who has to accept it.
    function setPendingAdmin(address newPendingAdmin) external onlyOwnerOrAdmin {
        if (newPendingAdmin == address(0)) revert ZeroAddress();
        emit NewPendingAdmin(pendingAdmin, newPendingAdmin);
        pendingAdmin = newPendingAdmin;
    }

    /// @notice Takes the admin's place.
    function acceptAdmin() external {
        // Without an offer the pending admin is zero, which nobody calls from.
        if (msg.sender != pendingAdmin) revert Unauthorized(msg.sender);
        emit NewAdmin(admin, msg.sender);
        emit NewPendingAdmin(msg.sender, address(0));
        admin = msg.sender;
        delete pendingAdmin;
    }

    /// @notice Stops new chains and requests.
    function pause() external onlyOwner {
        _pause();
    }

    /// @notice Lets them through again.
    function unpause() external onlyOwner {
        _unpause();
    }

    // -- registry ----------------------------------------------------------------------------------------------------

    /// @notice Lets a chain type manager create chains.
    function addChainTypeManager(address newChainTypeManager) external onlyOwner {
        if (newChainTypeManager == address(0)) revert ZeroAddress();
        if (chainTypeManagerIsRegistered[newChainTypeManager]) revert CTMAlreadyRegistered(newChainTypeManager);
        chainTypeManagerIsRegistered[newChainTypeManager] = true;
        emit ChainTypeManagerAdded(newChainTypeManager);
    }

    /// @notice Lets it create no more; its chains stay.
    function removeChainTypeManager(address oldChainTypeManager) external onlyOwner {
        if (!chainTypeManagerIsRegistered[oldChainTypeManager]) revert CTMNotRegistered(oldChainTypeManager);
        chainTypeManagerIsRegistered[oldChainTypeManager] = false;
        emit ChainTypeManagerRemoved(oldChainTypeManager);
    }

    /// @notice Lets an asset be the base token of new chains. Ether is one from the start.
    function addTokenAssetId(bytes32 newAssetId) external onlyOwnerOrAdmin {
        _registerAsset(newAssetId);
    }

    /// @notice Creates a chain.
    /// @param chainId Its id: 1 to 2^48 - 1, not this layer's, not taken.
    /// @param newChainTypeManager A registered chain type manager, which makes the chain's contract.
    /// @param newBaseTokenAssetId A registered asset.
    /// @param chainAdmin The chain's first admin.
    /// @param initData ABI-encoded `ChainInitData`.
    /// @param factoryDeps Must be empty.
    /// @dev The fourth parameter, ZK Stack's salt, has no use: a chain's address follows from its id.
    function createNewChain(
        uint256 chainId,
        address newChainTypeManager,
        bytes32 newBaseTokenAssetId,
        uint256,
        address chainAdmin,
        bytes calldata initData,
        bytes[] calldata factoryDeps
    ) external onlyOwnerOrAdmin whenNotPaused nonReentrant returns (uint256) {
        _requireCreatable(chainId, newChainTypeManager, newBaseTokenAssetId);
        chainTypeManager[chainId] = newChainTypeManager;
        baseTokenAssetId[chainId] = newBaseTokenAssetId;
        address chain = IChainTypeManager(newChainTypeManager)
            .createNewChain(chainId, newBaseTokenAssetId, chainAdmin, initData, factoryDeps);
        _chains.set(chainId, chain);
        IMessageRoot(messageRoot).addNewChain(chainId);
        emit NewChain(chainId, newChainTypeManager, chainAdmin);
        return chainId;
    }

    /// @inheritdoc IBridgehub
    function getZKChain(uint256 chainId) public view returns (address chain) {
        (, chain) = _chains.tryGet(chainId);
    }

    /// @notice Contracts of all chains.
    function getAllZKChains() external view returns (address[] memory chains) {
        uint256 count = _chains.length();
        chains = new address[](count);
        for (uint256 i = 0; i < count; ++i) {
            (, chains[i]) = _chains.at(i);
        }
    }

    /// @notice Ids of all chains, in the order of `getAllZKChains`.
    function getAllZKChainChainIDs() external view returns (uint256[] memory) {
        return _chains.keys();
    }

    /// @inheritdoc IBridgehub
    function baseToken(uint256 chainId) external view returns (address) {
        bytes32 assetId = _requireAssetOf(chainId);
        address handler = IL1AssetRouter(assetRouter).assetHandlerAddress(assetId);
        return handler == address(0) ? address(0) : IAssetHandler(handler).tokenAddress(assetId);
    }

    /// @notice Chain id of the layer a chain settles on; zero for an unknown chain.
    function settlementLayer(uint256 chainId) external view returns (uint256) {
        return _chains.contains(chainId) ? block.chainid : 0;
    }

    // -- requests ----------------------------------------------------------------------------------------------------

    /// @notice Requests a transaction on a chain, and pays for it in the chain's base token: ether is sent along, of
    /// another token the asset router must be allowed to take `mintValue`.
    /// @param request The request; `mintValue` is all the base token that the chain receives.
    /// @return canonicalTxHash Hash of the transaction on the chain.
    function requestL2TransactionDirect(L2TransactionRequestDirect calldata request)
        external
        payable
        whenNotPaused
        nonReentrant
        returns (bytes32 canonicalTxHash)
    {
        bytes32 assetId = _requireAssetOf(request.chainId);
        uint256 baseValue = assetId == ETH_ASSET_ID ? request.mintValue : 0;
        if (msg.value != baseValue) revert MsgValueMismatch(baseValue, msg.value);
        _depositBaseToken(request.chainId, assetId, request.mintValue, baseValue);
        return IZKChain(getZKChain(request.chainId))
            .bridgehubRequestL2Transaction(
                BridgehubL2TransactionRequest({
                sender: msg.sender,
                contractL2: request.l2Contract,
                mintValue: request.mintValue,
                l2Value: request.l2Value,
                l2Calldata: request.l2Calldata,
                l2GasLimit: request.l2GasLimit,
                l2GasPerPubdataByteLimit: request.l2GasPerPubdataByteLimit,
                factoryDeps: request.factoryDeps,
                refundRecipient: request.refundRecipient
            })
            );
    }

    /// @notice Requests a transaction that a second bridge makes, such as one that brings a token which is not the
    /// chain's base token. The first bridge is the base token's, which pays for the transaction.
    /// @param request The request; `secondBridgeValue` is ether that the second bridge gets.
    /// @return canonicalTxHash Hash of the transaction on the chain; its sender there is the second bridge.
    function requestL2TransactionTwoBridges(L2TransactionRequestTwoBridgesOuter calldata request)
        external
        payable
        whenNotPaused
        nonReentrant
        returns (bytes32 canonicalTxHash)
    {
        address secondBridge = request.secondBridgeAddress;
        if (secondBridge <= MAX_SYSTEM_ADDRESS) revert SecondBridgeAddressTooLow(secondBridge, MAX_SYSTEM_ADDRESS);
        bytes32 assetId = _requireAssetOf(request.chainId);
        uint256 baseValue = assetId == ETH_ASSET_ID ? request.mintValue : 0;
        if (msg.value != baseValue + request.secondBridgeValue) {
            revert MsgValueMismatch(baseValue + request.secondBridgeValue, msg.value);
        }
        _depositBaseToken(request.chainId, assetId, request.mintValue, baseValue);
        L2TransactionRequestTwoBridgesInner memory inner = ISecondBridge(secondBridge)
        .bridgehubDeposit{value: request.secondBridgeValue}(
            request.chainId, msg.sender, request.l2Value, request.secondBridgeCalldata
        );
        if (inner.magicValue != TWO_BRIDGES_MAGIC_VALUE) {
            revert WrongMagicValue(TWO_BRIDGES_MAGIC_VALUE, inner.magicValue);
        }
        canonicalTxHash = IZKChain(getZKChain(request.chainId))
            .bridgehubRequestL2Transaction(
                BridgehubL2TransactionRequest({
                sender: secondBridge,
                contractL2: inner.l2Contract,
                mintValue: request.mintValue,
                l2Value: request.l2Value,
                l2Calldata: inner.l2Calldata,
                l2GasLimit: request.l2GasLimit,
                l2GasPerPubdataByteLimit: request.l2GasPerPubdataByteLimit,
                factoryDeps: inner.factoryDeps,
                // What is left over belongs to who asked, not to the bridge.
                refundRecipient: SenderAlias.aliasRefundRecipient(request.refundRecipient, msg.sender)
            })
            );
        ISecondBridge(secondBridge).bridgehubConfirmL2Transaction(request.chainId, inner.txDataHash, canonicalTxHash);
    }

    /// @notice What a request's gas costs on a chain, in its base token.
    /// @param chainId The chain.
    /// @param gasPrice Wei a gas that the L1 transaction will pay.
    /// @param l2GasLimit Gas on the chain.
    /// @param l2GasPerPubdataByteLimit Gas a pubdata byte may cost: 800.
    function l2TransactionBaseCost(
        uint256 chainId,
        uint256 gasPrice,
        uint256 l2GasLimit,
        uint256 l2GasPerPubdataByteLimit
    ) external view returns (uint256) {
        return _requireChain(chainId).l2TransactionBaseCost(gasPrice, l2GasLimit, l2GasPerPubdataByteLimit);
    }

    // -- proofs ------------------------------------------------------------------------------------------------------

    /// @notice Whether a message was sent by a chain; see the chain's function of this name.
    function proveL2MessageInclusion(
        uint256 chainId,
        uint256 batchNumber,
        uint256 index,
        L2Message calldata message,
        bytes32[] calldata proof
    ) external view returns (bool) {
        return _requireChain(chainId).proveL2MessageInclusion(batchNumber, index, message, proof);
    }

    /// @notice Whether a log was sent by a chain; see the chain's function of this name.
    function proveL2LogInclusion(
        uint256 chainId,
        uint256 batchNumber,
        uint256 index,
        L2Log calldata log,
        bytes32[] calldata proof
    ) external view returns (bool) {
        return _requireChain(chainId).proveL2LogInclusion(batchNumber, index, log, proof);
    }

    /// @notice Whether a request was executed by a chain with this outcome; see the chain's function of this name.
    function proveL1ToL2TransactionStatus(
        uint256 chainId,
        bytes32 l2TxHash,
        uint256 l2BatchNumber,
        uint256 l2MessageIndex,
        uint16 l2TxNumberInBatch,
        bytes32[] calldata merkleProof,
        TxStatus status
    ) external view returns (bool) {
        return _requireChain(chainId)
            .proveL1ToL2TransactionStatus(
                l2TxHash, l2BatchNumber, l2MessageIndex, l2TxNumberInBatch, merkleProof, status
            );
    }

    // -- parts -------------------------------------------------------------------------------------------------------

    function _requireCreatable(uint256 chainId, address newChainTypeManager, bytes32 newBaseTokenAssetId) private view {
        if (chainId == 0) revert ZeroChainId();
        if (chainId > MAX_CHAIN_ID) revert ChainIdTooBig(chainId, MAX_CHAIN_ID);
        if (chainId == block.chainid) revert ChainIdCantBeCurrentChain(chainId);
        if (_chains.contains(chainId)) revert ChainIdAlreadyExists(chainId);
        if (_chains.length() >= MAX_CHAINS) revert ZKChainLimitReached(MAX_CHAINS);
        if (!chainTypeManagerIsRegistered[newChainTypeManager]) revert CTMNotRegistered(newChainTypeManager);
        if (!assetIdIsRegistered[newBaseTokenAssetId]) revert AssetIdNotSupported(newBaseTokenAssetId);
        if (assetRouter == address(0)) revert AddressesNotSet();
        if (IL1AssetRouter(assetRouter).assetHandlerAddress(newBaseTokenAssetId) == address(0)) {
            revert AssetHandlerDoesNotExist(newBaseTokenAssetId);
        }
    }

    function _requireChain(uint256 chainId) private view returns (IZKChain) {
        address chain = getZKChain(chainId);
        if (chain == address(0)) revert ChainIdNotRegistered(chainId);
        return IZKChain(chain);
    }

    function _depositBaseToken(uint256 chainId, bytes32 assetId, uint256 amount, uint256 value) private {
        IL1AssetRouter(assetRouter).bridgehubDepositBaseToken{value: value}(chainId, assetId, msg.sender, amount);
    }

    function _requireAssetOf(uint256 chainId) private view returns (bytes32 assetId) {
        assetId = baseTokenAssetId[chainId];
        if (assetId == bytes32(0)) revert ChainIdNotRegistered(chainId);
    }

    function _registerAsset(bytes32 newAssetId) private {
        if (newAssetId == bytes32(0)) revert EmptyAssetId();
        if (assetIdIsRegistered[newAssetId]) revert AssetIdAlreadyRegistered(newAssetId);
        assetIdIsRegistered[newAssetId] = true;
        emit BaseTokenAssetIdRegistered(newAssetId);
    }
}
