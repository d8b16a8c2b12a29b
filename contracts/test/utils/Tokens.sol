// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @dev Takes a tenth of every transfer for itself.
contract FeeToken is ERC20("Fee", "FEE") {
    constructor(address account, uint256 amount) {
        _mint(account, amount);
    }

    function _update(address from, address to, uint256 amount) internal override {
        super._update(from, to, amount);
        if (from != address(0) && to != address(0)) super._update(to, address(0xfee), amount / 10);
    }
}

/// @dev Calls what it was told to whenever it is moved, and remembers what came of it.
contract ReentrantToken is ERC20("Reentrant", "RE") {
    address private _target;
    bytes private _data;
    bool public tried;
    bool public succeeded;
    bytes public answer;

    constructor(address account, uint256 amount) {
        _mint(account, amount);
    }

    function arm(address target, bytes calldata data) external {
        _target = target;
        _data = data;
    }

    function _update(address from, address to, uint256 amount) internal override {
        super._update(from, to, amount);
        if (_target == address(0)) return;
        address target = _target;
        _target = address(0);
        tried = true;
        (succeeded, answer) = target.call(_data);
    }
}

/// @dev An old token: name and symbol are words, transfers return nothing, and it does not say its decimals.
contract OldToken {
    bytes32 public constant name = "Old";
    bytes32 public constant symbol = "OLD";
    mapping(address => uint256) public balanceOf;
    mapping(address => mapping(address => uint256)) public allowance;

    constructor(address account, uint256 amount) {
        balanceOf[account] = amount;
    }

    function approve(address spender, uint256 amount) external {
        allowance[msg.sender][spender] = amount;
    }

    function transfer(address to, uint256 amount) external {
        balanceOf[msg.sender] -= amount;
        balanceOf[to] += amount;
    }

    function transferFrom(address from, address to, uint256 amount) external {
        allowance[from][msg.sender] -= amount;
        balanceOf[from] -= amount;
        balanceOf[to] += amount;
    }
}

/// @dev Refuses ether.
contract Refuser {}
