// A preload library that fails one file call of one process: the INJECT_AT-th that concerns a path below INJECT_BELOW
// fails with INJECT_ERRNO, or reads and writes only half with INJECT_ERRNO=-1. Its children are left alone.
//
// INJECT_LOG takes one line for each call ("number name path"), or with INJECT_AT only for the one that failed.
// A call that fails is not executed, but for close(2), which closes all the same.
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/xattr.h>
#include <unistd.h>

static long (*real_syscall)(long, ...);
static atomic_long count;
static long at, wanted_errno;
static int log_descriptor = -1;
static pid_t owner;
static char below[PATH_MAX];
static size_t below_length;
static __thread int inside;

__attribute__((constructor)) static void begin(void) {
    real_syscall = dlsym(RTLD_NEXT, "syscall");
    const char *prefix = getenv("INJECT_BELOW"), *log = getenv("INJECT_LOG");
    if (prefix == NULL || log == NULL) return;
    snprintf(below, sizeof below, "%s", prefix);
    below_length = strlen(below);
    at = getenv("INJECT_AT") ? atol(getenv("INJECT_AT")) : 0;
    wanted_errno = getenv("INJECT_ERRNO") ? atol(getenv("INJECT_ERRNO")) : EIO;
    int made = (int)real_syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    log_descriptor = (int)real_syscall(SYS_fcntl, made, F_DUPFD_CLOEXEC, 900);
    if (log_descriptor < 0) log_descriptor = made;
    else real_syscall(SYS_close, made);
    owner = (pid_t)real_syscall(SYS_getpid);
    unsetenv("LD_PRELOAD");
}

// The path of a descriptor and a name below it; 0 when it is none of ours.
static int concerns(int directory, const char *name, char *path) {
    size_t length = 0;
    if (name == NULL || name[0] != '/') {
        if (directory == AT_FDCWD) {
            long got = real_syscall(SYS_getcwd, path, PATH_MAX);
            length = got > 0 ? (size_t)got - 1 : 0;
        } else {
            char link[64];
            snprintf(link, sizeof link, "/proc/self/fd/%d", directory);
            long got = real_syscall(SYS_readlinkat, AT_FDCWD, link, path, PATH_MAX - 1);
            length = got > 0 ? (size_t)got : 0;
        }
        if (name != NULL && name[0] != 0 && length < PATH_MAX - 1) path[length++] = '/';
    }
    path[length] = 0;
    if (name != NULL) snprintf(path + length, PATH_MAX - length, "%s", name);
    return strncmp(path, below, below_length) == 0;
}

// Whether this call is the one.
static int chosen(const char *what, int directory, const char *name) {
    if (owner == 0 || inside || (pid_t)real_syscall(SYS_getpid) != owner) return 0;
    if (name == NULL && (directory <= 2 || directory == log_descriptor)) return 0;
    inside = 1;
    int kept = errno, result = 0;
    char path[PATH_MAX], line[PATH_MAX + 64];
    if (concerns(directory, name, path)) {
        long number = atomic_fetch_add(&count, 1) + 1;
        result = number == at;
        if (at == 0 || result) {
            int length = snprintf(line, sizeof line, "%ld %s %s\n", number, what, path);
            real_syscall(SYS_write, log_descriptor, line, (size_t)length);
        }
    }
    errno = kept;
    inside = 0;
    return result;
}

#define REAL(name) \
    static __typeof__(&name) real; \
    if (real == NULL) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)
#define FAIL(bad) \
    do { \
        errno = wanted_errno < 0 ? EIO : (int)wanted_errno; \
        return bad; \
    } while (0)
#define CALL(type, name, parameters, arguments, directory, path, bad) \
    type name parameters { \
        REAL(name); \
        if (chosen(#name, directory, path)) FAIL(bad); \
        return real arguments; \
    }

#define OPEN(name, parameters, directory, ...) \
    int name parameters { \
        REAL(name); \
        mode_t mode = 0; \
        if (flags & (O_CREAT | __O_TMPFILE)) { \
            va_list list; \
            va_start(list, flags); \
            mode = va_arg(list, mode_t); \
            va_end(list); \
        } \
        if (chosen(flags & O_CREAT ? "create" : "open", directory, path)) FAIL(-1); \
        return real(__VA_ARGS__, flags, mode); \
    }
OPEN(open, (const char *path, int flags, ...), AT_FDCWD, path)
OPEN(open64, (const char *path, int flags, ...), AT_FDCWD, path)
OPEN(openat, (int directory, const char *path, int flags, ...), directory, directory, path)
OPEN(openat64, (int directory, const char *path, int flags, ...), directory, directory, path)

long syscall(long number, ...) {
    va_list list;
    va_start(list, number);
    long a = va_arg(list, long), b = va_arg(list, long), c = va_arg(list, long), d = va_arg(list, long),
         e = va_arg(list, long), f = va_arg(list, long);
    va_end(list);
    if (number == SYS_openat2 && owner != 0) {
        const char *what = c != 0 && (*(unsigned long long *)c & O_CREAT) ? "create" : "open";
        if (chosen(what, (int)a, (const char *)b)) FAIL(-1);
    }
    if (real_syscall == NULL) real_syscall = dlsym(RTLD_NEXT, "syscall");  // before our own beginning
    return real_syscall(number, a, b, c, d, e, f);
}

#define HALF(size) (wanted_errno < 0 ? (size) / 2 + ((size) == 1) : (size))
#define MOVE(name, type, parameters, ...) \
    ssize_t name parameters { \
        REAL(name); \
        if (chosen(type, descriptor, NULL)) { \
            if (wanted_errno >= 0) FAIL(-1); \
            size = HALF(size); \
        } \
        return real(__VA_ARGS__); \
    }
MOVE(read, "read", (int descriptor, void *bytes, size_t size), descriptor, bytes, size)
MOVE(pread, "read", (int descriptor, void *bytes, size_t size, off_t offset), descriptor, bytes, size, offset)
MOVE(pread64, "read", (int descriptor, void *bytes, size_t size, off64_t offset), descriptor, bytes, size, offset)
MOVE(write, "write", (int descriptor, const void *bytes, size_t size), descriptor, bytes, size)
MOVE(pwrite, "write", (int descriptor, const void *bytes, size_t size, off_t offset), descriptor, bytes, size, offset)
MOVE(pwrite64, "write", (int descriptor, const void *bytes, size_t size, off64_t offset), descriptor, bytes, size, offset)

ssize_t copy_file_range(int from, off64_t *from_at, int to, off64_t *to_at, size_t size, unsigned flags) {
    REAL(copy_file_range);
    if (chosen("write", to, NULL)) {
        if (wanted_errno >= 0) FAIL(-1);
        size = HALF(size);
    }
    return real(from, from_at, to, to_at, size, flags);
}

int close(int descriptor) {
    REAL(close);
    if (chosen("close", descriptor, NULL)) {
        real(descriptor);
        FAIL(-1);
    }
    return real(descriptor);
}

struct dirent *readdir(DIR *stream) {
    REAL(readdir);
    if (chosen("readdir", dirfd(stream), NULL)) FAIL(NULL);
    return real(stream);
}
struct dirent64 *readdir64(DIR *stream) {
    REAL(readdir64);
    if (chosen("readdir", dirfd(stream), NULL)) FAIL(NULL);
    return real(stream);
}

CALL(int, fsync, (int d), (d), d, NULL, -1)
CALL(int, fdatasync, (int d), (d), d, NULL, -1)
CALL(int, syncfs, (int d), (d), d, NULL, -1)
CALL(int, rename, (const char *a, const char *b), (a, b), AT_FDCWD, b, -1)
CALL(int, renameat, (int d, const char *a, int e, const char *b), (d, a, e, b), e, b, -1)
CALL(int, renameat2, (int d, const char *a, int e, const char *b, unsigned f), (d, a, e, b, f), e, b, -1)
CALL(int, unlink, (const char *a), (a), AT_FDCWD, a, -1)
CALL(int, unlinkat, (int d, const char *a, int f), (d, a, f), d, a, -1)
CALL(int, rmdir, (const char *a), (a), AT_FDCWD, a, -1)
CALL(int, mkdir, (const char *a, mode_t m), (a, m), AT_FDCWD, a, -1)
CALL(int, mkdirat, (int d, const char *a, mode_t m), (d, a, m), d, a, -1)
CALL(int, mknodat, (int d, const char *a, mode_t m, dev_t v), (d, a, m, v), d, a, -1)
CALL(int, linkat, (int d, const char *a, int e, const char *b, int f), (d, a, e, b, f), e, b, -1)
CALL(int, symlinkat, (const char *a, int d, const char *b), (a, d, b), d, b, -1)
CALL(int, ftruncate, (int d, off_t s), (d, s), d, NULL, -1)
CALL(int, ftruncate64, (int d, off64_t s), (d, s), d, NULL, -1)
CALL(int, fallocate, (int d, int m, off_t o, off_t s), (d, m, o, s), d, NULL, -1)
CALL(int, fchmod, (int d, mode_t m), (d, m), d, NULL, -1)
CALL(int, fchmodat, (int d, const char *a, mode_t m, int f), (d, a, m, f), d, a, -1)
CALL(int, chmod, (const char *a, mode_t m), (a, m), AT_FDCWD, a, -1)
CALL(int, fchown, (int d, uid_t u, gid_t g), (d, u, g), d, NULL, -1)
CALL(int, fchownat, (int d, const char *a, uid_t u, gid_t g, int f), (d, a, u, g, f), d, a, -1)
CALL(int, futimens, (int d, const struct timespec t[2]), (d, t), d, NULL, -1)
CALL(int, utimensat, (int d, const char *a, const struct timespec t[2], int f), (d, a, t, f), d, a, -1)
CALL(int, fsetxattr, (int d, const char *n, const void *v, size_t s, int f), (d, n, v, s, f), d, NULL, -1)
CALL(ssize_t, readlinkat, (int d, const char *a, char *b, size_t s), (d, a, b, s), d, a, -1)
CALL(int, fstat, (int d, struct stat *s), (d, s), d, NULL, -1)
CALL(int, fstat64, (int d, struct stat64 *s), (d, s), d, NULL, -1)
CALL(int, stat, (const char *a, struct stat *s), (a, s), AT_FDCWD, a, -1)
CALL(int, lstat, (const char *a, struct stat *s), (a, s), AT_FDCWD, a, -1)
CALL(int, fstatat, (int d, const char *a, struct stat *s, int f), (d, a, s, f), d, a, -1)
CALL(int, fstatvfs, (int d, struct statvfs *s), (d, s), d, NULL, -1)
CALL(int, access, (const char *a, int m), (a, m), AT_FDCWD, a, -1)
CALL(int, faccessat, (int d, const char *a, int m, int f), (d, a, m, f), d, a, -1)
CALL(int, flock, (int d, int o), (d, o), d, NULL, -1)
CALL(DIR *, opendir, (const char *a), (a), AT_FDCWD, a, NULL)
CALL(DIR *, fdopendir, (int d), (d), d, NULL, NULL)
