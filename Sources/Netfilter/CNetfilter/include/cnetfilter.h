// Calls that only GNU headers name, and bit fields that Swift can't import.
#pragma once

/// Runs `body(context)` on a thread of its own inside the network namespace `descriptor`, and waits for its end.
/// setns(2) works on the calling thread alone, so the thread is never reused. Returns 0, or an errno of
/// pthread_create or setns; then `body` was not called.
int cnetfilter_run_in_namespace(int descriptor, void (*body)(void *), void *context);

/// ioctl(NS_GET_NSTYPE) == CLONE_NEWNET: 1 for a network namespace, 0 for anything else, -errno when it is no namespace.
int cnetfilter_is_network_namespace(int descriptor);

/// eventfd(2), close-on-exec and non-blocking: a descriptor that one thread may wake another with; -1 and errno.
int cnetfilter_eventfd(void);

/// capget(2): the effective rights of the calling thread, bit N for the capability N; 0 when they cannot be read.
unsigned long long cnetfilter_capabilities(void);
