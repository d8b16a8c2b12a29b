// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IBatchVerifier} from "../../src/l1/interfaces/IBatchVerifier.sol";
import {IProofParts} from "../../src/l1/interfaces/IProofParts.sol";
import "../../src/l1/verifier/stark/VerificationErrors.sol";
import {StoredProof, StoredProofs} from "../utils/StoredProof.sol";
import {Vm} from "../utils/Test.sol";

interface IVerifier is IBatchVerifier, IProofParts {}

/// @title The verifier on stored proofs of one program: what makes a fact, and what does not
/// @notice Written against the interfaces alone. Agreement with the verifier in Python on altered proofs of all kinds is
/// tested there (tests/zkvm/onchain).
contract BatchVerifierTest is StoredProofs {
    /// @dev The field's prime.
    uint256 private constant P = 0xffffffff00000001;

    address private alice = makeAddr("alice");
    address private bob = makeAddr("bob");
    IVerifier private verifier;
    address private machine;
    address[] private evaluators;
    /// @dev Two runs of one program.
    StoredProof private one;
    StoredProof private two;

    function setUp() public {
        one = load("fibonacci-10");
        two = load("fibonacci-11");
        machine = deploy("RiscvMachine", "");
        evaluators = deployEvaluators();
        verifier = IVerifier(deployVerifier(parametersOf("fibonacci-10"), machine, evaluators));
    }

    // -- honest proofs -----------------------------------------------------------------------------------------------

    function test_onlyTheLastPartMakesTheFact() public {
        uint256 last = one.parts.length - 1;
        vm.assertTrue(last >= 2, "the tests need three parts");
        for (uint256 i = 0; i <= last; ++i) {
            vm.assertFalse(verifier.isVerified(one.programId, one.publicInput));
            requireProgress(alice, one, i);
            vm.recordLogs();
            submit(alice, one, i);
            Vm.Log[] memory logs = vm.getRecordedLogs();
            vm.assertEq(logs.length, i == last ? 2 : 1);
            requireEvent(logs[0], IProofParts.PartVerified.selector, abi.encode(i));
            if (i == last) requireEvent(logs[1], IProofParts.ProofVerified.selector, "");
        }
        vm.assertTrue(verifier.isVerified(one.programId, one.publicInput));
        requireProgress(alice, one, 0);
    }

    function test_aFactIsOfItsProgramAndItsInputAlone() public {
        bytes32 other = keccak256("another");
        prove(alice, one);
        vm.assertFalse(verifier.isVerified(other, one.publicInput));
        vm.assertFalse(verifier.isVerified(one.programId, other));
        vm.assertFalse(verifier.isVerified(one.publicInput, one.programId));
        vm.assertFalse(verifier.isVerified(one.programId, two.publicInput));
    }

    function test_isNoDevelopmentVerifier() public view {
        vm.assertFalse(verifier.developmentOnly());
    }

    // -- sessions ----------------------------------------------------------------------------------------------------

    function test_partsComeInOrder() public {
        refuse(alice, one, one.parts[1], abi.encodeWithSelector(WrongPart.selector, 1, 0));
        submit(alice, one, 0);
        refuse(alice, one, one.parts[2], abi.encodeWithSelector(WrongPart.selector, 2, 1));
        submit(alice, one, 1);
        refuse(alice, one, one.parts[1], abi.encodeWithSelector(WrongPart.selector, 1, 2));
        requireProgress(alice, one, 2);
    }

    function test_aSessionMayBeginAnew() public {
        submit(alice, one, 0);
        submit(alice, one, 1);
        submit(alice, one, 0);
        requireProgress(alice, one, 1);
        for (uint256 i = 1; i < one.parts.length; ++i) {
            submit(alice, one, i);
        }
        vm.assertTrue(verifier.isVerified(one.programId, one.publicInput));
    }

    function test_nobodyContinuesAnothersSession() public {
        submit(alice, one, 0);
        refuse(bob, one, one.parts[1], abi.encodeWithSelector(WrongPart.selector, 1, 0));
        requireProgress(bob, one, 0);
        requireProgress(alice, one, 1);
        submit(alice, one, 1);
    }

    function test_sendersDoNotDisturbEachOther() public {
        submit(alice, one, 0);
        submit(bob, one, 0);
        submit(alice, one, 1);
        // Who begins anew spoils nothing for others.
        submit(bob, one, 0);
        for (uint256 i = 2; i < one.parts.length; ++i) {
            submit(alice, one, i);
        }
        vm.assertTrue(verifier.isVerified(one.programId, one.publicInput));
        refuse(bob, one, one.parts[1], abi.encodeWithSelector(AlreadyVerified.selector, one.programId, one.publicInput));
    }

    function test_statementsOfOneSenderDoNotDisturbEachOther() public {
        for (uint256 i = 0; i < one.parts.length; ++i) {
            submit(alice, one, i);
            if (i < two.parts.length) submit(alice, two, i);
        }
        for (uint256 i = one.parts.length; i < two.parts.length; ++i) {
            submit(alice, two, i);
        }
        vm.assertTrue(verifier.isVerified(one.programId, one.publicInput));
        vm.assertTrue(verifier.isVerified(two.programId, two.publicInput));
    }

    function test_whatIsProvenIsNotProvenAgain() public {
        prove(alice, one);
        bytes memory reason = abi.encodeWithSelector(AlreadyVerified.selector, one.programId, one.publicInput);
        for (uint256 i = 0; i < one.parts.length; ++i) {
            refuse(alice, one, one.parts[i], reason);
            refuse(bob, one, one.parts[i], reason);
        }
    }

    // -- parts of two proofs -----------------------------------------------------------------------------------------

    function test_partsOfTwoProofsDoNotMix() public {
        submit(alice, one, 0);
        submit(alice, two, 0);
        requireSelector(refusal(alice, one, two.parts[1]), WrongContext.selector);
        requireSelector(refusal(alice, two, one.parts[1]), WrongContext.selector);
        requireProgress(alice, one, 1);
        requireProgress(alice, two, 1);
    }

    function test_aProofIsOfOneStatement() public {
        refusal(alice, one, two.parts[0]);
        requireProgress(alice, one, 0);
    }

    // -- the statement -----------------------------------------------------------------------------------------------

    /// forge-config: default.fuzz.runs = 8
    function test_anotherProgramIsRefused(bytes32 other) public {
        vm.assume(other != one.programId);
        bytes memory reason = abi.encodeWithSelector(WrongKey.selector, one.programId, other);
        StoredProof memory forged = StoredProof(other, one.publicInput, one.parts);
        refuse(alice, forged, one.parts[0], reason);
        vm.assertFalse(verifier.isVerified(other, one.publicInput));
    }

    /// forge-config: default.fuzz.runs = 8
    function test_anotherPublicInputIsRefused(uint8 bit) public {
        bytes32 other = one.publicInput ^ bytes32(uint256(1) << bit);
        StoredProof memory forged = StoredProof(one.programId, other, one.parts);
        refusal(alice, forged, one.parts[0]);
        requireProgress(alice, forged, 0);
    }

    // -- the shape ---------------------------------------------------------------------------------------------------

    function test_proofsOfAnotherProfileAreRefused() public {
        for (uint256 field = 0; field < 4; ++field) {
            Parameters memory other = parametersOf("fibonacci-10");
            if (field == 0) other.id += 1;
            if (field == 1) other.logBlowup += 1;
            if (field == 2) other.queries += 1;
            if (field == 3) other.nodeBytes -= 1;
            verifier = IVerifier(deployVerifier(other, machine, evaluators));
            requireUnproven(one);
        }
    }

    function test_tallerTablesThanTheProfileAllowsAreRefused() public {
        Parameters memory other = parametersOf("fibonacci-10");
        other.maxLogHeight = 4;
        verifier = IVerifier(deployVerifier(other, machine, evaluators));
        requireSelector(refusal(alice, one, one.parts[0]), WrongHeights.selector);
    }

    function test_proofsOfAnotherMachineAreRefused() public {
        bytes memory shape = machine.code;
        shape[1] = bytes1(uint8(shape[1]) ^ 1);
        address other = makeAddr("another machine");
        vm.etch(other, shape);
        verifier = IVerifier(deployVerifier(parametersOf("fibonacci-10"), other, evaluators));
        refusal(alice, one, one.parts[0]);
        vm.assertTrue(evaluators.length > 1, "one evaluator cannot be taken for another");
        address[] memory swapped = new address[](evaluators.length);
        for (uint256 i = 0; i < swapped.length; ++i) {
            swapped[i] = evaluators[swapped.length - 1 - i];
        }
        verifier = IVerifier(deployVerifier(parametersOf("fibonacci-10"), machine, swapped));
        refusal(alice, one, one.parts[0]);
    }

    // -- the encoding ------------------------------------------------------------------------------------------------

    function test_thereIsOneEncodingOfACall() public {
        bytes memory part = one.parts[0];
        bytes memory call = callOf(one, part);
        requireSelector(refusalOf(alice, bytes.concat(call, hex"00")), MalformedCall.selector);
        requireSelector(refusalOf(alice, bytes.concat(call, bytes32(0))), MalformedCall.selector);
        refusalOf(alice, slice(call, call.length - 1));
        // The same arguments with the bytes a word further on.
        bytes memory moved = bytes.concat(
            IProofParts.verifyPart.selector,
            abi.encode(one.programId, one.publicInput, uint256(0x80), uint256(0)),
            abi.encode(part.length),
            slice(call, 0x84, call.length)
        );
        requireSelector(refusalOf(alice, moved), MalformedCall.selector);
        if (part.length % 32 != 0) {
            call[call.length - 1] = 0x01;
            requireSelector(refusalOf(alice, call), MalformedCall.selector);
        }
        submit(alice, one, 0);
    }

    function test_paddingIsZero() public {
        // One of the parts has an end within a word, or this test says nothing.
        uint256 tried;
        for (uint256 i = 0; i < one.parts.length; ++i) {
            if (one.parts[i].length % 32 != 0) {
                bytes memory call = callOf(one, one.parts[i]);
                call[call.length - 1] = 0x01;
                requireSelector(refusalOf(alice, call), MalformedCall.selector);
                ++tried;
            }
            submit(alice, one, i);
        }
        vm.assertTrue(tried != 0);
    }

    /// forge-config: default.fuzz.runs = 8
    function test_nothingIsMissing(uint256 length) public {
        bytes memory first = one.parts[0];
        length = bound(length, 0, first.length - 1);
        refusal(alice, one, slice(first, length));
        submit(alice, one, 0);
        bytes memory second = one.parts[1];
        length = bound(length, 0, second.length - 1);
        refusal(alice, one, slice(second, length));
        submit(alice, one, 1);
    }

    function test_nothingIsLeftOver() public {
        for (uint256 i = 0; i < one.parts.length; ++i) {
            bytes memory part = one.parts[i];
            requireSelector(refusal(alice, one, bytes.concat(part, hex"00")), MalformedProof.selector);
            requireSelector(refusal(alice, one, bytes.concat(part, part)), MalformedProof.selector);
            submit(alice, one, i);
        }
    }

    /// @dev The contract knows no limit but the proof: whatever stands behind the openings is refused.
    function test_anOversizedPartIsRefused() public {
        bytes memory large = bytes.concat(one.parts[0], new bytes(300_000));
        requireSelector(refusal(alice, one, large), MalformedProof.selector);
    }

    function test_aPartOpensTheQueriesThatAreLeft() public {
        submit(alice, one, 0);
        bytes memory second = one.parts[1];
        // Number, queries done, length of the context and the context stand before the count.
        uint256 place = 5 + (uint256(uint8(second[3])) << 8 | uint8(second[4]));
        uint256 count = uint256(uint8(second[place])) << 8 | uint8(second[place + 1]);
        uint256 left = parametersOf("fibonacci-10").queries - (uint256(uint8(second[1])) << 8 | uint8(second[2]));
        vm.assertTrue(count != 0 && count < left);
        requireSelector(refusal(alice, one, withCount(second, place, 0)), WrongOpenings.selector);
        requireSelector(refusal(alice, one, withCount(second, place, left + 1)), WrongOpenings.selector);
        requireSelector(refusal(alice, one, withCount(second, place, 0xffff)), WrongOpenings.selector);
        refusal(alice, one, withCount(second, place, count - 1));
        refusal(alice, one, withCount(second, place, count + 1));
        submit(alice, one, 1);
    }

    /// forge-config: default.fuzz.runs = 16
    function test_everyBitCounts(uint256 part, uint256 place, uint8 bit) public {
        part = bound(part, 0, one.parts.length - 1);
        for (uint256 i = 0; i < part; ++i) {
            submit(alice, one, i);
        }
        bytes memory changed = one.parts[part];
        place = bound(place, 0, changed.length - 1);
        changed[place] = bytes1(uint8(changed[place]) ^ uint8(1 << (bit % 8)));
        refusal(alice, one, changed);
        vm.assertFalse(verifier.isVerified(one.programId, one.publicInput));
    }

    /// @dev v + p is the same element in another coat, where it fits into eight bytes. Zeros are frequent in opened
    /// rows; of eight neighbouring places within them one is an element's.
    function test_elementsAreBelowP() public {
        bytes memory part = one.parts[0];
        uint256 found;
        uint256 asNonCanonical;
        for (uint256 place = part.length / 2; place + 16 <= part.length && found < 3; ++place) {
            if (wordAt(part, place) | wordAt(part, place + 8) != 0) continue;
            ++found;
            for (uint256 end = place + 8; place < end; ++place) {
                bytes memory changed = bytes.concat(part);
                for (uint256 i = 0; i < 8; ++i) {
                    changed[place + i] = bytes1(uint8(P >> (56 - 8 * i)));
                }
                if (bytes4(refusal(alice, one, changed)) == NonCanonicalElement.selector) ++asNonCanonical;
            }
        }
        vm.assertTrue(found != 0 && asNonCanonical >= found, "an element of p or more is called something else");
    }

    // -- helpers -----------------------------------------------------------------------------------------------------

    function submit(address sender, StoredProof memory proof, uint256 number) private {
        vm.prank(sender);
        verifier.verifyPart(proof.programId, proof.publicInput, proof.parts[number]);
    }

    function prove(address sender, StoredProof memory proof) private {
        for (uint256 i = 0; i < proof.parts.length; ++i) {
            submit(sender, proof, i);
        }
    }

    /// @dev Some part is refused, the first or, where only the last query differs, a later one.
    function requireUnproven(StoredProof memory proof) private {
        bool accepted = true;
        for (uint256 i = 0; i < proof.parts.length && accepted; ++i) {
            vm.prank(alice);
            (accepted,) = address(verifier).call(callOf(proof, proof.parts[i]));
        }
        vm.assertFalse(accepted);
        vm.assertFalse(verifier.isVerified(proof.programId, proof.publicInput));
    }

    function callOf(StoredProof memory proof, bytes memory part) private pure returns (bytes memory) {
        return abi.encodeCall(IProofParts.verifyPart, (proof.programId, proof.publicInput, part));
    }

    /// @dev What a part is refused with; it must be.
    function refusal(address sender, StoredProof memory proof, bytes memory part) private returns (bytes memory) {
        return refusalOf(sender, callOf(proof, part));
    }

    function refusalOf(address sender, bytes memory call) private returns (bytes memory) {
        vm.prank(sender);
        (bool accepted, bytes memory answer) = address(verifier).call(call);
        vm.assertFalse(accepted);
        return answer;
    }

    function refuse(address sender, StoredProof memory proof, bytes memory part, bytes memory reason) private {
        vm.assertEq(refusal(sender, proof, part), reason);
    }

    function requireSelector(bytes memory reason, bytes4 selector) private pure {
        vm.assertEq(bytes32(bytes4(reason)), bytes32(selector));
    }

    function requireProgress(address sender, StoredProof memory proof, uint256 expected) private view {
        (uint256 accepted, bytes32 state) = verifier.progress(sender, proof.programId, proof.publicInput);
        vm.assertEq(accepted, expected);
        vm.assertTrue((state == 0) == (expected == 0));
    }

    function requireEvent(Vm.Log memory log, bytes32 selector, bytes memory data) private view {
        vm.assertEq(log.topics[0], selector);
        vm.assertEq(log.topics[1], bytes32(uint256(uint160(alice))));
        vm.assertEq(log.topics[2], one.programId);
        vm.assertEq(log.topics[3], one.publicInput);
        vm.assertEq(log.data, data);
        vm.assertEq(log.emitter, address(verifier));
    }

    function withCount(bytes memory part, uint256 place, uint256 count) private pure returns (bytes memory changed) {
        changed = bytes.concat(part);
        changed[place] = bytes1(uint8(count >> 8));
        changed[place + 1] = bytes1(uint8(count));
    }

    function wordAt(bytes memory data, uint256 place) private pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := shr(192, mload(add(add(data, 0x20), place)))
        }
    }

    function slice(bytes memory data, uint256 length) private pure returns (bytes memory) {
        return slice(data, 0, length);
    }

    function slice(bytes memory data, uint256 begin, uint256 end) private pure returns (bytes memory cut) {
        cut = new bytes(end - begin);
        for (uint256 i = 0; i < cut.length; ++i) {
            cut[i] = data[begin + i];
        }
    }
}
