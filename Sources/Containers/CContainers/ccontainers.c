#define _GNU_SOURCE
#include "ccontainers.h"

#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

// The numbers are the same on every architecture; older headers lack the names.
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal 424
#endif

int ccontainers_pidfd_open(int process) { return (int)syscall(SYS_pidfd_open, process, 0); }

int ccontainers_pidfd_send_signal(int descriptor, int signal) {
    return (int)syscall(SYS_pidfd_send_signal, descriptor, signal, NULL, 0);
}
