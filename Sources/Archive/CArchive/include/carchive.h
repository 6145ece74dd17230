// What Swift can't call itself: variadic system calls and zlib's initialising macros.
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <zlib.h>

/// openat2(2) with RESOLVE_* flags; returns the descriptor or -errno.
int carchive_openat2(int directory, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve);
/// renameat2(2); returns 0 or -errno.
int carchive_renameat2(int from_directory, const char *from, int to_directory, const char *to, unsigned int flags);

extern const uint64_t carchive_resolve_beneath;       // RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS
extern const unsigned int carchive_rename_noreplace;  // RENAME_NOREPLACE
extern const unsigned int carchive_rename_exchange;  // RENAME_EXCHANGE

static inline int carchive_deflate_init_raw(z_stream *stream, int level) {
    return deflateInit2(stream, level, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY);
}
static inline int carchive_inflate_init_raw(z_stream *stream) {
    return inflateInit2(stream, -15);
}

/// Rolls the gear hash over `bytes` from `*hash` and returns the number of bytes up to and including the first
/// place where `hash & mask == 0`, or 0 when there is none.
size_t carchive_gear_cut(const uint8_t *bytes, size_t count, uint64_t mask, uint64_t *hash);

static inline int carchive_deflate_init_gzip(z_stream *stream, int level) {
    return deflateInit2(stream, level, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY);
}
static inline int carchive_inflate_init_gzip(z_stream *stream) {
    return inflateInit2(stream, 31);
}
