/* One source, one copy an instruction set: ZK_NAME(f) is f_portable, f_avx2 or f_avx512. */
#ifndef ZKHUB_ISA_H
#define ZKHUB_ISA_H

#ifndef ZK_ISA
#define ZK_ISA portable
#define ZK_ISA_portable 1
#endif

#define ZK_JOIN_(name, isa) name##_##isa
#define ZK_JOIN(name, isa) ZK_JOIN_(name, isa)
#define ZK_NAME(name) ZK_JOIN(name, ZK_ISA)

#endif
