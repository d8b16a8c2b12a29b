/* Input, 97 bytes: hash, r, s (32 each, the highest byte first), parity of y (0 or 1).
   Output: the signer's address in 32 bytes, as Ethereum's precompile 1 gives it; zeros if there is no signer. */
#include "keccak.h"
#include "zkhub_secp256k1.h"

void guest_main(void) {
    zkhub_require(zkhub_input_size() == 97);
    const uint32_t *words = (const uint32_t *)zkhub_input();
    uint32_t hash[8], r[8], s[8], output[8] = {0};
    u256_reverse(hash, words);
    u256_reverse(r, words + 8);
    u256_reverse(s, words + 16);
    zkhub_point key;
    if (secp_recover(&key, hash, r, s, zkhub_input()[96])) {
        uint32_t bytes[16], state[50];
        u256_reverse(bytes, key.x);
        u256_reverse(bytes + 8, key.y);
        keccak256((const uint8_t *)bytes, sizeof bytes, state);
        for (int i = 3; i < 8; i++) output[i] = state[i];
    }
    zkhub_halt(output);
}
