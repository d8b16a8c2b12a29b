/* KZG proofs on BLS12-381: the optimal ate pairing, as in bn254_pairing.c but on a twist that is not divided. */
#include "crypto/kzg.h"
#include "crypto/bls12_381_field.h"
#include "crypto/quadratic.h"
#include "crypto/sha256.h"

/* r <- a * xi, xi = 1 + u */
static inline void fp2_multiply_xi(fp2 *r, const fp2 *a) {
    fp sum;
    fp_add(&sum, &a->c0, &a->c1);
    fp_sub(&r->c0, &a->c0, &a->c1);
    r->c1 = sum;
}

#include "crypto/tower.h"

/* xi^(k (p - 1) / 6) */
static const fp2 GAMMA[6] = {
    {{{LIMBS(0x760900000002fffd), LIMBS(0xebf4000bc40c0002), LIMBS(0x5f48985753c758ba),
       LIMBS(0x77ce585370525745), LIMBS(0x5c071a97a256ec6d), LIMBS(0x15f65ec3fa80e493)}},
     {{LIMBS(0x0000000000000000), LIMBS(0x0000000000000000), LIMBS(0x0000000000000000),
       LIMBS(0x0000000000000000), LIMBS(0x0000000000000000), LIMBS(0x0000000000000000)}}},
    {{{LIMBS(0x07089552b319d465), LIMBS(0xc6695f92b50a8313), LIMBS(0x97e83cccd117228f),
       LIMBS(0xa35baecab2dc29ee), LIMBS(0x1ce393ea5daace4d), LIMBS(0x08f2220fb0fb66eb)}},
     {{LIMBS(0xb2f66aad4ce5d646), LIMBS(0x5842a06bfc497cec), LIMBS(0xcf4895d42599d394),
       LIMBS(0xc11b9cba40a8e8d0), LIMBS(0x2e3813cbe5a0de89), LIMBS(0x110eefda88847faf)}}},
    {{{LIMBS(0x0000000000000000), LIMBS(0x0000000000000000), LIMBS(0x0000000000000000),
       LIMBS(0x0000000000000000), LIMBS(0x0000000000000000), LIMBS(0x0000000000000000)}},
     {{LIMBS(0xcd03c9e48671f071), LIMBS(0x5dab22461fcda5d2), LIMBS(0x587042afd3851b95),
       LIMBS(0x8eb60ebe01bacb9e), LIMBS(0x03f97d6e83d050d2), LIMBS(0x18f0206554638741)}}},
    {{{LIMBS(0x7bcfa7a25aa30fda), LIMBS(0xdc17dec12a927e7c), LIMBS(0x2f088dd86b4ebef1),
       LIMBS(0xd1ca2087da74d4a7), LIMBS(0x2da2596696cebc1d), LIMBS(0x0e2b7eedbbfd87d2)}},
     {{LIMBS(0x7bcfa7a25aa30fda), LIMBS(0xdc17dec12a927e7c), LIMBS(0x2f088dd86b4ebef1),
       LIMBS(0xd1ca2087da74d4a7), LIMBS(0x2da2596696cebc1d), LIMBS(0x0e2b7eedbbfd87d2)}}},
    {{{LIMBS(0x890dc9e4867545c3), LIMBS(0x2af322533285a5d5), LIMBS(0x50880866309b7e2c),
       LIMBS(0xa20d1b8c7e881024), LIMBS(0x14e4f04fe2db9068), LIMBS(0x14e56d3f1564853a)}},
     {{LIMBS(0x0000000000000000), LIMBS(0x0000000000000000), LIMBS(0x0000000000000000),
       LIMBS(0x0000000000000000), LIMBS(0x0000000000000000), LIMBS(0x0000000000000000)}}},
    {{{LIMBS(0x82d83cf50dbce43f), LIMBS(0xa2813e53df9d018f), LIMBS(0xc6f0caa53c65e181),
       LIMBS(0x7525cf528d50fe95), LIMBS(0x4a85ed50f4798a6b), LIMBS(0x171da0fd6cf8eebd)}},
     {{LIMBS(0x3726c30af242c66c), LIMBS(0x7c2ac1aad1b6fe70), LIMBS(0xa04007fbba4b14a2),
       LIMBS(0xef517c3266341429), LIMBS(0x0095ba654ed2226b), LIMBS(0x02e370eccc86f7dd)}}},
};

/* The second group is on y^2 = x^3 + 4 xi. */
static const fp2 TWIST_B = {
    {{LIMBS(0xaa270000000cfff3), LIMBS(0x53cc0032fc34000a), LIMBS(0x478fe97a6b0a807f),
      LIMBS(0xb1d37ebee6ba24d7), LIMBS(0x8ec9733bbf78ab2f), LIMBS(0x09d645513d83de7e)}},
    {{LIMBS(0xaa270000000cfff3), LIMBS(0x53cc0032fc34000a), LIMBS(0x478fe97a6b0a807f),
      LIMBS(0xb1d37ebee6ba24d7), LIMBS(0x8ec9733bbf78ab2f), LIMBS(0x09d645513d83de7e)}}};

static const fp HALF = {{LIMBS(0x1804000000015554), LIMBS(0x855000053ab00001), LIMBS(0x633cb57c253c276f),
                  LIMBS(0x6e22d1ec31ebb502), LIMBS(0xd3916126f2d14ca2), LIMBS(0x17fbb8571a006596)}};

static const fp G1_X = {{LIMBS(0x5cb38790fd530c16), LIMBS(0x7817fc679976fff5), LIMBS(0x154f95c7143ba1c1),
                      LIMBS(0xf0ae6acdf3d0e747), LIMBS(0xedce6ecc21dbf440), LIMBS(0x120177419e0bfb75)}};
static const fp G1_Y = {{LIMBS(0xbaac93d50ce72271), LIMBS(0x8c22631a7918fd8e), LIMBS(0xdd595f13570725ce),
                      LIMBS(0x51ac582950405194), LIMBS(0x0e1c8c3fad0059c0), LIMBS(0x0bbc3efc5008a26a)}};

/* The second group's generator, negated. */
static const fp2 MINUS_G2_X = {
    {{LIMBS(0xf5f28fa202940a10), LIMBS(0xb3f5fb2687b4961a), LIMBS(0xa1a893b53e2ae580),
      LIMBS(0x9894999d1a3caee9), LIMBS(0x6f67b7631863366b), LIMBS(0x058191924350bcd7)}},
    {{LIMBS(0xa5a9c0759e23f606), LIMBS(0xaaa0c59dbccd60c3), LIMBS(0x3bb17e18e2867806),
      LIMBS(0x1b1ab6cc8541b367), LIMBS(0xc2b6ed0ef2158547), LIMBS(0x11922a097360edf3)}}};
static const fp2 MINUS_G2_Y = {
    {{LIMBS(0x6d8bf5079fb65e61), LIMBS(0xc52f05df531d63a5), LIMBS(0x7f4a4d344ca692c9),
      LIMBS(0xa887959b8577c95f), LIMBS(0x4347fe40525c8734), LIMBS(0x197d145bbaff0bb5)}},
    {{LIMBS(0x0c3e036d209afa4e), LIMBS(0x0601d8f4863f9e23), LIMBS(0xe0832636bacc0a84),
      LIMBS(0xeb2def362a476f84), LIMBS(0x64044f659f0ee1e9), LIMBS(0x0ed54f48d5a1caa7)}}};

/* The secret of the ceremony times the second group's generator: g2_monomial[1] of the trusted setup (EIP-4844). */
static const fp2 SECRET_X = {
    {{LIMBS(0x6120a2099b0379f9), LIMBS(0xa2df815cb8210e4e), LIMBS(0xcb57be5577bd3d4f),
      LIMBS(0x62da0ea89a0c93f8), LIMBS(0x02e0ee16968e150d), LIMBS(0x171f09aea833acd5)}},
    {{LIMBS(0x11a3670749dfd455), LIMBS(0x04991d7b3abffadc), LIMBS(0x85446a8e14437f41),
      LIMBS(0x27174e7b4e76e3f2), LIMBS(0x7bfa6dd397f60a20), LIMBS(0x02fcc329ac07080f)}}};
static const fp2 SECRET_Y = {
    {{LIMBS(0xaa130838793b2317), LIMBS(0xe236dd220f891637), LIMBS(0x6502782925760980),
      LIMBS(0xd05c25f60557ec89), LIMBS(0x6095767a44064474), LIMBS(0x185693917080d405)}},
    {{LIMBS(0x549f9e175b03dc0a), LIMBS(0x32c0c95a77106cfe), LIMBS(0x64a74eae5705d080),
      LIMBS(0x53deeaf56659ed9e), LIMBS(0x09a1d368508afb93), LIMBS(0x12cf3a4525b5e9bd)}}};

#define ELEMENT fp2
#define FIELD(name) fp2_##name
#define POINT_TYPE g2
#define POINT(name) g2_##name
#include "crypto/curve.h"

enum { TWIST_IS_DIVIDED = false };

#include "crypto/pairing.h"

/* f <- the product of all f(p, q); the parameter is negative, so the power is turned over. */
static void miller_loop(fp12 *f, pair_t *pairs, int count) {
    begin_loop(f, pairs, count);
    for (int bit = 62; bit >= 0; bit--) {
        fp12_square(f, f);
        multiply_by_tangents(f, pairs, count);
        if (PARAMETER >> bit & 1) multiply_by_chords(f, pairs, count, false);
    }
    fp12_conjugate(f, f);
}

/* r <- a^x, x the parameter; inverses are conjugates here. */
static void raise_parameter(fp12 *r, const fp12 *a) {
    fp12_power_unitary(r, a, PARAMETER);
    fp12_conjugate(r, r);
}

/* r <- a^(3 (p^4 - p^2 + 1) / order), 3 times being no harm to what is one: the exponent is
   (x - 1)^2 (x + p) (x^2 + p^2 - 1) + 3. Hayashida, Hayasaka, Teruya, Efficient final exponentiation via cyclotomic
   structure for pairings over families of elliptic curves (2020). */
static void raise_hard(fp12 *r, const fp12 *a) {
    fp12 power = *a, part, other;
    for (int i = 0; i < 2; i++) {
        raise_parameter(&part, &power);
        fp12_conjugate(&other, &power);
        fp12_mul(&power, &part, &other);
    }
    raise_parameter(&part, &power);
    raise_frobenius(&other, &power, 1);
    fp12_mul(&power, &part, &other);
    raise_parameter(&part, &power);
    raise_parameter(&part, &part);
    raise_frobenius(&other, &power, 2);
    fp12_mul(&part, &part, &other);
    fp12_conjugate(&other, &power);
    fp12_mul(&power, &part, &other);
    fp12_square(&part, a);
    fp12_mul(&part, &part, a);
    fp12_mul(r, &power, &part);
}

/* Another pair of p and a point of the twist, unless p is infinity: then it makes no difference. */
static void add_pair(pair_t *pairs, int *count, const g1 *p, const fp2 *qx, const fp2 *qy) {
    pair_t *pair = &pairs[*count];
    pair->p.z = fp_one();
    pair->q = (g2){*qx, *qy, fp2_one()};
    if (g1_to_affine(&pair->p.x, &pair->p.y, p)) ++*count;
}

/* Whether the polynomial that was committed to has the value y at z: the commitment less y is the quotient times
   (secret - z), so that e(C - y G1 + z Q, -G2) e(Q, secret G2) = 1. */
static bool proves(const g1 *commitment, const uint8_t z[32], const uint8_t y[32], const g1 *proof) {
    const g1 generator = {G1_X, G1_Y, fp_one()};
    g1 left, part;
    fp12 product;
    pair_t pairs[2];
    int count = 0;
    g1_multiply(&part, &generator, y);
    fp_negate(&part.y, &part.y);
    g1_add(&left, commitment, &part);
    g1_multiply(&part, proof, z);
    g1_add(&left, &left, &part);
    add_pair(pairs, &count, &left, &MINUS_G2_X, &MINUS_G2_Y);
    add_pair(pairs, &count, proof, &SECRET_X, &SECRET_Y);
    miller_loop(&product, pairs, count);
    raise_easily(&product, &product);
    raise_hard(&product, &product);
    return fp12_is_one(&product);
}

bool zk_kzg_check(const uint8_t input[ZK_KZG_INPUT]) {
    enum { HASH = 0, Z = 32, Y = 64, COMMITMENT = 96, PROOF = 144, HASH_VERSION = 1 };
    uint8_t hash[32];
    g1 commitment, proof;
    zk_sha256(hash, input + COMMITMENT, FP_BYTES);
    hash[0] = HASH_VERSION;
    if (memcmp(hash, input + HASH, sizeof hash) != 0) return false;
    if (memcmp(input + Z, ORDER, sizeof ORDER) >= 0 || memcmp(input + Y, ORDER, sizeof ORDER) >= 0) return false;
    if (!g1_decompress(&commitment, input + COMMITMENT) || !g1_decompress(&proof, input + PROOF)) return false;
    return proves(&commitment, input + Z, input + Y, &proof);
}
