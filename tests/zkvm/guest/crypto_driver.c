/* crypto_calls.c as a program that reads its calls from stdin. */
#include <stdio.h>
#include <stdlib.h>

#include "crypto_calls.h"

/* Each call: which, the size and the input; each answer: the size and the output. */
int main(void) {
    uint32_t head[2];
    while (fread(head, sizeof head, 1, stdin) == 1) {
        /* Buffers of their own and no larger, so that the address sanitizer sees each step beside them. */
        uint8_t *input = malloc(head[1] ? head[1] : 1), *output = malloc(head[1] + 96);
        if (!input || !output || fread(input, 1, head[1], stdin) != head[1]) return 1;
        int32_t size = run(head[0], output, input, head[1]);
        fwrite(&size, sizeof size, 1, stdout);
        if (size > 0) fwrite(output, 1, (size_t)size, stdout);
        free(input);
        free(output);
    }
    return 0;
}
