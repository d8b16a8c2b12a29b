// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @title A token for development: anyone makes as much of it as they like
contract TestToken is ERC20 {
    uint8 private immutable DECIMALS;

    /// @param tokenName Name.
    /// @param tokenSymbol Symbol.
    /// @param tokenDecimals Decimals.
    constructor(string memory tokenName, string memory tokenSymbol, uint8 tokenDecimals) ERC20(tokenName, tokenSymbol) {
        DECIMALS = tokenDecimals;
    }

    /// @notice Makes tokens.
    function mint(address account, uint256 amount) external {
        _mint(account, amount);
    }

    /// @inheritdoc ERC20
    function decimals() public view override returns (uint8) {
        return DECIMALS;
    }
}
