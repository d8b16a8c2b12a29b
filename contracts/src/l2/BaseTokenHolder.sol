// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ValueNotTaken} from "../bridge/BridgeErrors.sol";
import {L2_BASE_TOKEN, L2_NATIVE_TOKEN_VAULT, SystemContract} from "./SystemContract.sol";

/// @title Holder of all base token that is not on the chain (0x10011)
/// @notice Owns the supply bound at genesis. Value comes in when it leaves the chain. It goes out in two ways: the
/// protocol moves it when it executes a deposit, and the vault orders it for what another chain sent. So supply on the
/// chain = bound - this balance = what L1 holds.
contract BaseTokenHolder is SystemContract {
    /// @notice Takes base token that leaves. Anyone else's value would break the equation above, and is refused.
    receive() external payable {
        _requireCaller(L2_BASE_TOKEN);
    }

    /// @notice Gives base token that came from another chain to its receiver. Only the vault may.
    function give(address receiver, uint256 amount) external {
        _requireCaller(L2_NATIVE_TOKEN_VAULT);
        (bool taken,) = receiver.call{value: amount}("");
        if (!taken) revert ValueNotTaken(receiver, amount);
    }
}
