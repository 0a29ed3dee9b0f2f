/* sys/waiters_macos.h - futexes made of mutexes and condition variables, for systems that have none.
 * Plain POSIX threads but for one wait with a timeout, so that it is tested anywhere. */
#ifndef MHQ_SYS_WAITERS_MACOS_H
#define MHQ_SYS_WAITERS_MACOS_H

#include <stdint.h>

#include "sys/atomic.h"

/* As mhq_futex_wait and mhq_futex_wake. */
int mhq_waiters_wait(_Atomic uint32_t *word, uint32_t value, int64_t timeout_ns);
void mhq_waiters_wake(_Atomic uint32_t *word);

#endif
