// File-system constants that only Linux headers name.
#pragma once
#include <stdint.h>

extern const uint64_t carchive_resolve_no_xdev;  // RESOLVE_NO_XDEV: never into another mount (openat2(2))
extern const int carchive_open_path;             // O_PATH: a place in the tree, not its content (open(2))
extern const long carchive_utime_omit;            // UTIME_OMIT: this time stays as it is (utimensat(2))

/// fsetxattr(2), which the Glibc module does not have; returns 0 or -errno.
int carchive_fsetxattr(int descriptor, const char *name, const void *value, unsigned long count);

/// mallopt(3) with M_MMAP_THRESHOLD: blocks of so many bytes and more go back to the system when they are freed, for
/// good; by itself the C library raises the limit to the largest block that was freed.
void carchive_return_blocks(int bytes);

/// syncfs(2), which the Glibc module does not have; -1 with errno.
int carchive_syncfs(int descriptor);
