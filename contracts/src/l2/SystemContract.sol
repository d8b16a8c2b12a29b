// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @dev Sender of system transactions (type 0x7e). There is no code at this address and no key for it.
address constant BOOTLOADER = address(0x8001);
/// @dev Where messages to L1 are sent from.
address constant L1_MESSENGER = address(0x8008);
/// @dev Door of the base token.
address constant L2_BASE_TOKEN = address(0x800a);
/// @dev Owner of all base token that is not on the chain.
address constant BASE_TOKEN_HOLDER = address(0x10011);

/// @title Base of the contracts that a chain has from its genesis
/// @notice Installed as runtime code: no constructor runs, so there are no immutables, and storage that is not zero at
/// the start is written by the genesis, slot by slot.
abstract contract SystemContract {
    /// @notice The caller may not do this.
    /// @param caller Who called.
    /// @param allowed Who alone may.
    error CallerNotAllowed(address caller, address allowed);

    /// @dev Only system transactions may pass.
    modifier onlyBootloader() {
        _requireCaller(BOOTLOADER);
        _;
    }

    /// @dev Refuses every caller but one.
    function _requireCaller(address allowed) internal view {
        if (msg.sender != allowed) {
            revert CallerNotAllowed(msg.sender, allowed);
        }
    }
}
