/* Start, ends and hints of a guest. */
    .section .text.start, "ax"
    .globl _start
    .type _start, @function
_start:
    la      sp, __stack_top
    /* The hint cursor: the first word after the input. Whoever proves chooses the length of the input: it may not lead
       out of the region, where the guest itself writes. */
    lui     t0, 0x10000
    lw      t1, 0(t0)
    addi    t2, t0, -8
    bltu    t2, t1, zkhub_trap
    addi    t1, t1, 3
    andi    t1, t1, -4
    add     t0, t0, t1
    addi    t0, t0, 4
    la      t1, zkhub_hint_cursor
    sw      t0, 0(t1)
    call    guest_main
    /* guest_main returned: there is no output. */
    j       zkhub_no_output
    .size _start, . - _start

    .globl zkhub_no_output
    .type zkhub_no_output, @function
zkhub_no_output:
    jr      zero
    .size zkhub_no_output, . - zkhub_no_output

    .text
    .globl zkhub_trap
    .type zkhub_trap, @function
zkhub_trap:
    jr      zero
    .size zkhub_trap, . - zkhub_trap

/* void zkhub_halt(const uint32_t output[8]) in C; the address zkhub_halt is the end itself. */
    .globl zkhub_output
    .type zkhub_output, @function
zkhub_output:
    mv      t0, a0
    lw      a0, 0(t0)
    lw      a1, 4(t0)
    lw      a2, 8(t0)
    lw      a3, 12(t0)
    lw      a4, 16(t0)
    lw      a5, 20(t0)
    lw      a6, 24(t0)
    lw      a7, 28(t0)
    j       zkhub_halt
    .size zkhub_output, . - zkhub_output

    .globl zkhub_halt
    .type zkhub_halt, @function
zkhub_halt:
    j       zkhub_halt
    .size zkhub_halt, . - zkhub_halt

/* const uint32_t *zkhub_hint(kind, operands, count, wanted): the cursor, which moves on by `wanted` words. */
    .globl zkhub_hint
    .type zkhub_hint, @function
zkhub_hint:
    la      t0, zkhub_hint_cursor
    lw      a0, 0(t0)
    slli    a3, a3, 2
    add     a3, a3, a0
    lui     t1, 0x20000
    bltu    t1, a3, zkhub_trap
    sw      a3, 0(t0)
    ret
    .size zkhub_hint, . - zkhub_hint

    .section .bss.zkhub, "aw", @nobits
    .align 2
zkhub_hint_cursor:
    .space 4
