#define _GNU_SOURCE
#include "carchive.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

const uint64_t carchive_resolve_beneath = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
const unsigned int carchive_rename_noreplace = RENAME_NOREPLACE;
const unsigned int carchive_rename_exchange = RENAME_EXCHANGE;

int carchive_openat2(int directory, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve) {
    struct open_how how = {.flags = flags, .mode = mode, .resolve = resolve};
    long result = syscall(SYS_openat2, directory, path, &how, sizeof how);
    return result < 0 ? -errno : (int)result;
}

int carchive_renameat2(int from_directory, const char *from, int to_directory, const char *to, unsigned int flags) {
    return renameat2(from_directory, from, to_directory, to, flags) == 0 ? 0 : -errno;
}

// splitmix64: a fixed table, so that the same bytes are cut at the same places on every machine and every night.
static uint64_t gear(uint8_t byte) {
    uint64_t z = ((uint64_t)byte + 1) * 0x9e3779b97f4a7c15ULL;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
}

static uint64_t table[256];

__attribute__((constructor)) static void fill_table(void) {
    for (int i = 0; i < 256; i++) table[i] = gear((uint8_t)i);
}

size_t carchive_gear_cut(const uint8_t *bytes, size_t count, uint64_t mask, uint64_t *hash) {
    uint64_t h = *hash;
    for (size_t i = 0; i < count; i++) {
        h = (h << 1) + table[bytes[i]];
        if ((h & mask) == 0) {
            *hash = h;
            return i + 1;
        }
    }
    *hash = h;
    return 0;
}
