/* Points of a curve y^2 = x^3 + b in Jacobian coordinates: (x / z^2, y / z^3), z = 0 at infinity. Formulas:
   hyperelliptic.org/EFD, short Weierstrass curves with a = 0. A template, included once for each group: ELEMENT is the
   type of coordinates and FIELD(name) its functions, POINT_TYPE and POINT(name) are what is made here. */
typedef struct {
    ELEMENT x, y, z;
} POINT_TYPE;

static inline bool POINT(is_infinity)(const POINT_TYPE *p) { return FIELD(is_zero)(&p->z); }

static inline POINT_TYPE POINT(infinity)(void) {
    POINT_TYPE r;
    memset(&r, 0, sizeof r);
    r.x = r.y = FIELD(one)();
    return r;
}

/* x and y of a finite point are on the curve. */
static inline bool POINT(is_on_curve)(const ELEMENT *x, const ELEMENT *y, const ELEMENT *b) {
    ELEMENT left, right;
    FIELD(square)(&left, y);
    FIELD(square)(&right, x);
    FIELD(mul)(&right, &right, x);
    FIELD(add)(&right, &right, b);
    return FIELD(equal)(&left, &right);
}

static inline void POINT(double)(POINT_TYPE *r, const POINT_TYPE *p) {
    ELEMENT yy, s, m, t;
    FIELD(square)(&yy, &p->y);
    FIELD(mul)(&s, &p->x, &yy);
    FIELD(add)(&s, &s, &s);
    FIELD(add)(&s, &s, &s);
    FIELD(square)(&t, &p->x);
    FIELD(add)(&m, &t, &t);
    FIELD(add)(&m, &m, &t);
    FIELD(mul)(&r->z, &p->y, &p->z);
    FIELD(add)(&r->z, &r->z, &r->z);
    FIELD(square)(&r->x, &m);
    FIELD(sub)(&r->x, &r->x, &s);
    FIELD(sub)(&r->x, &r->x, &s);
    FIELD(square)(&yy, &yy);
    FIELD(add)(&yy, &yy, &yy);
    FIELD(add)(&yy, &yy, &yy);
    FIELD(add)(&yy, &yy, &yy);
    FIELD(sub)(&s, &s, &r->x);
    FIELD(mul)(&r->y, &m, &s);
    FIELD(sub)(&r->y, &r->y, &yy);
}

/* r <- p + q, whichever they are. */
static inline void POINT(add)(POINT_TYPE *r, const POINT_TYPE *p, const POINT_TYPE *q) {
    ELEMENT zp, zq, u1, u2, s1, s2, h, rise, hh, hhh;
    if (POINT(is_infinity)(p) || POINT(is_infinity)(q)) {
        *r = POINT(is_infinity)(p) ? *q : *p;
        return;
    }
    FIELD(square)(&zp, &p->z);
    FIELD(square)(&zq, &q->z);
    FIELD(mul)(&u1, &p->x, &zq);
    FIELD(mul)(&u2, &q->x, &zp);
    FIELD(mul)(&zp, &zp, &p->z);
    FIELD(mul)(&zq, &zq, &q->z);
    FIELD(mul)(&s1, &p->y, &zq);
    FIELD(mul)(&s2, &q->y, &zp);
    FIELD(sub)(&h, &u2, &u1);
    FIELD(sub)(&rise, &s2, &s1);
    if (FIELD(is_zero)(&h)) {
        if (FIELD(is_zero)(&rise)) POINT(double)(r, p);
        else *r = POINT(infinity)();
        return;
    }
    FIELD(square)(&hh, &h);
    FIELD(mul)(&hhh, &hh, &h);
    FIELD(mul)(&u1, &u1, &hh);
    FIELD(mul)(&s1, &s1, &hhh);
    FIELD(mul)(&r->z, &p->z, &q->z);
    FIELD(mul)(&r->z, &r->z, &h);
    FIELD(square)(&r->x, &rise);
    FIELD(sub)(&r->x, &r->x, &hhh);
    FIELD(sub)(&r->x, &r->x, &u1);
    FIELD(sub)(&r->x, &r->x, &u1);
    FIELD(sub)(&u1, &u1, &r->x);
    FIELD(mul)(&r->y, &rise, &u1);
    FIELD(sub)(&r->y, &r->y, &s1);
}

/* r <- scalar * p for any 32 bytes, the highest first; windows of 4 bits. */
static inline void POINT(multiply)(POINT_TYPE *r, const POINT_TYPE *p, const uint8_t scalar[32]) {
    POINT_TYPE multiples[16], sum = POINT(infinity)();
    multiples[0] = sum;
    for (int i = 1; i < 16; i++) POINT(add)(&multiples[i], &multiples[i - 1], p);
    for (int half = 0; half < 64; half++) {
        unsigned digit = half % 2 ? scalar[half / 2] & 15u : scalar[half / 2] >> 4;
        for (int i = 0; i < 4; i++) POINT(double)(&sum, &sum);
        if (digit) POINT(add)(&sum, &sum, &multiples[digit]);
    }
    *r = sum;
}

/* r <- k * p for a short k > 0. */
static inline void POINT(multiply_short)(POINT_TYPE *r, const POINT_TYPE *p, uint64_t k) {
    POINT_TYPE sum = *p, one = *p;
    for (int bit = 62 - __builtin_clzll(k); bit >= 0; bit--) {
        POINT(double)(&sum, &sum);
        if (k >> bit & 1) POINT(add)(&sum, &sum, &one);
    }
    *r = sum;
}

/* Whether both are the same point: what p has over the one common denominator, and q over the other. */
static inline bool POINT(equal)(const POINT_TYPE *p, const POINT_TYPE *q) {
    ELEMENT zp, zq, left, right;
    if (POINT(is_infinity)(p) || POINT(is_infinity)(q)) return POINT(is_infinity)(p) && POINT(is_infinity)(q);
    FIELD(square)(&zp, &p->z);
    FIELD(square)(&zq, &q->z);
    FIELD(mul)(&left, &p->x, &zq);
    FIELD(mul)(&right, &q->x, &zp);
    if (!FIELD(equal)(&left, &right)) return false;
    FIELD(mul)(&zp, &zp, &p->z);
    FIELD(mul)(&zq, &zq, &q->z);
    FIELD(mul)(&left, &p->y, &zq);
    FIELD(mul)(&right, &q->y, &zp);
    return FIELD(equal)(&left, &right);
}

/* False at infinity. */
static inline bool POINT(to_affine)(ELEMENT *x, ELEMENT *y, const POINT_TYPE *p) {
    ELEMENT inverse, square;
    if (POINT(is_infinity)(p)) return false;
    FIELD(invert)(&inverse, &p->z);
    FIELD(square)(&square, &inverse);
    FIELD(mul)(x, &p->x, &square);
    FIELD(mul)(&square, &square, &inverse);
    FIELD(mul)(y, &p->y, &square);
    return true;
}
