/* sys/posix.h - what the POSIX files of sys/sys.h share; no other file includes it. */
#ifndef MHQ_SYS_POSIX_H
#define MHQ_SYS_POSIX_H

#include "sys/sys.h"

/* mhq_thread_start without the name, which each system gives in its own way. */
int mhq_thread_create(mhq_thread *thread, void *(*main)(void *), void *argument);

#endif
