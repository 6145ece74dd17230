#define _GNU_SOURCE
#include "cnetfilter.h"
#include <linux/capability.h>
#include <errno.h>
#include <linux/nsfs.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

struct visit {
    int descriptor;
    int error;
    void (*body)(void *);
    void *context;
};

static void *enter(void *argument) {
    struct visit *visit = argument;
    if (setns(visit->descriptor, CLONE_NEWNET) != 0) {
        visit->error = errno;
    } else {
        visit->body(visit->context);
    }
    return NULL;
}

int cnetfilter_run_in_namespace(int descriptor, void (*body)(void *), void *context) {
    struct visit visit = {descriptor, 0, body, context};
    // A signal meant for the process must not be handled on a thread that lives in another namespace.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    pthread_t thread;
    int error = pthread_create(&thread, NULL, enter, &visit);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error != 0) {
        return error;
    }
    pthread_join(thread, NULL);
    return visit.error;
}

int cnetfilter_is_network_namespace(int descriptor) {
    int type = ioctl(descriptor, NS_GET_NSTYPE);
    return type < 0 ? -errno : type == CLONE_NEWNET;
}

int cnetfilter_eventfd(void) {
    return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
}

unsigned long long cnetfilter_capabilities(void) {
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {0};
    if (syscall(SYS_capget, &header, data) != 0) {
        return 0;
    }
    return (unsigned long long)data[1].effective << 32 | data[0].effective;
}
