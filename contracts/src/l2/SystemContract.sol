// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @dev Sender of system transactions (type 0x7e). There is no code at this address and no key for it.
address constant BOOTLOADER = address(0x8001);
/// @dev Where messages to L1 are sent from.
address constant L1_MESSENGER = address(0x8008);
/// @dev Door of the base token.
address constant L2_BASE_TOKEN = address(0x800a);
/// @dev What the chain knows of its hub.
address constant L2_BRIDGEHUB = address(0x10002);
/// @dev Where assets arrive and leave.
address constant L2_ASSET_ROUTER = address(0x10003);
/// @dev Holder of tokens.
address constant L2_NATIVE_TOKEN_VAULT = address(0x10004);
/// @dev Message roots that the chain imported.
address constant L2_INTEROP_ROOT_STORAGE = address(0x10008);
/// @dev Verifier of other chains' messages.
address constant L2_MESSAGE_VERIFICATION = address(0x10009);
/// @dev Where bundles leave.
address constant INTEROP_CENTER = address(0x1000d);
/// @dev Where bundles arrive.
address constant INTEROP_HANDLER = address(0x1000e);
/// @dev Owner of all base token that is not on the chain.
address constant BASE_TOKEN_HOLDER = address(0x10011);
/// @dev Code of all tokens that were born elsewhere.
address constant BRIDGED_TOKEN_IMPLEMENTATION = address(0x10020);

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
