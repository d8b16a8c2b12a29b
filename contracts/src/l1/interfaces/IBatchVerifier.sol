// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title What settlement asks of a verifier
/// @notice Proofs are handed to the verifier itself, in as many parts as they need; it remembers what they prove.
interface IBatchVerifier {
    /// @notice Whether a proof was accepted that the program, run to its end, gives this public input.
    /// @param programId The program.
    /// @param publicInput Its public input.
    function isVerified(bytes32 programId, bytes32 publicInput) external view returns (bool);

    /// @notice Whether this verifier proves nothing and is for development only.
    function developmentOnly() external view returns (bool);
}
