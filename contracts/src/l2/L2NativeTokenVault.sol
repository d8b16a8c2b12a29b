// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IBeacon} from "@openzeppelin/contracts/proxy/beacon/IBeacon.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {BridgeData, MAX_ASSET_AMOUNT} from "../bridge/BridgeData.sol";
import {
    AmountIsZero,
    AssetAmountTooHigh,
    L2ValueNotSupported,
    ReceiverIsZero,
    WrongChainId
} from "../bridge/BridgeErrors.sol";
import {NativeTokenVaultBase} from "../bridge/NativeTokenVaultBase.sol";
import {MsgValueMismatch} from "../l1/common/Errors.sol";
import {IAssetHandler} from "../l1/interfaces/IAssets.sol";
import {BaseTokenHolder} from "./BaseTokenHolder.sol";
import {L2BaseToken} from "./L2BaseToken.sol";
import {
    BASE_TOKEN_HOLDER,
    BRIDGED_TOKEN_IMPLEMENTATION,
    INTEROP_CENTER,
    L2_ASSET_ROUTER,
    L2_BASE_TOKEN,
    SystemContract
} from "./SystemContract.sol";

/// @title Holder of tokens on a chain (0x10004)
/// @notice Holds tokens that were born here while they are away, and makes those that were born elsewhere. What it
/// announces as `InteropFlow` is what L1 moves from this chain's balance to another's when the batch is executed.
contract L2NativeTokenVault is NativeTokenVaultBase, SystemContract {
    using SafeERC20 for IERC20;

    /// @notice Chain id of L1; written by the genesis.
    uint256 public L1_CHAIN_ID;
    /// @notice Asset id of the base token; written by the genesis, with its origin above.
    bytes32 public BASE_TOKEN_ASSET_ID;
    /// @notice How much of a token that was born here is away, on L1 and on other chains.
    mapping(bytes32 assetId => uint256) public amountAway;

    /// @notice Value leaves this chain for another chain. The batch program sums these up.
    event InteropFlow(uint256 indexed destinationChainId, bytes32 indexed assetId, uint256 amount);

    /// @inheritdoc IAssetHandler
    /// @dev `data` is (amount, receiver, token). A token that was born here must have been approved to this vault.
    function bridgeBurn(uint256 destination, uint256 l2Value, bytes32 id, address originalCaller, bytes calldata data)
        external
        payable
        nonReentrant
        returns (bytes memory)
    {
        if (msg.sender != INTEROP_CENTER) _requireCaller(L2_ASSET_ROUTER);
        if (l2Value != 0) revert L2ValueNotSupported(l2Value);
        if (destination == block.chainid) revert WrongChainId(L1_CHAIN_ID, destination);
        (uint256 amount, address receiver, address named) = BridgeData.decodeBurn(data);
        if (amount == 0) revert AmountIsZero();
        if (receiver == address(0)) revert ReceiverIsZero();
        address token = _knownToken(id, named);
        if (originChainId[id] == block.chainid) _sendAway(id, amount);
        _takeAny(id, token, originalCaller, amount);
        if (destination != L1_CHAIN_ID) emit InteropFlow(destination, id, amount);
        emit BridgeBurn(destination, id, originalCaller, receiver, amount);
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
    function bridgeMint(uint256 source, bytes32 id, bytes calldata data) external payable nonReentrant {
        _requireCaller(L2_ASSET_ROUTER);
        if (msg.value != 0) revert MsgValueMismatch(0, msg.value);
        BridgeData.Mint memory mint = BridgeData.decodeMint(data);
        address token = _arrivedToken(id, mint);
        if (originChainId[id] == block.chainid) amountAway[id] -= mint.amount;
        if (id == BASE_TOKEN_ASSET_ID) {
            BaseTokenHolder(payable(BASE_TOKEN_HOLDER)).give(mint.receiver, mint.amount);
        } else {
            _give(id, token, mint.receiver, mint.amount);
        }
        emit BridgeMint(source, id, mint.receiver, mint.amount);
    }

    /// @inheritdoc IBeacon
    function implementation() external pure returns (address) {
        return BRIDGED_TOKEN_IMPLEMENTATION;
    }

    // -- parts -------------------------------------------------------------------------------------------------------

    /// @dev L1 refuses a batch that sends more of an asset than may be away. A token that claims to be without bounds
    /// must not stop the chain: what L1 would refuse is refused here.
    function _sendAway(bytes32 id, uint256 amount) private {
        uint256 away = amountAway[id];
        if (amount > MAX_ASSET_AMOUNT - away) revert AssetAmountTooHigh(id, amount, MAX_ASSET_AMOUNT - away);
        amountAway[id] = away + amount;
    }

    function _takeAny(bytes32 id, address token, address account, uint256 amount) private {
        uint256 value = id == BASE_TOKEN_ASSET_ID ? amount : 0;
        if (msg.value != value) revert MsgValueMismatch(value, msg.value);
        if (value != 0) {
            L2BaseToken(L2_BASE_TOKEN).burnMsgValue{value: value}();
        } else {
            _take(id, token, account, amount);
        }
    }

    function _pull(bytes32, address token, address account, uint256 amount) internal override {
        IERC20(token).safeTransferFrom(account, address(this), amount);
    }
}
