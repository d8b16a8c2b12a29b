// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IBatchVerifier} from "../interfaces/IBatchVerifier.sol";

/// @title A verifier that accepts everything, for development
/// @notice Chains that settle with it prove nothing. It works only where the settlement layer has a well-known
/// development chain id. This is an allow list, because no list of public networks is ever complete: a new network, or
/// one forgotten, must be refused and not accepted. It is checked at every question, not only at deployment, because
/// a fork of a development chain may be given another id later.
contract UnprovenVerifier is IBatchVerifier {
    /// @notice The chain may be a public one.
    error PublicChainRefused(uint256 chainId);

    constructor() {
        _requireDevelopmentChain();
    }

    /// @inheritdoc IBatchVerifier
    function isVerified(bytes32, bytes32) external view returns (bool) {
        _requireDevelopmentChain();
        return true;
    }

    /// @inheritdoc IBatchVerifier
    function developmentOnly() external pure returns (bool) {
        return true;
    }

    /// @notice Whether a chain id is one that local nodes use by default, and that no network with value at stake has.
    /// @param chainId 9 and 270, 272 local ZK Stack; 900 local OP Stack; 1337 and 31337 to 31346 local nodes of the
    /// usual tools, with room for several at once; 6565 and 6566 local ZKsync OS. Their neighbours are left out on
    /// purpose: public networks live among 271 to 299.
    function isDevelopmentChain(uint256 chainId) public pure returns (bool) {
        return chainId == 9 || chainId == 270 || chainId == 272 || chainId == 900 || chainId == 1337
            || (chainId >= 31337 && chainId <= 31346) || chainId == 6565 || chainId == 6566;
    }

    function _requireDevelopmentChain() private view {
        if (!isDevelopmentChain(block.chainid)) revert PublicChainRefused(block.chainid);
    }
}
