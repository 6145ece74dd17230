#define _GNU_SOURCE
#include "files.h"
#include <fcntl.h>
#include <linux/openat2.h>

const uint64_t carchive_resolve_no_xdev = RESOLVE_NO_XDEV;
const int carchive_open_path = O_PATH;
