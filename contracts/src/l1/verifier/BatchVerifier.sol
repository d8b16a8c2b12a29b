// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IBatchVerifier} from "../interfaces/IBatchVerifier.sol";
import {IProofParts} from "../interfaces/IProofParts.sol";
import {Context, Contexts} from "./stark/Context.sol";
import {Deep, DeepTerms} from "./stark/Deep.sol";
import {Heads, Profile, Statement} from "./stark/Heads.sol";
import {Layout, Machine, Machines} from "./stark/Machine.sol";
import {Queries} from "./stark/Queries.sol";
import {
    AlreadyVerified,
    MalformedCall,
    MalformedProof,
    WrongContext,
    WrongOpenings,
    WrongPart
} from "./stark/VerificationErrors.sol";

/// @title The verifier of proofs that a program, run to its end, gives a public input
/// @notice A proof comes in parts, each a transaction. The first has all that the prover says before the queries, and a
/// first group of queries; each other repeats what the queries are checked against, to whose hash the session is
/// bound, and has the next group. No part leaves anything open but the queries that follow.
contract BatchVerifier is IBatchVerifier, IProofParts {
    using Contexts for Context;
    using Machines for Machine;

    /// @dev A sender's session for a statement; `state` is the hash of how the next part has to begin.
    struct Session {
        bytes32 state;
        uint256 accepted;
    }

    /// @notice The parameters, as in zkvm/stark/profiles.py.
    uint256 public immutable PROFILE_ID;
    uint256 public immutable LOG_BLOWUP;
    uint256 public immutable QUERIES;
    uint256 public immutable GRINDING_BITS;
    uint256 public immutable NODE_BYTES;
    uint256 public immutable MAX_LOG_HEIGHT;
    /// @notice Where the machine's shape lies.
    address public immutable MACHINE;

    address[] private _evaluators;
    mapping(bytes32 session => Session) private _sessions;
    mapping(bytes32 fact => bool) private _proven;

    uint256 private constant NUMBER_BYTES = 1;
    uint256 private constant COUNT_BYTES = 2;
    /// @dev What stands before the part's bytes in the call data: the selector and four words.
    uint256 private constant PART_OFFSET = 0x84;

    /// @param profile The only parameters under which proofs are accepted.
    /// @param machine The contract whose code holds the machine's shape.
    /// @param evaluators_ The contracts that compute the machine's constraints, in the order of their tables.
    constructor(Profile memory profile, address machine, address[] memory evaluators_) {
        PROFILE_ID = profile.id;
        LOG_BLOWUP = profile.logBlowup;
        QUERIES = profile.queries;
        GRINDING_BITS = profile.grindingBits;
        NODE_BYTES = profile.nodeBytes;
        MAX_LOG_HEIGHT = profile.maxLogHeight;
        MACHINE = machine;
        _evaluators = evaluators_;
    }

    /// @inheritdoc IProofParts
    function verifyPart(bytes32 programId, bytes32 publicInput, bytes calldata part) external {
        _checkEncoding(part);
        bytes32 fact = _factOf(programId, publicInput);
        if (_proven[fact]) revert AlreadyVerified(programId, publicInput);
        bytes32 id = _sessionOf(msg.sender, programId, publicInput);
        uint256 number = part.length == 0 ? 0 : uint8(part[0]);
        (bytes32 state, bool complete) =
            number == 0 ? _first(Statement(programId, publicInput), part.length) : _next(id, number, part.length);
        if (complete) {
            delete _sessions[id];
            _proven[fact] = true;
        } else {
            _sessions[id] = Session(state, number + 1);
        }
        emit PartVerified(msg.sender, programId, publicInput, number);
        if (complete) emit ProofVerified(msg.sender, programId, publicInput);
    }

    /// @inheritdoc IProofParts
    function progress(address sender, bytes32 programId, bytes32 publicInput)
        external
        view
        returns (uint256 accepted, bytes32 state)
    {
        Session storage session = _sessions[_sessionOf(sender, programId, publicInput)];
        return (session.accepted, session.state);
    }

    /// @inheritdoc IBatchVerifier
    function isVerified(bytes32 programId, bytes32 publicInput) external view returns (bool) {
        return _proven[_factOf(programId, publicInput)];
    }

    /// @inheritdoc IBatchVerifier
    function developmentOnly() external pure returns (bool) {
        return false;
    }

    /// @notice The contracts that compute the machine's constraints, in the order of their tables.
    function evaluators() external view returns (address[] memory) {
        return _evaluators;
    }

    /// @dev The part that begins a session: the head, then the first group.
    function _first(Statement memory s, uint256 length) private view returns (bytes32, bool) {
        Context memory c = _context();
        (Layout memory l, DeepTerms memory t, uint256 cursor) =
            Heads.read(c, _profile(), Machines.load(MACHINE), _evaluators, s, PART_OFFSET, length);
        return _group(c, l, t, 0, 0, cursor, length);
    }

    /// @dev A part that goes on: its number, the queries that are done, the context and its length; then the next group.
    function _next(bytes32 id, uint256 number, uint256 length) private view returns (bytes32, bool) {
        Session storage session = _sessions[id];
        if (number != session.accepted) revert WrongPart(number, session.accepted);
        uint256 begin = PART_OFFSET + NUMBER_BYTES + 2 * COUNT_BYTES;
        uint256 cursor = begin + _count(begin - COUNT_BYTES);
        if (cursor > PART_OFFSET + length) revert MalformedProof(length, cursor - PART_OFFSET);
        bytes32 given = keccak256(msg.data[PART_OFFSET:cursor]);
        if (given != session.state) revert WrongContext(given, session.state);
        Context memory c = _context();
        Machine memory m = Machines.load(MACHINE);
        c.decode(m.tables, begin);
        Layout memory l = m.layoutOf(c.logHeights, c.logHeight, c.logBlowup);
        DeepTerms memory t = Deep.terms(c.delta, c.z, c.logHeight, l);
        return _group(c, l, t, number, _count(PART_OFFSET + NUMBER_BYTES), cursor, length);
    }

    /// @dev Checks a group: how many queries it opens, their openings, and nothing behind them.
    /// @return state What binds the next part.
    /// @return complete Whether it was the last.
    function _group(
        Context memory c,
        Layout memory l,
        DeepTerms memory t,
        uint256 number,
        uint256 done,
        uint256 cursor,
        uint256 length
    ) private view returns (bytes32 state, bool complete) {
        uint256 count = _count(cursor);
        uint256 left = c.positions.length - done;
        if (count == 0 || count > left) revert WrongOpenings(count, left);
        cursor = Queries.check(c, l, t, done, count, PART_OFFSET, cursor + COUNT_BYTES);
        if (cursor != PART_OFFSET + length) revert MalformedProof(length, cursor - PART_OFFSET);
        complete = count == left;
        if (!complete) state = keccak256(c.encode(number + 1, done + count));
    }

    /// @dev The call data is the one encoding of its arguments: nothing between, behind, or in the padding.
    function _checkEncoding(bytes calldata part) private pure {
        uint256 padded = (part.length + 31) & ~uint256(31);
        uint256 offset;
        uint256 last;
        assembly ("memory-safe") {
            offset := calldataload(0x44)
            last := calldataload(sub(calldatasize(), 32))
        }
        if (offset != 0x60 || msg.data.length != PART_OFFSET + padded) revert MalformedCall();
        // Of the last word, the bytes behind the part's.
        if (padded != part.length && last << (8 * (32 + part.length - padded)) != 0) revert MalformedCall();
    }

    function _context() private view returns (Context memory c) {
        (c.logBlowup, c.nodeBytes) = (LOG_BLOWUP, NODE_BYTES);
    }

    function _profile() private view returns (Profile memory) {
        return Profile(PROFILE_ID, LOG_BLOWUP, QUERIES, GRINDING_BITS, NODE_BYTES, MAX_LOG_HEIGHT);
    }

    function _count(uint256 ptr) private pure returns (uint256 count) {
        assembly ("memory-safe") {
            count := shr(240, calldataload(ptr))
        }
    }

    function _factOf(bytes32 programId, bytes32 publicInput) private pure returns (bytes32) {
        return keccak256(abi.encode(programId, publicInput));
    }

    function _sessionOf(address sender, bytes32 programId, bytes32 publicInput) private pure returns (bytes32) {
        return keccak256(abi.encodePacked(sender, programId, publicInput));
    }
}
