// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ETH_TOKEN, NATIVE_TOKEN_VAULT_ON_CHAINS} from "../common/Constants.sol";

/// @title Names of assets, the same on L1 and on every chain
library AssetId {
    /// @notice Asset id of a token that native token vaults hold.
    function native(uint256 originChainId, address token) internal pure returns (bytes32) {
        return keccak256(abi.encode(originChainId, NATIVE_TOKEN_VAULT_ON_CHAINS, token));
    }

    /// @notice Asset id of this layer's ether.
    function eth() internal view returns (bytes32) {
        return native(block.chainid, ETH_TOKEN);
    }
}
