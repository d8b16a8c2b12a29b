// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title A book that anyone may sign once; the smallest contract that has state, an event and a refusal.
contract Guestbook {
    /// @notice `guest` has already signed.
    error AlreadySigned(address guest);

    /// @notice `guest` signed as number `number`.
    event Signed(address indexed guest, uint256 number, string message);

    /// @notice How many have signed.
    uint256 public count;

    /// @notice What each guest wrote.
    mapping(address guest => string message) public messages;

    /// @notice Sign the book.
    /// @param message What to write into it.
    function sign(string calldata message) external {
        if (bytes(messages[msg.sender]).length != 0) revert AlreadySigned(msg.sender);
        messages[msg.sender] = message;
        count += 1;
        emit Signed(msg.sender, count, message);
    }
}
