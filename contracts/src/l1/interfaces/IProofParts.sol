// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title How a proof is handed over: in parts, since it is longer than one transaction may be
/// @notice Each sender has a session of its own for each statement, so nobody can disturb another's.
interface IProofParts {
    /// @notice A part was accepted.
    event PartVerified(address indexed sender, bytes32 indexed programId, bytes32 indexed publicInput, uint256 number);
    /// @notice The last part was accepted: the statement is proven, for good.
    event ProofVerified(address indexed sender, bytes32 indexed programId, bytes32 indexed publicInput);

    /// @notice One part of a proof, in order; number 0 begins (or begins anew) the sender's session for this statement.
    /// @param programId The hash of the program's verifying key.
    /// @param publicInput The proof's public words, four bytes each, the least significant first.
    /// @param part The bytes, as docs/reference/zkvm/proof-parts.md describes them.
    function verifyPart(bytes32 programId, bytes32 publicInput, bytes calldata part) external;

    /// @notice How far a session is.
    /// @return accepted How many parts were accepted; 0 when no session is under way.
    /// @return state What binds the next part to those before: the hash of how it has to begin.
    function progress(address sender, bytes32 programId, bytes32 publicInput)
        external
        view
        returns (uint256 accepted, bytes32 state);
}
