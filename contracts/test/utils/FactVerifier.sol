// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IBatchVerifier} from "../../src/l1/interfaces/IBatchVerifier.sol";

/// @dev A verifier that knows exactly the facts a test gave it, so that an unproven batch is refused.
contract FactVerifier is IBatchVerifier {
    mapping(bytes32 fact => bool) private _facts;

    function learn(bytes32 programId, bytes32 publicInput) external {
        _facts[keccak256(abi.encodePacked(programId, publicInput))] = true;
    }

    function isVerified(bytes32 programId, bytes32 publicInput) external view returns (bool) {
        return _facts[keccak256(abi.encodePacked(programId, publicInput))];
    }

    function developmentOnly() external pure returns (bool) {
        return false;
    }
}
