#define _GNU_SOURCE
#include "files.h"
#include <errno.h>
#include <sys/xattr.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <malloc.h>
#include <sys/stat.h>
#include <unistd.h>

const uint64_t carchive_resolve_no_xdev = RESOLVE_NO_XDEV;
const int carchive_open_path = O_PATH;
const long carchive_utime_omit = UTIME_OMIT;

int carchive_fsetxattr(int descriptor, const char *name, const void *value, unsigned long count) {
    return fsetxattr(descriptor, name, value, count, 0) == 0 ? 0 : -errno;
}

int carchive_syncfs(int descriptor) { return syncfs(descriptor); }

void carchive_return_blocks(int bytes) {
    mallopt(M_MMAP_THRESHOLD, bytes);
}
