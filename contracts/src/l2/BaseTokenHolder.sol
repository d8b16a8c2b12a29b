// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {L2_BASE_TOKEN, SystemContract} from "./SystemContract.sol";

/// @title Holder of all base token that is not on the chain (0x10011)
/// @notice Owns the supply bound at genesis. Value comes in by a withdrawal; no code lets it out: the protocol itself
/// moves it out when it executes a deposit. So supply on the chain = bound - this balance = what L1 holds.
contract BaseTokenHolder is SystemContract {
    /// @notice Takes withdrawn base token. Anyone else's value would break the equation above, and is refused.
    receive() external payable {
        _requireCaller(L2_BASE_TOKEN);
    }
}
