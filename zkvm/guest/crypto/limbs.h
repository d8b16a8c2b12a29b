/* Constants of several limbs, written as words of 64 bits. */
#ifndef ZK_LIMBS_H
#define ZK_LIMBS_H

#include "base/u256.h"

#if ZK_LIMB_BITS == 64
#define LIMBS(word) (word)
#else
#define LIMBS(word) (limb_t)(word), (limb_t)((uint64_t)(word) >> 32)
#endif

#endif
