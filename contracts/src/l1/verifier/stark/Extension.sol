// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @dev The field's prime, 2^64 − 2^32 + 1.
uint256 constant P = 0xffffffff00000001;
/// @dev A root of unity of order 2^32, 7^((p − 1)/2^32), and its inverse.
uint256 constant ROOT = 0x185629dcda58878c;
uint256 constant ROOT_INVERSE = 0x76b6b635b6fc8719;
uint256 constant LOG_ROOT = 32;
/// @dev The generator by which domains are shifted, and its inverse.
uint256 constant SHIFT = 7;
uint256 constant SHIFT_INVERSE = 0x249249246db6db6e;
/// @dev p in each of the three lanes.
uint256 constant LANES_OF_P = P * (1 + (1 << 85) + (1 << 170));

/// @title Elements of F = F_p[x]/(x³ − x − 1)
/// @notice An element is one word of three lanes, 85 bits apart: c0 + 2^85 c1 + 2^170 c2. It is canonical when its lanes
/// are below p. Sums are plain additions of words and leave lanes unreduced; products take lanes of up to 85 bits and
/// give canonical ones.
library Extension {
    uint256 private constant LANE = 0x1fffffffffffffffffffff;
    uint256 private constant WORD = 0xffffffffffffffff;

    /// @dev The product of two elements: x³ = x + 1, x⁴ = x² + x.
    function mul(uint256 a, uint256 b) internal pure returns (uint256 r) {
        assembly ("memory-safe") {
            let a1 := and(shr(85, a), LANE)
            let a2 := shr(170, a)
            a := and(a, LANE)
            let b1 := and(shr(85, b), LANE)
            let b2 := shr(170, b)
            b := and(b, LANE)
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
                mulmod(and(a, LANE), n, P),
                or(shl(85, mulmod(and(shr(85, a), LANE), n, P)), shl(170, mulmod(shr(170, a), n, P)))
            )
        }
    }

    /// @dev The canonical form.
    function reduce(uint256 a) internal pure returns (uint256 r) {
        assembly ("memory-safe") {
            r := or(mod(and(a, LANE), P), or(shl(85, mod(and(shr(85, a), LANE), P)), shl(170, mod(shr(170, a), P))))
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

    /// @dev The cofactors and the norm of x − a, for x of the base field and a canonical a: 1/(x − a) is cofactors/norm.
    function cofactors(uint256 x, uint256 a) internal pure returns (uint256 cofactor, uint256 norm) {
        assembly ("memory-safe") {
            let a1 := sub(P, and(shr(85, a), LANE))
            let a2 := sub(P, shr(170, a))
            a := add(x, sub(P, and(a, LANE)))
            let d := add(a, a2)
            let e := add(a1, a2)
            // Lanes are below 2^66 here and products below 2^133, so a multiple of p of 2^136 keeps differences positive.
            let large := shl(72, P)
            let b0 := mod(sub(add(mul(d, d), large), mul(a1, e)), P)
            let b1 := mod(sub(add(mul(a2, e), large), mul(a1, d)), P)
            let b2 := mod(sub(add(mul(a1, a1), large), mul(a2, d)), P)
            norm := mod(add(add(mul(a, b0), mul(a2, b1)), mul(a1, b2)), P)
            cofactor := or(b0, or(shl(85, b1), shl(170, b2)))
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
            let b := and(shr(128, word), WORD)
            let c := and(shr(64, word), WORD)
            bad := or(gt(a, sub(P, 1)), or(gt(b, sub(P, 1)), gt(c, sub(P, 1))))
            r := or(a, or(shl(85, b), shl(170, c)))
        }
    }

    /// @dev The 24 bytes of a canonical element, at the high end of a word.
    function bytesOf(uint256 a) internal pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := or(shl(192, and(a, LANE)), or(shl(128, and(shr(85, a), LANE)), shl(64, shr(170, a))))
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
}
