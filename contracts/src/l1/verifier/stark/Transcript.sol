// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Extension, P} from "./Extension.sol";

/// @title Fiat-Shamir: a chain of keccak-256 over everything the prover says
/// @notice As zkvm/stark/transcript.py: absorbing hashes the state with the message, drawing hashes the state alone.
library Transcript {
    uint256 private constant LANE = 0x1fffffffffffffffffffff;
    uint256 private constant POSITIONS_A_WORD = 8;

    /// @dev The state before anything was said.
    function begin() internal pure returns (bytes32) {
        unchecked {
            return keccak256("zkhub-stark-1");
        }
    }

    /// @dev Absorbs `size` bytes of the call data.
    function absorb(bytes32 state, uint256 cursor, uint256 size) internal pure returns (bytes32 r) {
        assembly ("memory-safe") {
            let ptr := mload(0x40)
            mstore(ptr, state)
            calldatacopy(add(ptr, 32), cursor, size)
            r := keccak256(ptr, add(size, 32))
        }
    }

    /// @dev Draws 32 bytes, which are the new state as well.
    function draw(bytes32 state) internal pure returns (bytes32 r) {
        assembly ("memory-safe") {
            mstore(0, state)
            r := keccak256(0, 32)
        }
    }

    /// @dev Draws an element of F: three times 85 bits modulo p.
    function challenge(bytes32 state) internal pure returns (bytes32, uint256 element) {
        unchecked {
            state = draw(state);
            assembly ("memory-safe") {
                element := or(
                    mod(and(state, LANE), P),
                    or(shl(85, mod(and(shr(85, state), LANE), P)), shl(170, mod(and(shr(170, state), LANE), P)))
                )
            }
            return (state, element);
        }
    }

    /// @dev Draws `count` positions below 2^logDomain, eight a word.
    /// @return positions Those that are distinct, ascending.
    function positionsOf(bytes32 state, uint256 count, uint256 logDomain)
        internal
        pure
        returns (uint256[] memory positions)
    {
        unchecked {
            positions = new uint256[](count);
            uint256 found = 0;
            for (uint256 i = 0; i < count; ++i) {
                if (i % POSITIONS_A_WORD == 0) state = draw(state);
                uint256 position = uint256(state) >> (32 * (i % POSITIONS_A_WORD)) & ((1 << logDomain) - 1);
                found = _insert(positions, found, position);
            }
            assembly ("memory-safe") {
                mstore(positions, found)
            }
        }
    }

    /// @dev Puts a position in its place among the first `found`, unless it is there.
    function _insert(uint256[] memory positions, uint256 found, uint256 position) private pure returns (uint256) {
        unchecked {
            uint256 low;
            assembly ("memory-safe") {
                low := add(positions, 32)
            }
            uint256 ptr = low + 32 * found;
            uint256 before = ptr;
            while (before != low && _wordAt(before - 32) > position) before -= 32;
            if (before != low && _wordAt(before - 32) == position) return found;
            assembly ("memory-safe") {
                mcopy(add(before, 32), before, sub(ptr, before))
                mstore(before, position)
            }
            return found + 1;
        }
    }

    function _wordAt(uint256 ptr) private pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := mload(ptr)
        }
    }
}
