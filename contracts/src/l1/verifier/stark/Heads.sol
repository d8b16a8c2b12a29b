// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Context, Contexts} from "./Context.sol";
import {Deep, DeepTerms} from "./Deep.sol";
import {Extension, P} from "./Extension.sol";
import {FINAL_COEFFICIENTS, LOG_FINAL, Layout, Machine, Machines} from "./Machine.sol";
import {OutOfDomain} from "./OutOfDomain.sol";
import {Transcript} from "./Transcript.sol";
import {
    BusesUnbalanced,
    DegenerateChallenge,
    GrindingTooWeak,
    MalformedProof,
    NonCanonicalElement,
    TooManyInteractions,
    WrongHeights,
    WrongKey,
    WrongPublics
} from "./VerificationErrors.sol";

/// @dev The parameters for which the contract is deployed, as in zkvm/stark/profiles.py.
struct Profile {
    uint256 id;
    uint256 logBlowup;
    uint256 queries;
    uint256 grindingBits;
    uint256 nodeBytes;
    uint256 maxLogHeight;
}

/// @dev A statement: the program, by its verifying key's hash, and its public words.
struct Statement {
    bytes32 programId;
    bytes32 publicInput;
}

/// @dev Where the pieces of a head lie in the call data, and what is known of it so far.
struct Head {
    uint256 start; // of the part
    uint256 parameters;
    uint256 keyRoots;
    uint256 roots; // main, aux, quotient
    uint256 totals;
    uint256 openings;
    uint256 layers;
    uint256 finals;
    uint256 nonce;
    uint256 end;
    uint256 totalsCount;
    uint256 keyRootsFirst; // log2 of the tallest table for which the first root of the key is
    uint256 keyRootsCount;
}

/// @title The head of a proof: everything that the prover says before the queries
/// @notice The steps are those of zkvm/stark/verifier.py.
library Heads {
    using Extension for uint256;
    using Machines for Machine;

    uint256 private constant ELEMENT_BYTES = 24;
    uint256 private constant WORD_BYTES = 8;
    uint256 private constant MAX_MESSAGES = 1 << 32;
    uint256 private constant PUBLIC_WORDS = 8;

    /// @dev Reads and checks the head.
    /// @param c Its profile's numbers are set; the rest is filled in.
    /// @param start Where the part begins in the call data; its number is one byte.
    /// @param length Of the part.
    /// @return l The layout at the proof's heights.
    /// @return t The terms of the DEEP sum.
    /// @return cursor Where the head ends.
    function read(
        Context memory c,
        Profile memory p,
        Machine memory m,
        address[] memory evaluators,
        Statement memory s,
        uint256 start,
        uint256 length
    ) internal view returns (Layout memory l, DeepTerms memory t, uint256 cursor) {
        unchecked {
            // 1. The statement: heights are possible, the key is the program's, the public words are the machine's.
            _readHeights(c, m, p.maxLogHeight, start + 1);
            l = m.layoutOf(c.logHeights, c.logHeight, c.logBlowup);
            Head memory h = _placesOf(c, m, l, start);
            if (h.end > start + length) revert MalformedProof(length, h.end - start);
            if (uint256(s.publicInput) << (32 * m.publics) != 0 && m.publics < PUBLIC_WORDS) {
                revert WrongPublics(s.publicInput);
            }
            // The evaluators' words, whose last are the openings.
            uint256[] memory words = OutOfDomain.allocate(m, l);
            c.finals = new uint256[](FINAL_COEFFICIENTS);
            uint256 openings = _dataOf(words) + 32 * (words.length - l.columns - l.nextColumns);
            _readElements(c, h, openings);
            _checkKey(c, m, h, s.programId);
            _readRoots(c, l, h);
            bytes32 state = _statement(c, p.id, m.publics, s);

            // 2. to 5. Trees are committed, challenges drawn; at a random point the constraints hold.
            state = _commitments(c, m, l, h, words, evaluators, s.publicInput, state);

            // 6. One polynomial stands for all openings; FRI folds it to 64 coefficients.
            state = Transcript.absorb(state, h.openings, h.layers - h.openings);
            (state, c.delta) = Transcript.challenge(state);
            c.betas = new uint256[](c.roots.length - 4);
            for (uint256 i = 0; i < c.betas.length; ++i) {
                state = Transcript.absorb(state, h.layers + c.nodeBytes * i, c.nodeBytes);
                (state, c.betas[i]) = Transcript.challenge(state);
            }
            state = Transcript.absorb(state, h.finals, h.nonce - h.finals);

            // 7. Work, then the positions to look at.
            state = Transcript.absorb(state, h.nonce, WORD_BYTES);
            if (uint256(state) >> (256 - p.grindingBits) != 0) revert GrindingTooWeak(p.grindingBits);
            c.positions = Transcript.positionsOf(state, p.queries, c.logHeight + c.logBlowup);
            t = Deep.terms(c.delta, c.z, c.logHeight, l);
            c.claimed = Deep.claims(t, l, openings);
            cursor = h.end;
        }
    }

    /// @dev The heights, each one of those that the machine and the profile allow.
    function _readHeights(Context memory c, Machine memory m, uint256 most, uint256 ptr) private pure {
        unchecked {
            c.logHeights = new uint256[](m.tables);
            uint256 messages = 0;
            for (uint256 table = 0; table < m.tables; ++table) {
                uint256 logHeight = _take(ptr + table, 1);
                (uint256 low, uint256 high) = m.heightsOf(table);
                if (logHeight < low || logHeight > high || logHeight > most) revert WrongHeights(table, logHeight);
                c.logHeights[table] = logHeight;
                messages += m.interactionsOf(table) << logHeight;
            }
            c.logHeight = Contexts.tallest(c.logHeights);
            if (c.logHeight < LOG_FINAL) revert WrongHeights(m.tables, c.logHeight);
            if (messages >= MAX_MESSAGES) revert TooManyInteractions(messages);
        }
    }

    /// @dev Where the pieces of the head lie.
    function _placesOf(Context memory c, Machine memory m, Layout memory l, uint256 start)
        private
        pure
        returns (Head memory h)
    {
        unchecked {
            h.start = start;
            h.parameters = start + 1 + m.tables;
            h.keyRoots = h.parameters + WORD_BYTES * m.parameters;
            if (m.hasFixed) {
                h.keyRootsFirst = LOG_FINAL;
                uint256 ptr = m.keyedAt;
                for (uint256 i = 0; i < m.keyed; ++i) {
                    uint256 logHeight = c.logHeights[Machines.number(ptr, 1)];
                    if (logHeight > h.keyRootsFirst) h.keyRootsFirst = logHeight;
                    ptr += 3 + Machines.number(ptr + 1, 2);
                }
                h.keyRootsCount = m.maxLogHeight + 1 - h.keyRootsFirst;
            }
            h.roots = h.keyRoots + c.nodeBytes * h.keyRootsCount;
            h.totals = h.roots + 3 * c.nodeBytes;
            for (uint256 table = 0; table < m.tables; ++table) {
                if (m.hasTotal(table)) ++h.totalsCount;
            }
            h.openings = h.totals + ELEMENT_BYTES * h.totalsCount;
            h.layers = h.openings + ELEMENT_BYTES * (l.columns + l.nextColumns);
            h.finals = h.layers + c.nodeBytes * Contexts.layersOf(c.logHeight);
            h.nonce = h.finals + ELEMENT_BYTES * FINAL_COEFFICIENTS;
            h.end = h.nonce + WORD_BYTES;
        }
    }

    /// @dev Reads the openings and the final polynomial; every element in the head is below p.
    function _readElements(Context memory c, Head memory h, uint256 openings) private pure {
        unchecked {
            for (uint256 ptr = h.parameters; ptr < h.keyRoots; ptr += WORD_BYTES) {
                if (_take(ptr, WORD_BYTES) >= P) revert NonCanonicalElement(ptr - h.start);
            }
            // The totals, which are read where they are needed, are only checked: the openings take their place.
            _readElements(h, openings, h.totals, h.openings);
            _readElements(h, openings, h.openings, h.layers);
            _readElements(h, _dataOf(c.finals), h.finals, h.nonce);
        }
    }

    function _readElements(Head memory h, uint256 to, uint256 ptr, uint256 end) private pure {
        unchecked {
            if (Extension.readAll(to, ptr, end) != 0) revert NonCanonicalElement(ptr - h.start);
        }
    }

    /// @dev The verifying key's bytes, from what the part says and what the machine is, have the program's hash.
    function _checkKey(Context memory c, Machine memory m, Head memory h, bytes32 programId) private pure {
        unchecked {
            bytes memory key = abi.encodePacked(
                "zkhubkey",
                uint16(1),
                _textAt(m.nameAt),
                uint8(c.logBlowup),
                uint8(c.nodeBytes),
                _keyParameters(m, h),
                _keyHeights(c, m),
                _keyRoots(c, h),
                m.constraints
            );
            if (keccak256(key) != programId) revert WrongKey(keccak256(key), programId);
        }
    }

    function _keyParameters(Machine memory m, Head memory h) private pure returns (bytes memory data) {
        unchecked {
            data = abi.encodePacked(uint16(m.parameters));
            uint256 ptr = m.parametersAt;
            for (uint256 i = 0; i < m.parameters; ++i) {
                data =
                    abi.encodePacked(data, _textAt(ptr + 1), uint64(_take(h.parameters + WORD_BYTES * i, WORD_BYTES)));
                ptr += 3 + Machines.number(ptr + 1, 2);
            }
        }
    }

    function _keyHeights(Context memory c, Machine memory m) private pure returns (bytes memory data) {
        unchecked {
            data = abi.encodePacked(uint16(m.keyed));
            uint256 ptr = m.keyedAt;
            for (uint256 i = 0; i < m.keyed; ++i) {
                uint256 rows = 1 << c.logHeights[Machines.number(ptr, 1)];
                data = abi.encodePacked(data, _textAt(ptr + 1), uint64(rows));
                ptr += 3 + Machines.number(ptr + 1, 2);
            }
        }
    }

    function _keyRoots(Context memory c, Head memory h) private pure returns (bytes memory data) {
        unchecked {
            data = abi.encodePacked(uint16(h.keyRootsCount));
            for (uint256 i = 0; i < h.keyRootsCount; ++i) {
                bytes memory root = _copy(h.keyRoots + c.nodeBytes * i, c.nodeBytes);
                data = abi.encodePacked(data, uint8(h.keyRootsFirst + i), root);
            }
        }
    }

    /// @dev The roots of all trees; that of a stage without columns is zero.
    function _readRoots(Context memory c, Layout memory l, Head memory h) private pure {
        unchecked {
            c.roots = new uint256[](4 + Contexts.layersOf(c.logHeight));
            if (h.keyRootsCount != 0) {
                c.roots[0] = _node(h.keyRoots + c.nodeBytes * (c.logHeight - h.keyRootsFirst), c.nodeBytes);
            }
            for (uint256 stage = 1; stage < 4; ++stage) {
                c.roots[stage] = _node(h.roots + c.nodeBytes * (stage - 1), c.nodeBytes);
                if (l.levels[stage][0] == 0 && c.roots[stage] != 0) {
                    revert MalformedProof(h.end - h.start, h.roots + c.nodeBytes * (stage - 1) - h.start);
                }
            }
            for (uint256 i = 4; i < c.roots.length; ++i) {
                c.roots[i] = _node(h.layers + c.nodeBytes * (i - 4), c.nodeBytes);
            }
        }
    }

    /// @dev The transcript's state after the statement.
    function _statement(Context memory c, uint256 profile, uint256 publics, Statement memory s)
        private
        pure
        returns (bytes32)
    {
        unchecked {
            bytes memory data = abi.encodePacked(Transcript.begin(), uint64(profile), s.programId);
            for (uint256 i = 0; i < publics; ++i) {
                data = abi.encodePacked(data, uint64(_publicWord(s.publicInput, i)));
            }
            for (uint256 table = 0; table < c.logHeights.length; ++table) {
                data = abi.encodePacked(data, uint64(1 << c.logHeights[table]));
            }
            return keccak256(data);
        }
    }

    /// @dev The public words are the guest's: four bytes each, the least significant first.
    function _publicWord(bytes32 publicInput, uint256 i) private pure returns (uint256) {
        unchecked {
            uint256 word = uint32(uint256(publicInput) >> (224 - 32 * i));
            return ((word & 0xff) << 24) | ((word & 0xff00) << 8) | ((word >> 8) & 0xff00) | (word >> 24);
        }
    }

    /// @dev Steps 2 to 5: from the main root to the out-of-domain check.
    function _commitments(
        Context memory c,
        Machine memory m,
        Layout memory l,
        Head memory h,
        uint256[] memory words,
        address[] memory evaluators,
        bytes32 publicInput,
        bytes32 state
    ) private view returns (bytes32) {
        unchecked {
            uint256 ptr = OutOfDomain.CHALLENGES;

            // 2. The witness is committed; the challenges that buses and the machine's own columns need.
            state = Transcript.absorb(state, h.roots, c.nodeBytes);
            for (uint256 i = 0; i < m.challenges; ++i) {
                (state, words[ptr++]) = Transcript.challenge(state);
            }
            for (uint256 i = 0; i < m.publics; ++i) {
                words[ptr++] = _publicWord(publicInput, i);
            }
            uint256 name = m.parametersAt;
            for (uint256 i = 0; i < m.parameters; ++i) {
                words[ptr + Machines.number(name, 1)] = _take(h.parameters + WORD_BYTES * i, WORD_BYTES);
                name += 3 + Machines.number(name + 1, 2);
            }
            ptr += m.parameters;
            for (uint256 table = 0; table < m.tables; ++table) {
                words[ptr++] = c.logHeights[table];
            }

            // 3. Auxiliary columns are committed; what all tables together send is what they receive.
            state = _absorbAux(c, h, state);
            uint256 cursor = h.totals;
            uint256 balance = 0;
            for (uint256 table = 0; table < m.tables; ++table) {
                if (m.hasTotal(table)) {
                    (words[ptr],) = Extension.read(cursor);
                    balance += words[ptr];
                    cursor += ELEMENT_BYTES;
                }
                ++ptr;
            }
            if (balance.reduce() != 0) revert BusesUnbalanced();
            (state, words[OutOfDomain.ALPHA]) = Transcript.challenge(state);

            // 4. The quotient is committed; all columns are opened at one point outside of every domain.
            state = Transcript.absorb(state, h.roots + 2 * c.nodeBytes, c.nodeBytes);
            (state, c.z) = Transcript.challenge(state);
            if (c.z >> 85 == 0) revert DegenerateChallenge();
            words[OutOfDomain.POINT] = c.z;

            // 5. There the constraints are the quotient times the vanishing polynomial.
            OutOfDomain.check(words, evaluators, h.openings + ELEMENT_BYTES * l.columns, c);
            return state;
        }
    }

    /// @dev The aux root and the totals are one message, but the quotient's root lies between them.
    function _absorbAux(Context memory c, Head memory h, bytes32 state) private pure returns (bytes32) {
        unchecked {
            bytes memory root = _copy(h.roots + c.nodeBytes, c.nodeBytes);
            return keccak256(abi.encodePacked(state, root, _copy(h.totals, h.openings - h.totals)));
        }
    }

    /// @dev A text in memory, with the two bytes of its length.
    function _textAt(uint256 ptr) private pure returns (bytes memory data) {
        unchecked {
            uint256 size = 2 + Machines.number(ptr, 2);
            data = new bytes(size);
            assembly ("memory-safe") {
                mcopy(add(data, 32), ptr, size)
            }
        }
    }

    function _dataOf(uint256[] memory words) private pure returns (uint256 ptr) {
        assembly ("memory-safe") {
            ptr := add(words, 32)
        }
    }

    function _copy(uint256 cursor, uint256 size) private pure returns (bytes memory data) {
        unchecked {
            data = new bytes(size);
            assembly ("memory-safe") {
                calldatacopy(add(data, 32), cursor, size)
            }
        }
    }

    function _node(uint256 cursor, uint256 nodeBytes) private pure returns (uint256) {
        unchecked {
            return _take(cursor, nodeBytes) << (256 - 8 * nodeBytes);
        }
    }

    function _take(uint256 ptr, uint256 size) private pure returns (uint256 r) {
        assembly ("memory-safe") {
            r := shr(sub(256, shl(3, size)), calldataload(ptr))
        }
    }
}
