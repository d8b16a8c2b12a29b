// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @dev The field's prime, 2^64 − 2^32 + 1.
uint256 constant P = 0xffffffff00000001;
/// @dev A root of unity of order 2^32, 7^((p − 1)/2^32).
uint256 constant ROOT = 0x185629dcda58878c;
uint256 constant LOG_ROOT = 32;
/// @dev The generator by which domains are shifted.
uint256 constant SHIFT = 7;
/// @dev p in each of the three lanes.
uint256 constant LANES_OF_P = P * (1 + (1 << 85) + (1 << 170));

/// @title Elements of F = F_p[x]/(x³ − x − 1)
/// @notice An element is one word of three lanes, 85 bits apart: c0 + 2^85 c1 + 2^170 c2. It is canonical when its lanes
/// are below p. Sums are plain additions of words and leave lanes unreduced; products take lanes of up to 85 bits and
/// give canonical ones. A lane is cut out by two shifts: the compiler would make a mask by four instructions.
library Extension {
    /// @dev The product of two elements: x³ = x + 1, x⁴ = x² + x.
    function mul(uint256 a, uint256 b) internal pure returns (uint256 r) {
        assembly ("memory-safe") {
            let a1 := shr(171, shl(86, a))
            let a2 := shr(170, a)
            a := shr(171, shl(171, a))
            let b1 := shr(171, shl(86, b))
            let b2 := shr(170, b)
            b := shr(171, shl(171, b))
            let third := add(mul(a1, b2), mul(a2, b1))
            let fourth := mul(a2, b2)
            r := or(
                mod(add(mul(a, b), third), P),
                or(
                    shl(85, mod(add(add(mul(a, b1), mul(a1, b)), add(third, fourth)), P)),
                    shl(170, mod(add(add(mul(a, b2), mul(a1, b1)), add(mul(a2, b), fourth)), P))
                )
            )
        }
    }

    /// @dev The product of an element and a number of the base field.
    function scale(uint256 a, uint256 n) internal pure returns (uint256 r) {
        assembly ("memory-safe") {
            r := or(
                mulmod(shr(171, shl(171, a)), n, P),
                or(shl(85, mulmod(shr(171, shl(86, a)), n, P)), shl(170, mulmod(shr(170, a), n, P)))
            )
        }
    }

    /// @dev The canonical form.
    function reduce(uint256 a) internal pure returns (uint256 r) {
        assembly ("memory-safe") {
            r := or(
                mod(shr(171, shl(171, a)), P),
                or(shl(85, mod(shr(171, shl(86, a)), P)), shl(170, mod(shr(170, a), P)))
            )
        }
    }

    /// @dev a − b, unreduced, for a canonical b.
    function sub(uint256 a, uint256 b) internal pure returns (uint256) {
        unchecked {
            return a + LANES_OF_P - b;
        }
    }

    /// @dev a^(2^times), for a canonical a.
    function squared(uint256 a, uint256 times) internal pure returns (uint256) {
        unchecked {
            for (; times != 0; --times) {
                a = mul(a, a);
            }
            return a;
        }
    }

    /// @dev 1/a in the base field, a^(p − 2) by the precompile at address 5; 0 for 0.
    function inverseOf(uint256 a) internal view returns (uint256 r) {
        assembly ("memory-safe") {
            let ptr := mload(0x40)
            mstore(ptr, 32)
            mstore(add(ptr, 32), 32)
            mstore(add(ptr, 64), 32)
            mstore(add(ptr, 96), a)
            mstore(add(ptr, 128), sub(P, 2))
            mstore(add(ptr, 160), P)
            if iszero(staticcall(gas(), 5, ptr, 192, 0, 32)) { revert(0, 0) }
            r := mload(0)
        }
    }

    /// @dev base^exponent in the base field.
    function power(uint256 base, uint256 exponent) internal pure returns (uint256 r) {
        unchecked {
            r = 1;
            for (; exponent != 0; exponent >>= 1) {
                if (exponent & 1 == 1) r = mulmod(r, base, P);
                base = mulmod(base, base, P);
            }
        }
    }

    /// @dev A root of unity of order 2^logOrder.
    function rootOfUnity(uint256 logOrder) internal pure returns (uint256 r) {
        unchecked {
            r = ROOT;
            for (uint256 i = logOrder; i < LOG_ROOT; ++i) {
                r = mulmod(r, r, P);
            }
        }
    }

    /// @dev The element whose 24 bytes are the high end of a word; `bad` is not 0 where a coordinate is p or more.
    function unpack(uint256 word) internal pure returns (uint256 r, uint256 bad) {
        assembly ("memory-safe") {
            let a := shr(192, word)
            let b := shr(192, shl(64, word))
            let c := shr(192, shl(128, word))
            bad := or(gt(a, sub(P, 1)), or(gt(b, sub(P, 1)), gt(c, sub(P, 1))))
            r := or(a, or(shl(85, b), shl(170, c)))
        }
    }

    /// @dev The 24 bytes of a canonical element, at the high end of a word.
    function bytesOf(uint256 a) internal pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := or(shl(192, shr(171, shl(171, a))), or(shl(128, shr(171, shl(86, a))), shl(64, shr(170, a))))
        }
    }

    /// @dev The element whose 24 bytes are at a place of the call data.
    /// @return r The element.
    /// @return bad Not 0 where a coordinate is p or more.
    function read(uint256 ptr) internal pure returns (uint256 r, uint256 bad) {
        unchecked {
            uint256 word;
            assembly ("memory-safe") {
                word := calldataload(ptr)
            }
            return unpack(word);
        }
    }

    /// @dev Reads the elements in a range of the call data into memory, a word each.
    /// @return bad Not 0 where a coordinate is p or more.
    function readAll(uint256 to, uint256 cursor, uint256 end) internal pure returns (uint256 bad) {
        assembly ("memory-safe") {
            for {} lt(cursor, end) { cursor := add(cursor, 24) } {
                let a := shr(192, calldataload(cursor))
                let b := shr(192, calldataload(add(cursor, 8)))
                let c := shr(192, calldataload(add(cursor, 16)))
                // With 2^32 − 1 added, p or more is 2^64 or more.
                bad := or(bad, or(add(a, 0xffffffff), or(add(b, 0xffffffff), add(c, 0xffffffff))))
                mstore(to, or(a, or(shl(85, b), shl(170, c))))
                to := add(to, 32)
            }
            bad := shr(64, bad)
        }
    }
}
