/* Keccak-256 on plain instructions: what the precompile must agree with. */
#define KECCAK_SOFTWARE
#include "keccak.c"
