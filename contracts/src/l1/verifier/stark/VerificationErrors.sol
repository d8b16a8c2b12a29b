// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

// Why a part of a proof is refused. The names are those of zkvm/stark/errors.py; what only L1 has comes first.

/// @dev The statement is proven already; nothing is left to pay for.
error AlreadyVerified(bytes32 programId, bytes32 publicInput);
/// @dev Another part is the sender's next for this statement.
error WrongPart(uint256 given, uint256 expected);
/// @dev The part does not continue the proof that the sender's session is about.
error WrongContext(bytes32 given, bytes32 expected);
/// @dev The call data is not the one ABI encoding of the arguments.
error MalformedCall();
/// @dev A part must open one query or more, and no more than are left.
error WrongOpenings(uint256 given, uint256 left);
/// @dev The query positions are not the next ones to which the proof leads.
error WrongPosition(uint256 given, uint256 expected);

/// @dev The verifying key in the proof's head is not that of the program.
error WrongKey(bytes32 given, bytes32 expected);
/// @dev The machine has fewer public words than the public input has.
error WrongPublics(bytes32 publicInput);
/// @dev The part ends too early, or goes on after its last opening.
error MalformedProof(uint256 length, uint256 read);
/// @dev A field element is p or more; the offset in the part of its row, of its leaf, or of its list in the head.
error NonCanonicalElement(uint256 offset);
/// @dev A table's height, log2 of its rows, is none that the machine or the profile allows.
error WrongHeights(uint256 table, uint256 logHeight);
/// @dev The out-of-domain point lies in the base field.
error DegenerateChallenge();
/// @dev So many messages that a bus could balance by a multiplicity of p.
error TooManyInteractions(uint256 messages);
/// @dev The tables' totals do not add up to zero.
error BusesUnbalanced();
/// @dev At the out-of-domain point the constraints are not the quotient times the vanishing polynomial.
error ConstraintMismatch();
/// @dev The nonce shows too little work.
error GrindingTooWeak(uint256 wanted);
/// @dev Opened rows are not in the committed tree: fixed, main, aux, quotient, then the layers of FRI.
error MerkleMismatch(uint256 tree);
/// @dev A FRI layer does not hold the value that the layer before it, or the opened rows, give.
error FoldMismatch(uint256 layer, uint256 position);
/// @dev The last fold is not the final polynomial's value.
error FinalMismatch(uint256 position);
/// @dev A contract that computes constraints failed.
error EvaluatorFailed(address evaluator);
