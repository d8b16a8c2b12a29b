// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Messages from the chain to L1 (0x8008)
/// @notice The event is the message: the batch program makes an L2->L1 log of every `L1MessageSent` of this address,
/// with the sender as its key and the message's hash as its value.
contract L1Messenger {
    /// @notice A message was sent.
    /// @param sender Who sent it.
    /// @param hash keccak256 of the message.
    /// @param message The message.
    event L1MessageSent(address indexed sender, bytes32 indexed hash, bytes message);

    /// @notice Sends a message of any length to L1.
    /// @param message The message.
    /// @return hash keccak256 of the message.
    function sendToL1(bytes calldata message) external returns (bytes32 hash) {
        hash = keccak256(message);
        emit L1MessageSent(msg.sender, hash, message);
    }
}
