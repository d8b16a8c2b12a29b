// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @dev First byte of the message that carries a bundle.
bytes1 constant BUNDLE_MESSAGE = 0x01;
/// @dev Version of bundles.
uint8 constant BUNDLE_VERSION = 1;

/// @notice One call on the destination.
/// @param to Whom it calls.
/// @param from Who ordered it on the source; the asset router's address for tokens that arrive.
/// @param value Base token of the destination that it brings.
/// @param data What it is called with.
struct InteropCall {
    address to;
    address from;
    uint256 value;
    bytes data;
}

/// @notice Calls that all happen on another chain, or none.
/// @param version 1.
/// @param sourceChainId Where it was sent.
/// @param destinationChainId Where it happens.
/// @param salt keccak256(sender ‖ nonce): no two bundles are alike.
/// @param sender Who sent it.
/// @param executionAddress Who alone may execute it; zero for anyone.
/// @param calls The calls, in order.
struct InteropBundle {
    uint8 version;
    uint256 sourceChainId;
    uint256 destinationChainId;
    bytes32 salt;
    address sender;
    address executionAddress;
    InteropCall[] calls;
}

/// @notice A token that travels with a call.
/// @param assetId The asset; the base token's too.
/// @param amount How much.
/// @param receiver Who receives it on the destination.
struct TokenTransfer {
    bytes32 assetId;
    uint256 amount;
    address receiver;
}

/// @notice A call as its sender orders it.
/// @param to Whom to call; zero where only tokens travel.
/// @param value Base token that the call brings.
/// @param data What to call with.
/// @param tokens What arrives before the call.
struct InteropCallStarter {
    address to;
    uint256 value;
    bytes data;
    TokenTransfer[] tokens;
}

/// @notice Proof that a bundle was sent, as L2MessageVerification takes it.
struct MessageInclusionProof {
    uint256 chainId;
    uint256 l1BatchNumber;
    uint256 l2MessageIndex;
    uint16 txNumberInBatch;
    bytes32[] proof;
}
