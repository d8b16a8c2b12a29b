#include "crypto/bn254.h"
#include "crypto/bn254_field.h"

static void write_point(uint8_t bytes[64], const g1 *point) {
    fp x = {{0}}, y = {{0}};
    g1_to_affine(&x, &y, point);
    fp_to_bytes(bytes, &x);
    fp_to_bytes(bytes + 32, &y);
}

bool zk_bn254_add(uint8_t sum[64], const uint8_t points[128]) {
    g1 p, q;
    if (!g1_from_bytes(&p, points) || !g1_from_bytes(&q, points + 64)) return false;
    g1_add(&p, &p, &q);
    write_point(sum, &p);
    return true;
}

bool zk_bn254_multiply(uint8_t product[64], const uint8_t point_and_scalar[96]) {
    g1 p;
    if (!g1_from_bytes(&p, point_and_scalar)) return false;
    g1_multiply(&p, &p, point_and_scalar + 64);
    write_point(product, &p);
    return true;
}
