/* Input: n, 4 bytes. Output: n, then the n-th Fibonacci number mod 2^32. */
#include "zkhub_guest.h"

void guest_main(void) {
    zkhub_require(zkhub_input_size() == 4);
    uint32_t n = *(const uint32_t *)zkhub_input();
    uint32_t a = 0, b = 1;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t next = a + b;
        a = b;
        b = next;
    }
    uint32_t output[ZKHUB_OUTPUT_WORDS] = {n, a};
    zkhub_halt(output);
}
