// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {BridgeData} from "../../bridge/BridgeData.sol";
import {MsgValueMismatch} from "../../l1/common/Errors.sol";
import {L1Messenger} from "../L1Messenger.sol";
import {L2Bridgehub} from "../L2Bridgehub.sol";
import {
    INTEROP_HANDLER,
    L1_MESSENGER,
    L2_ASSET_ROUTER,
    L2_BRIDGEHUB,
    L2_NATIVE_TOKEN_VAULT
} from "../SystemContract.sol";
import {IL2AssetRouter} from "../interfaces/IL2AssetRouter.sol";
import {IL2NativeTokenVault} from "../interfaces/IL2NativeTokenVault.sol";
import {
    BUNDLE_MESSAGE,
    BUNDLE_VERSION,
    InteropBundle,
    InteropCall,
    InteropCallStarter,
    TokenTransfer
} from "./Bundle.sol";

/// @title Where bundles leave for other chains (0x1000d)
/// @notice What a bundle carries is taken here and arrives there: tokens as calls of the destination's asset router, in
/// front of the call they belong to; value likewise, for the handler that then spends it. So nothing of a bundle has to
/// be believed beyond that it was sent.
contract InteropCenter is ReentrancyGuardTransient {
    /// @notice How many bundles an account has sent.
    mapping(address sender => uint256) public nonces;

    /// @notice A bundle was sent.
    event InteropBundleSent(
        bytes32 indexed bundleHash,
        uint256 indexed destinationChainId,
        address indexed sender,
        bytes32 messageHash,
        InteropBundle bundle
    );

    /// @notice The destination is not a chain of the hub, or this one is not told of it yet.
    error DestinationNotRegistered(uint256 chainId);
    /// @notice A bundle goes to another chain.
    error DestinationIsThisChain(uint256 chainId);
    /// @notice Value becomes value only where the base token is the same.
    error BaseTokensDiffer(bytes32 here, bytes32 there);
    /// @notice A bundle without calls and tokens does nothing.
    error EmptyBundle();
    /// @notice This address of the destination takes no calls from bundles.
    error CallNotAllowed(address to);
    /// @notice Value and data need someone to call.
    error CallWithoutTarget();

    /// @notice Sends a bundle.
    /// @param destinationChainId Where.
    /// @param starters The calls, with what they carry. Value sent along is the sum of their values and of what they
    /// carry of the base token.
    /// @param executionAddress Who alone may execute it; zero for anyone.
    /// @return bundleHash Its name on the destination.
    function sendBundle(uint256 destinationChainId, InteropCallStarter[] calldata starters, address executionAddress)
        external
        payable
        nonReentrant
        returns (bytes32 bundleHash)
    {
        bytes32 destinationAsset = _requireDestination(destinationChainId);
        uint256 values = 0;
        uint256 carried = 0;
        uint256 count = 0;
        for (uint256 i = 0; i < starters.length; ++i) {
            InteropCallStarter calldata starter = starters[i];
            _requireTarget(starter);
            values += starter.value;
            for (uint256 j = 0; j < starter.tokens.length; ++j) {
                carried += _valueOf(starter.tokens[j]);
            }
            count += starter.tokens.length + (starter.to == address(0) ? 0 : 1);
        }
        if (count == 0) revert EmptyBundle();
        if (msg.value != values + carried) revert MsgValueMismatch(values + carried, msg.value);
        InteropCall[] memory calls = new InteropCall[](values == 0 ? count : count + 1);
        uint256 next = 0;
        if (values != 0) {
            bytes32 baseAsset = _vault().BASE_TOKEN_ASSET_ID();
            if (baseAsset != destinationAsset) revert BaseTokensDiffer(baseAsset, destinationAsset);
            calls[next++] = _carry(destinationChainId, TokenTransfer(baseAsset, values, INTEROP_HANDLER), values);
        }
        for (uint256 i = 0; i < starters.length; ++i) {
            InteropCallStarter calldata starter = starters[i];
            for (uint256 j = 0; j < starter.tokens.length; ++j) {
                calls[next++] = _carry(destinationChainId, starter.tokens[j], _valueOf(starter.tokens[j]));
            }
            if (starter.to != address(0)) {
                calls[next++] = InteropCall(starter.to, msg.sender, starter.value, starter.data);
            }
        }
        return _send(destinationChainId, executionAddress, calls);
    }

    /// @notice Sends one token, the base token too; it arrives whoever executes the bundle.
    /// @param destinationChainId Where.
    /// @param assetId What.
    /// @param amount How much.
    /// @param receiver Who receives it there.
    /// @return bundleHash The bundle's name on the destination.
    function sendToken(uint256 destinationChainId, bytes32 assetId, uint256 amount, address receiver)
        external
        payable
        nonReentrant
        returns (bytes32 bundleHash)
    {
        _requireDestination(destinationChainId);
        TokenTransfer memory transfer = TokenTransfer(assetId, amount, receiver);
        uint256 value = _valueOf(transfer);
        if (msg.value != value) revert MsgValueMismatch(value, msg.value);
        InteropCall[] memory calls = new InteropCall[](1);
        calls[0] = _carry(destinationChainId, transfer, value);
        return _send(destinationChainId, address(0), calls);
    }

    // -- parts -------------------------------------------------------------------------------------------------------

    /// @dev Takes a token here; the call that hands it out there.
    function _carry(uint256 destinationChainId, TokenTransfer memory transfer, uint256 value)
        private
        returns (InteropCall memory)
    {
        bytes memory burnData = BridgeData.encodeBurn(transfer.amount, transfer.receiver, address(0));
        bytes memory mintData =
            _vault().bridgeBurn{value: value}(destinationChainId, 0, transfer.assetId, msg.sender, burnData);
        bytes memory data = abi.encodeCall(IL2AssetRouter.finalizeDeposit, (block.chainid, transfer.assetId, mintData));
        return InteropCall(L2_ASSET_ROUTER, L2_ASSET_ROUTER, 0, data);
    }

    function _send(uint256 destinationChainId, address executionAddress, InteropCall[] memory calls)
        private
        returns (bytes32 bundleHash)
    {
        InteropBundle memory bundle = InteropBundle({
            version: BUNDLE_VERSION,
            sourceChainId: block.chainid,
            destinationChainId: destinationChainId,
            salt: keccak256(abi.encodePacked(msg.sender, nonces[msg.sender]++)),
            sender: msg.sender,
            executionAddress: executionAddress,
            calls: calls
        });
        bytes memory encoded = abi.encode(bundle);
        bundleHash = keccak256(abi.encode(block.chainid, encoded));
        bytes32 messageHash = L1Messenger(L1_MESSENGER).sendToL1(bytes.concat(BUNDLE_MESSAGE, encoded));
        emit InteropBundleSent(bundleHash, destinationChainId, msg.sender, messageHash, bundle);
    }

    function _requireDestination(uint256 chainId) private view returns (bytes32 baseTokenAssetId) {
        if (chainId == block.chainid) revert DestinationIsThisChain(chainId);
        // L1 refuses to move anything to a chain it does not have, and with it the whole batch.
        baseTokenAssetId = L2Bridgehub(L2_BRIDGEHUB).baseTokenAssetId(chainId);
        if (baseTokenAssetId == bytes32(0)) revert DestinationNotRegistered(chainId);
    }

    function _requireTarget(InteropCallStarter calldata starter) private pure {
        if (starter.to == L2_ASSET_ROUTER || starter.to == INTEROP_HANDLER) revert CallNotAllowed(starter.to);
        if (starter.to == address(0) && (starter.value != 0 || starter.data.length != 0)) revert CallWithoutTarget();
    }

    /// @dev Base token travels as value, everything else without.
    function _valueOf(TokenTransfer memory transfer) private view returns (uint256) {
        return transfer.assetId == _vault().BASE_TOKEN_ASSET_ID() ? transfer.amount : 0;
    }

    function _vault() private pure returns (IL2NativeTokenVault) {
        return IL2NativeTokenVault(L2_NATIVE_TOKEN_VAULT);
    }
}
