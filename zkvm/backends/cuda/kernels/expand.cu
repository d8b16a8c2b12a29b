/* Tables from the execution log: a thread a row. Beyond the log a row holds what fills the table.
 *
 * `fault` becomes the first row whose record refers to what is not there, if there is one. */
#include "expand/rows.h"
#include "field/inverse.h"
#include "kernel.h"

static inline ZK_DEVICE zk_cells row_of(uint64_t *columns, uint64_t height, uint64_t row) {
    const zk_cells cells = {columns + row, height};
    return cells;
}

static inline ZK_DEVICE void clear(zk_cells row, unsigned width) {
    for (unsigned column = 0; column < width; column++) zk_put(row, column, 0);
}

static inline ZK_DEVICE void invert_cell(zk_cells row, unsigned column) {
    uint64_t *cell = row.first + column * row.apart;
    *cell = fv_inv(*cell);
}

ZK_KERNEL expand_main(const step_record *steps, uint64_t count, const rom_row *rom, uint64_t rom_rows,
                      uint64_t *columns, uint64_t height, lookups *counts, uint64_t *fault) {
    const run r = {steps, count, rom, rom_rows};
    for (uint64_t i = zk_thread(); i < height; i += zk_threads()) {
        const zk_cells row = row_of(columns, height, i);
        int inverts = 0;
        if (!main_row(&r, i, row, counts, &inverts)) zk_report_least(fault, i);
        if (inverts) invert_cell(row, MAIN_Q);
    }
}

ZK_KERNEL expand_memw(const word_access *log, uint64_t count, uint64_t *columns, uint64_t height, lookups *counts,
                      uint64_t *fault) {
    for (uint64_t i = zk_thread(); i < height; i += zk_threads()) {
        const zk_cells row = row_of(columns, height, i);
        if (i >= count) {
            clear(row, MEMW_WIDTH);
        } else if (!memw_row(&log[i], row, counts)) {
            zk_report_least(fault, i);
        }
    }
}

ZK_KERNEL expand_memb(const step_record *steps, uint64_t step_count, const byte_access *log, uint64_t count,
                      uint64_t *columns, uint64_t height, lookups *counts, uint64_t *fault) {
    const run r = {steps, step_count, nullptr, 0};
    for (uint64_t i = zk_thread(); i < height; i += zk_threads()) {
        const zk_cells row = row_of(columns, height, i);
        if (i >= count) {
            clear(row, MEMB_WIDTH);
            zk_put(row, MEMB_G, 1);
        } else if (!memb_row(&log[i], &r, row, counts)) {
            zk_report_least(fault, i);
        }
    }
}

ZK_KERNEL expand_ram(const cell_record *cells, uint64_t count, uint64_t below, uint64_t solid, uint64_t *columns,
                     uint64_t height, lookups *counts, uint64_t *fault) {
    const ram_words words = {cells, count, below, solid, height};
    for (uint64_t i = zk_thread(); i < height; i += zk_threads()) {
        if (!ram_row(&words, i, row_of(columns, height, i), counts)) zk_report_least(fault, i);
    }
}

/* How the registers end, then the words of the program's data. */
ZK_KERNEL expand_image(const cell_record *registers, uint64_t register_count, const cell_record *words,
                       uint64_t word_count, uint64_t *columns, uint64_t height) {
    for (uint64_t i = zk_thread(); i < height; i += zk_threads()) {
        const zk_cells row = row_of(columns, height, i);
        cell_record cell = {0, 0, 0, 0};
        if (i < register_count) {
            cell = registers[i];
        } else if (i - register_count < word_count) {
            cell = words[i - register_count];
        }
        zk_put(row, IMAGE_VF, cell.final), zk_put(row, IMAGE_TF, cell.time);
    }
}

/* Adds to `fetches`, zero before, how often MAIN fetches each row; the rows after the run fetch its last row again. */
ZK_KERNEL expand_rom(const step_record *steps, uint64_t step_count, uint64_t rom_rows, uint64_t main_rows,
                     uint64_t *fetches, uint64_t *fault) {
    for (uint64_t i = zk_thread(); i < step_count; i += zk_threads()) {
        const uint64_t row = steps[i].row, last = i + 1 == step_count;
        if (row < rom_rows) {
            atomicAdd((unsigned long long *)fetches + row, (unsigned long long)(last ? main_rows - i : 1));
        } else {
            zk_report_least(fault, i);
        }
    }
}

/* BYTE's columns from the counts. */
ZK_KERNEL expand_byte(const uint32_t *counts, uint64_t count, uint64_t *columns) {
    for (uint64_t i = zk_thread(); i < count; i += zk_threads()) columns[i] = counts[i];
}

static inline ZK_DEVICE void inverted_shift_row(const request *ask, zk_cells row, lookups *counts) {
    shift_row(ask, row, counts);
    invert_cell(row, SHIFT_INV);
}

static inline ZK_DEVICE void inverted_muldiv_row(const request *ask, zk_cells row, lookups *counts) {
    muldiv_row(ask, row, counts);
    invert_cell(row, MULDIV_INV);
}

/* A table of what is asked, of WIDTH columns. */
template <void ROW(const request *, zk_cells, lookups *), unsigned WIDTH>
static inline ZK_DEVICE void expand_asked(const run *r, const uint32_t *asks, uint64_t count, uint64_t *columns,
                                          uint64_t height, lookups *counts, uint64_t *fault) {
    request ask;
    for (uint64_t i = zk_thread(); i < height; i += zk_threads()) {
        const zk_cells row = row_of(columns, height, i);
        if (i >= count) {
            clear(row, WIDTH);
        } else if (request_of(r, asks[i], &ask)) {
            ROW(&ask, row, counts);
        } else {
            zk_report_least(fault, i);
        }
    }
}

ZK_KERNEL expand_binary(const step_record *steps, uint64_t step_count, const rom_row *rom, uint64_t rom_rows,
                        const uint32_t *asks, uint64_t count, uint64_t *columns, uint64_t height, lookups *counts,
                        uint64_t *fault) {
    const run r = {steps, step_count, rom, rom_rows};
    expand_asked<binary_row, BINARY_WIDTH>(&r, asks, count, columns, height, counts, fault);
}

ZK_KERNEL expand_shift(const step_record *steps, uint64_t step_count, const rom_row *rom, uint64_t rom_rows,
                       const uint32_t *asks, uint64_t count, uint64_t *columns, uint64_t height, lookups *counts,
                       uint64_t *fault) {
    const run r = {steps, step_count, rom, rom_rows};
    expand_asked<inverted_shift_row, SHIFT_WIDTH>(&r, asks, count, columns, height, counts, fault);
}

ZK_KERNEL expand_muldiv(const step_record *steps, uint64_t step_count, const rom_row *rom, uint64_t rom_rows,
                        const uint32_t *asks, uint64_t count, uint64_t *columns, uint64_t height, lookups *counts,
                        uint64_t *fault) {
    const run r = {steps, step_count, rom, rom_rows};
    expand_asked<inverted_muldiv_row, MULDIV_WIDTH>(&r, asks, count, columns, height, counts, fault);
}
