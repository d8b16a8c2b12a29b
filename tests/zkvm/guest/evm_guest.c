/* evm_program.c as a guest. */
#include "evm_program.h"
#include "zkhub_guest.h"

_Noreturn void zk_fail(zk_context *context, zk_reason reason) {
    (void)context;
    (void)reason;
    zkhub_trap();
}

extern uint8_t __heap_start[];

void guest_main(void) {
    enum { MEMORY = 1 << 27 };
    static hash_t digest;
    zk_context context;
    evm_program(&digest, zkhub_input(), &context, __heap_start, MEMORY);
    zkhub_halt((const uint32_t *)(const void *)digest.bytes);
}
