/* What a guest may use besides the C language. docs/reference/zkvm/guest-abi.md has the rules behind it. */
#ifndef ZKHUB_GUEST_H
#define ZKHUB_GUEST_H

#include <stddef.h>
#include <stdint.h>

#define ZKHUB_OUTPUT_WORDS 8

/* The guest's own function; crt0.S calls it. It does not return: it ends in zkhub_halt or zkhub_trap. */
void guest_main(void);

/* --- Input: private bytes, unbound. Hash or check whatever the output shall depend on. --- */

#define ZKHUB_INPUT ((const uint32_t *)0x10000000u)

static inline uint32_t zkhub_input_size(void) { return ZKHUB_INPUT[0]; }

/* Aligned to 4. Bytes after the last one, up to a multiple of 4, are 0 only if the prover is honest. */
static inline const uint8_t *zkhub_input(void) { return (const uint8_t *)(ZKHUB_INPUT + 1); }

/* --- Ends --- */

/* Ends the run with the public output. */
_Noreturn void zkhub_halt(const uint32_t output[ZKHUB_OUTPUT_WORDS]) __asm__("zkhub_output");

/* Refuses the input: what ran cannot be proven. */
_Noreturn void zkhub_trap(void);

/* The same, and tells the emulator why: a code from 1 to ZKHUB_MOST_REFUSAL. It is a jump to four times that, where no
   code lies. */
enum { ZKHUB_MOST_REFUSAL = 1023 };

static inline _Noreturn void zkhub_refuse(uint32_t code) {
    __asm__ volatile("jr %0" : : "r"(4 * (code <= ZKHUB_MOST_REFUSAL ? code : 0)));
    __builtin_unreachable();
}

static inline void zkhub_require(int condition) {
    if (!condition) zkhub_trap();
}

/* --- Hints: words that the prover chooses freely. Check each one. --- */

enum {
    ZKHUB_HINT_INVERSE = 1,     /* value[8], modulus[8] -> inverse[8] */
    ZKHUB_HINT_SQUARE_ROOT = 2, /* value[8], modulus[8] = 3 mod 4 -> root[8] */
    ZKHUB_HINT_DIVIDE = 3,      /* dividend[8], divisor[8] -> quotient[8], remainder[8] */
    ZKHUB_HINT_SPLIT = 4,       /* k[8] -> |k1|[8], |k2|[8], k1 < 0, k2 < 0, for the endomorphism of secp256k1 */
};

/* The next `wanted` words of hints. They stay where they are, and nothing else writes there. */
const uint32_t *zkhub_hint(uint32_t kind, const uint32_t *operands, uint32_t count, uint32_t wanted);

/* --- Precompiles. Pointers are multiples of 4; numbers are 8 words, the lowest first. --- */

#define ZKHUB_CALL(function, x, y) \
    __asm__ volatile(".insn r 0x0b, " #function ", 0, x0, %0, %1" : : "r"(x), "r"(y) : "memory")

/* state <- keccak-f[1600](state); lane x + 5y is words 2(x + 5y) and 2(x + 5y) + 1. */
static inline void zkhub_keccak_f(uint32_t state[50]) { ZKHUB_CALL(0, state, 0); }

/* b, c and m of MULMOD stand together. */
typedef struct {
    uint32_t b[8], c[8], m[8];
} zkhub_modular;

/* a <- r with a * b + c = q * m + r. Needs m > 0, and a < m or b < m.
   The proof does not show r < m: compare where the canonical value matters. */
static inline void zkhub_mulmod(uint32_t a[8], const zkhub_modular *operands) { ZKHUB_CALL(1, a, operands); }

typedef struct {
    uint32_t x[8], y[8];
} zkhub_point;

/* p <- p + q on secp256k1, where p->x and q->x differ mod P. The proof does not check that they do: compare first,
   as secp_add of zkhub_secp256k1.h does. x of the result is below P, y only below 2^256. */
static inline void zkhub_ec_add_distinct(zkhub_point *p, const zkhub_point *q) { ZKHUB_CALL(2, p, q); }

/* p <- 2p on secp256k1. */
static inline void zkhub_ec_double(zkhub_point *p) { ZKHUB_CALL(3, p, p); }

#endif
