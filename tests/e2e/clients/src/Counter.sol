// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title A contract for clients to deploy, call, listen to and be refused by
contract Counter {
    /// @notice Nobody but the owner may do this.
    error NotOwner(address caller);

    /// @notice The number changed.
    event Increased(address indexed by, uint256 indexed amount, uint256 number);

    address public immutable OWNER;
    uint256 public number;
    mapping(address => uint256) public given;

    constructor(uint256 start) payable {
        OWNER = msg.sender;
        number = start;
    }

    /// @notice Add to the number.
    function increase(uint256 amount) external payable returns (uint256) {
        require(amount != 0, "nothing to add");
        number += amount;
        given[msg.sender] += amount;
        emit Increased(msg.sender, amount, number);
        return number;
    }

    /// @notice Set the number; the owner only.
    function reset() external {
        if (msg.sender != OWNER) revert NotOwner(msg.sender);
        number = 0;
    }

    /// @notice Do something costly.
    function fill(uint256 slots) external {
        for (uint256 i; i < slots; ++i) {
            given[address(uint160(i + 1))] = i + 1;
        }
    }
}
