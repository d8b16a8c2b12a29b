// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Context} from "./Context.sol";
import {Extension, P, SHIFT} from "./Extension.sol";
import {Layout, Machine, QUOTIENT_WIDTH} from "./Machine.sol";
import {ConstraintMismatch, EvaluatorFailed} from "./VerificationErrors.sol";

/// @title The out-of-domain check: at one random point, the constraints are the quotient times X^N − 1
/// @notice The constraints are computed by contracts that are generated from the machine's definition, each those of
/// some tables in order. They take words: α; the power of α for their first constraint; z; the challenges; the public
/// words; the parameters; log2 of each table's rows; each table's total; the openings. They give Σ α^j C_j over their
/// constraints, and the next power of α.
library OutOfDomain {
    using Extension for uint256;

    uint256 internal constant ALPHA = 0;
    uint256 internal constant POWER = 1;
    uint256 internal constant POINT = 2;
    uint256 internal constant CHALLENGES = 3;

    uint256 private constant ELEMENT_BYTES = 24;
    uint256 private constant CHUNKS = 3;

    /// @dev Room for the evaluators' words.
    function allocate(Machine memory m, Layout memory l) internal pure returns (uint256[] memory) {
        unchecked {
            uint256 count = m.challenges + m.publics + m.parameters + 2 * m.tables + l.columns + l.nextColumns;
            return new uint256[](CHALLENGES + count);
        }
    }

    /// @dev Compares Σ α^j C_j(z) with Q(z)·(z^N − 1).
    /// @param words What the evaluators take; the power of α is filled in here.
    /// @param evaluators In the order of their tables.
    /// @param chunks Where, in the call data, the openings of the quotient's columns end.
    function check(uint256[] memory words, address[] memory evaluators, uint256 chunks, Context memory c)
        internal
        view
    {
        unchecked {
            words[POWER] = 1;
            uint256 combined = 0;
            for (uint256 i = 0; i < evaluators.length; ++i) {
                (uint256 sum, uint256 power) = _evaluate(evaluators[i], words);
                combined += sum;
                words[POWER] = power;
            }
            uint256 above = c.z.squared(c.logHeight);
            uint256 quotient = _quotientAt(chunks - ELEMENT_BYTES * QUOTIENT_WIDTH, above, c);
            if (combined.reduce() != quotient.mul(above + P - 1)) revert ConstraintMismatch();
        }
    }

    function _evaluate(address evaluator, uint256[] memory words) private view returns (uint256 sum, uint256 power) {
        unchecked {
            bool done;
            assembly ("memory-safe") {
                done := staticcall(gas(), evaluator, add(words, 32), shl(5, mload(words)), 0, 64)
                done := and(done, eq(returndatasize(), 64))
                sum := mload(0)
                power := mload(32)
            }
            if (!done) revert EvaluatorFailed(evaluator);
        }
    }

    /// @dev Q(z) from its chunks: Σ_j q_j(z)·Π_(l≠j) (z^N − c_l^N)/(c_j^N − c_l^N), where c_j = s·w_n^j.
    function _quotientAt(uint256 cursor, uint256 above, Context memory c) private view returns (uint256 sum) {
        unchecked {
            uint256[CHUNKS] memory marks;
            marks[0] = SHIFT.power(1 << c.logHeight);
            uint256 step = Extension.rootOfUnity(c.logBlowup);
            (marks[1], marks[2]) = (mulmod(marks[0], step, P), mulmod(mulmod(marks[0], step, P), step, P));
            for (uint256 j = 0; j < CHUNKS; ++j) {
                uint256 value = _chunk(cursor + 3 * ELEMENT_BYTES * j);
                uint256 scale = 1;
                for (uint256 other = 0; other < CHUNKS; ++other) {
                    if (other == j) continue;
                    value = value.mul(above + P - marks[other]);
                    scale = mulmod(scale, marks[j] + P - marks[other], P);
                }
                sum += value.scale(scale.inverseOf());
            }
        }
    }

    /// @dev The value of a chunk from those of its three coordinates, v_0 + v_1 x + v_2 x².
    function _chunk(uint256 cursor) private pure returns (uint256) {
        unchecked {
            (uint256 a,) = Extension.read(cursor);
            (uint256 b,) = Extension.read(cursor + ELEMENT_BYTES);
            (uint256 d,) = Extension.read(cursor + 2 * ELEMENT_BYTES);
            return a + b.mul(1 << 85) + d.mul(1 << 170);
        }
    }
}
