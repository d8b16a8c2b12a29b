/* The batch program in the zkVM: its output is the batch's public input; a batch that is refused ends in a trap that
   tells the reason. */
#include "program.h"
#include "zkhub_guest.h"

/* Zero memory costs nothing until it is touched; 64 MiB are left for the stack. */
enum { STATE_BYTES = 96 << 20, FRAME_BYTES = 64 << 20, RETURNED_BYTES = 32 << 20 };

static _Alignas(8) uint8_t state_memory[STATE_BYTES], frame_memory[FRAME_BYTES], returned_memory[RETURNED_BYTES];

typedef struct {
    zk_context context; /* first */
    zk_batch_run run;
} machine;

_Noreturn void zk_fail(zk_context *context, zk_reason reason) {
    zkhub_refuse((uint32_t)zk_batch_reason(&((const machine *)context)->run, reason));
}

void guest_main(void) {
    machine m;
    m.context.arena = (zk_arena){state_memory, state_memory + STATE_BYTES};
    const zk_batch_memory memory = {
        {frame_memory, frame_memory + FRAME_BYTES},
        {returned_memory, returned_memory + RETURNED_BYTES},
    };
    zk_run_batch(&m.context, &memory, (bytes_t){zkhub_input(), zkhub_input_size()}, &m.run);
    uint32_t output[ZKHUB_OUTPUT_WORDS];
    memcpy(output, &m.run.public_input, sizeof output);
    zkhub_halt(output);
}
