// File-system constants that only Linux headers name.
#pragma once
#include <stdint.h>

extern const uint64_t carchive_resolve_no_xdev;  // RESOLVE_NO_XDEV: never into another mount (openat2(2))
extern const int carchive_open_path;             // O_PATH: a place in the tree, not its content (open(2))
