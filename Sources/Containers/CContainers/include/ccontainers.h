// System calls that Swift can't name.
#ifndef CCONTAINERS_H
#define CCONTAINERS_H

/// pidfd_open(2): a descriptor that stands for one process, whoever has its number later; -1 with errno.
int ccontainers_pidfd_open(int process);

/// pidfd_send_signal(2); signal 0 asks whether the process is still there. -1 with errno.
int ccontainers_pidfd_send_signal(int descriptor, int signal);

#endif
