// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IBeacon} from "@openzeppelin/contracts/proxy/beacon/IBeacon.sol";
import {BridgeData, MAX_ASSET_AMOUNT} from "../../bridge/BridgeData.sol";
import {AssetAmountTooHigh, L2ValueNotSupported, OriginIsThisChain, ValueNotTaken} from "../../bridge/BridgeErrors.sol";
import {NativeTokenVaultBase} from "../../bridge/NativeTokenVaultBase.sol";
import {ETH_TOKEN} from "../common/Constants.sol";
import {
    AddressHasNoCode,
    AssetIdNotSupported,
    ChainIdNotRegistered,
    InsufficientChainBalance,
    MsgValueMismatch,
    OnlyChain,
    Unauthorized
} from "../common/Errors.sol";
import {IAssetHandler, IL1AssetRouter, IL1NativeTokenVault} from "../interfaces/IAssets.sol";
import {IBridgehub} from "../interfaces/IBridgehub.sol";
import {AssetId} from "../libraries/AssetId.sol";

/// @title Holds what is deposited to chains
/// @notice Counts for every chain what is held for it: a chain can never take more than that. Only where a token was
/// born there is no count: its chain made it, and what it makes of it is its own affair.
contract L1NativeTokenVault is NativeTokenVaultBase, IL1NativeTokenVault {
    /// @notice The Bridgehub.
    IBridgehub public immutable BRIDGE_HUB;
    /// @notice Who alone brings deposits and pays out.
    address public immutable ASSET_ROUTER;
    /// @notice Chain id of this layer.
    uint256 public immutable L1_CHAIN_ID;
    /// @inheritdoc IBeacon
    /// @dev Code of every token that this vault makes.
    address public immutable implementation;
    /// @dev Asset id of ether.
    bytes32 private immutable ETH_ASSET_ID;

    /// @inheritdoc IL1NativeTokenVault
    mapping(uint256 chainId => mapping(bytes32 assetId => uint256)) public chainBalance;

    /// @notice Sum of what is held of an asset for all chains.
    mapping(bytes32 assetId => uint256) public totalChainBalance;

    /// @notice A batch that was executed sent assets to another chain.
    event ChainBalanceMoved(
        uint256 indexed fromChainId, uint256 indexed toChainId, bytes32 indexed assetId, uint256 amount
    );
    /// @notice A token that was born on a chain is known by name; it has no copy here yet.
    event OriginRegistered(bytes32 indexed assetId, uint256 indexed originChainId, address indexed originToken);

    modifier onlyRouter() {
        if (msg.sender != ASSET_ROUTER) revert Unauthorized(msg.sender);
        _;
    }

    /// @param bridgehub The Bridgehub.
    /// @param assetRouter The router.
    /// @param bridgedTokenImplementation Code of tokens from chains.
    constructor(IBridgehub bridgehub, address assetRouter, address bridgedTokenImplementation) {
        if (bridgedTokenImplementation.code.length == 0) revert AddressHasNoCode(bridgedTokenImplementation);
        BRIDGE_HUB = bridgehub;
        ASSET_ROUTER = assetRouter;
        L1_CHAIN_ID = block.chainid;
        implementation = bridgedTokenImplementation;
        ETH_ASSET_ID = AssetId.eth();
        // The router knows ether without being told: it may not be there yet.
        super._register(ETH_ASSET_ID, block.chainid, ETH_TOKEN, ETH_TOKEN);
    }

    /// @inheritdoc IAssetHandler
    /// @dev `data` is (amount, receiver, token); the token matters for one that is not registered yet.
    function bridgeBurn(uint256 chainId, uint256 l2Value, bytes32 id, address originalCaller, bytes calldata data)
        external
        payable
        onlyRouter
        nonReentrant
        returns (bytes memory)
    {
        if (l2Value != 0) revert L2ValueNotSupported(l2Value);
        (uint256 amount, address receiver, address named) = BridgeData.decodeBurn(data);
        address token = _knownToken(id, named);
        uint256 value = id == ETH_ASSET_ID ? amount : 0;
        if (msg.value != value) revert MsgValueMismatch(value, msg.value);
        if (id != ETH_ASSET_ID) _take(id, token, originalCaller, amount);
        _credit(chainId, id, amount);
        emit BridgeBurn(chainId, id, originalCaller, receiver, amount);
        return BridgeData.encodeMint(
            BridgeData.Mint({
                originalCaller: originalCaller,
                receiver: receiver,
                originToken: originToken[id],
                amount: amount,
                metadata: _metadata(id, token)
            })
        );
    }

    /// @inheritdoc IAssetHandler
    function bridgeMint(uint256 chainId, bytes32 id, bytes calldata data) external payable onlyRouter nonReentrant {
        if (msg.value != 0) revert MsgValueMismatch(0, msg.value);
        BridgeData.Mint memory mint = BridgeData.decodeMint(data);
        address token = _arrivedToken(id, mint);
        _debit(chainId, id, mint.amount);
        _payOut(id, token, mint.receiver, mint.amount);
        emit BridgeMint(chainId, id, mint.receiver, mint.amount);
    }

    /// @inheritdoc IL1NativeTokenVault
    function bridgeRecoverFailedTransfer(uint256 chainId, bytes32 id, address depositSender, bytes calldata data)
        external
        onlyRouter
        nonReentrant
    {
        (uint256 amount,,) = BridgeData.decodeBurn(data);
        address token = tokenAddress[id];
        if (token == address(0)) revert AssetIdNotSupported(id);
        _debit(chainId, id, amount);
        _payOut(id, token, depositSender, amount);
        emit BridgeMint(chainId, id, depositSender, amount);
    }

    /// @inheritdoc IL1NativeTokenVault
    function moveChainBalance(uint256 fromChainId, uint256 toChainId, bytes32 id, uint256 amount) external {
        address source = BRIDGE_HUB.getZKChain(fromChainId);
        if (msg.sender != source) revert OnlyChain(msg.sender, source);
        if (BRIDGE_HUB.getZKChain(toChainId) == address(0)) revert ChainIdNotRegistered(toChainId);
        _debit(fromChainId, id, amount);
        _credit(toChainId, id, amount);
        emit ChainBalanceMoved(fromChainId, toChainId, id, amount);
    }

    /// @notice Tells this layer where an asset was born, so that its chain may send it to other chains. Anyone may:
    /// the asset id is a hash of its origin, so nobody can tell anything false.
    /// @param chainId The chain.
    /// @param token The token there.
    /// @return id Its asset id.
    function registerOrigin(uint256 chainId, address token) external returns (bytes32 id) {
        if (chainId == block.chainid) revert OriginIsThisChain(chainId);
        if (BRIDGE_HUB.getZKChain(chainId) == address(0)) revert ChainIdNotRegistered(chainId);
        id = AssetId.native(chainId, token);
        if (originChainId[id] != 0) return id;
        originChainId[id] = chainId;
        originToken[id] = token;
        emit OriginRegistered(id, chainId, token);
    }

    // -- parts -------------------------------------------------------------------------------------------------------

    function _credit(uint256 chainId, bytes32 id, uint256 amount) private {
        if (originChainId[id] == chainId) return;
        uint256 total = totalChainBalance[id];
        if (amount > MAX_ASSET_AMOUNT - total) revert AssetAmountTooHigh(id, amount, MAX_ASSET_AMOUNT - total);
        totalChainBalance[id] = total + amount;
        chainBalance[chainId][id] += amount;
    }

    function _debit(uint256 chainId, bytes32 id, uint256 amount) private {
        if (originChainId[id] == chainId) return;
        uint256 available = chainBalance[chainId][id];
        if (available < amount) revert InsufficientChainBalance(chainId, id, available, amount);
        chainBalance[chainId][id] = available - amount;
        totalChainBalance[id] -= amount;
    }

    function _payOut(bytes32 id, address token, address receiver, uint256 amount) private {
        if (id != ETH_ASSET_ID) {
            _give(id, token, receiver, amount);
            return;
        }
        (bool taken,) = receiver.call{value: amount}("");
        if (!taken) revert ValueNotTaken(receiver, amount);
    }

    /// @dev The user approved the router, so the router moves it.
    function _pull(bytes32 id, address, address account, uint256 amount) internal override {
        IL1AssetRouter(ASSET_ROUTER).transferFundsToNTV(id, amount, account);
    }

    function _register(bytes32 id, uint256 chainId, address tokenThere, address tokenHere) internal override {
        super._register(id, chainId, tokenThere, tokenHere);
        IL1AssetRouter(ASSET_ROUTER).registerAsset(id);
    }

    function _metadata(bytes32 id, address token) internal view override returns (bytes memory) {
        if (id != ETH_ASSET_ID) return super._metadata(id, token);
        return BridgeData.encodeMetadata(
            BridgeData.Metadata(L1_CHAIN_ID, abi.encode("Ether"), abi.encode("ETH"), abi.encode(uint8(18)))
        );
    }
}
