/* crypto_calls.c as a guest. Its input is as crypto_driver.c reads it, each call padded to whole words; the output is the
   hash of all answers. */
#include "base/keccak.h"
#include "crypto_calls.h"
#include "zkhub_guest.h"

enum { MOST_BYTES = 1 << 16 };

void guest_main(void) {
    static uint8_t output[MOST_BYTES];
    static uint32_t digest[8];
    const uint8_t *at = zkhub_input(), *end = at + zkhub_input_size();
    keccak_state state;
    keccak_start(&state);
    while (at < end) {
        uint32_t head[2];
        memcpy(head, at, sizeof head);
        zkhub_require(head[1] <= MOST_BYTES - 96);
        int32_t size = run(head[0], output, at + sizeof head, head[1]);
        keccak_update(&state, &size, sizeof size);
        if (size > 0) keccak_update(&state, output, (size_t)size);
        at += sizeof head + ((head[1] + 3) & ~3u);
    }
    keccak_finish(&state, (hash_t *)(void *)digest);
    zkhub_halt(digest);
}
