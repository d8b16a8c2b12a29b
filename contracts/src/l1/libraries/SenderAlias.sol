// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AddressAliasHelper} from "@matterlabs/zksync-contracts/contracts/l1-contracts/vendor/AddressAliasHelper.sol";

/// @title Who a sender on L1 is on a chain
/// @notice A contract on L1 may be someone else's at the same address on a chain, so it is shifted. An account with a
/// key is itself on both, also where it delegates to code (EIP-7702).
library SenderAlias {
    /// @dev EIP-7702: code of a delegated account is this prefix and an address.
    bytes3 private constant DELEGATION_PREFIX = 0xef0100;
    uint256 private constant DELEGATION_LENGTH = 23;

    /// @notice Address of a request's sender on the chain.
    function aliasSender(address sender) internal view returns (address) {
        // tx.origin tells a contract in construction, which has no code yet, from an account.
        // solhint-disable-next-line avoid-tx-origin
        if (sender == tx.origin || _isDelegated(sender)) return sender;
        return AddressAliasHelper.applyL1ToL2Alias(sender);
    }

    /// @notice Who on the chain gets what a request leaves over.
    /// @param refundRecipient As the sender named it; zero means the sender.
    function aliasRefundRecipient(address refundRecipient, address sender) internal view returns (address) {
        if (refundRecipient == address(0)) return aliasSender(sender);
        if (refundRecipient.code.length == 0 || _isDelegated(refundRecipient)) return refundRecipient;
        return AddressAliasHelper.applyL1ToL2Alias(refundRecipient);
    }

    function _isDelegated(address account) private view returns (bool) {
        bytes memory code = account.code;
        return code.length == DELEGATION_LENGTH && bytes3(code) == DELEGATION_PREFIX;
    }
}
