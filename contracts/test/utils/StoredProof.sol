// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Test} from "./Test.sol";

/// @dev A proof with what it states, in parts.
struct StoredProof {
    bytes32 programId;
    bytes32 publicInput;
    bytes[] parts;
}

/// @title Reads the proofs of test/proofs, and deploys the verifier for their profile
/// @notice `python -m tests.zkvm.onchain.fixtures` writes them; the Python verifier holds them in its own tests.
abstract contract StoredProofs is Test {
    /// @dev The parameters of a profile, in the order of the verifier's constructor.
    struct Parameters {
        uint256 id;
        uint256 logBlowup;
        uint256 queries;
        uint256 grindingBits;
        uint256 nodeBytes;
        uint256 maxLogHeight;
    }

    string private constant FOLDER = "test/proofs/";

    function load(string memory name) internal view returns (StoredProof memory proof) {
        string memory folder = string.concat(FOLDER, name);
        string memory statement = vm.readFile(string.concat(folder, ".json"));
        proof.programId = vm.parseJsonBytes32(statement, ".programId");
        proof.publicInput = vm.parseJsonBytes32(statement, ".publicInput");
        proof.parts = new bytes[](vm.parseJsonUint(statement, ".parts"));
        for (uint256 i = 0; i < proof.parts.length; ++i) {
            proof.parts[i] = vm.readFileBinary(string.concat(folder, ".", vm.toString(i), ".part"));
        }
    }

    function parametersOf(string memory name) internal view returns (Parameters memory) {
        string memory statement = vm.readFile(string.concat(FOLDER, name, ".json"));
        uint256[] memory numbers = vm.parseJsonUintArray(statement, ".profile");
        return Parameters(numbers[0], numbers[1], numbers[2], numbers[3], numbers[4], numbers[5]);
    }

    /// @dev The contracts that the verifier calls: as many as there are artifacts.
    function deployEvaluators() internal returns (address[] memory evaluators) {
        uint256 count;
        while (vm.exists(string.concat("artifacts/", evaluatorName(count), ".json"))) ++count;
        evaluators = new address[](count);
        for (uint256 i = 0; i < count; ++i) {
            evaluators[i] = deploy(evaluatorName(i), "");
        }
    }

    function deployVerifier(Parameters memory parameters, address machine, address[] memory evaluators)
        internal
        returns (address)
    {
        return deploy("BatchVerifier", abi.encode(parameters, machine, evaluators));
    }

    function evaluatorName(uint256 index) private pure returns (string memory) {
        return string.concat("ConstraintEvaluator", vm.toString(index + 1));
    }
}
