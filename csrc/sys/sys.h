/* sys/sys.h - the seam to the platform: threads, a mutex, futex waits, the clock.
 * One implementation per platform (sys/posix.c with sys/linux.c or sys/macos.c, or sys/win.c);
 * nothing here knows what an operation is. */
#ifndef MHQ_SYS_SYS_H
#define MHQ_SYS_SYS_H

#include <stddef.h>
#include <stdint.h>

#include "sys/atomic.h"

#if defined(_WIN32)
typedef void *mhq_thread;  /* a HANDLE */
typedef struct mhq_mutex { /* an SRWLOCK */
    void *lock;
} mhq_mutex;
#else
#include <pthread.h>
typedef pthread_t mhq_thread;
typedef pthread_mutex_t mhq_mutex;
#endif

/* Sleeps while *word == value, at most timeout_ns (negative: for ever). May return early for no
 * reason, and returns on a signal. 0, or ETIMEDOUT, EINTR, EAGAIN: callers load the word again. */
int mhq_futex_wait(_Atomic uint32_t *word, uint32_t value, int64_t timeout_ns);

/* Wakes up to `most` sleepers of the word; or all, where the system can only wake one or all. */
void mhq_futex_wake(_Atomic uint32_t *word, int most);

/* Gives the processor to another thread that is ready to run, if there is one. */
void mhq_yield(void);

/* Monotonic nanoseconds. */
uint64_t mhq_now(void);

/* Processors this process may run on, at least 1. */
int mhq_processors(void);

/* Advises the system to back memory, before it is filled for the first time, with huge pages. */
void mhq_advise_huge(void *memory, size_t size);

/* Starts a native thread with asynchronous signals blocked (SIGSEGV, SIGBUS, SIGFPE, SIGILL and
 * SIGABRT stay open: fault handlers need them). 0 or an errno. */
int mhq_thread_start(mhq_thread *thread, void *(*main)(void *), void *argument, const char *name);
void mhq_thread_join(mhq_thread thread);
/* The calling thread, and those that it starts, ask the system to serve others first, at the disk above
 * all. A wish: where it cannot be had, nothing happens. */
void mhq_thread_background(void);
/* Instead of joining: the thread's resources are freed when it ends. A thread may detach itself. */
void mhq_thread_detach(mhq_thread thread);

/* A descriptor (Windows: a socket) that others can wait for in select, poll and the like. */
typedef struct mhq_bell {
    intptr_t ear;    /* readable while the bell rings */
    intptr_t hammer; /* it is written to; the same as `ear` where one descriptor serves for both */
} mhq_bell;

/* No child process inherits the descriptors. 0 or an errno. */
int mhq_bell_open(mhq_bell *bell);
void mhq_bell_close(mhq_bell *bell);
/* Any thread. It rings until it is hushed. Never waits. */
void mhq_bell_ring(mhq_bell *bell);
/* Never waits. */
void mhq_bell_hush(mhq_bell *bell);

int mhq_mutex_init(mhq_mutex *mutex);
void mhq_mutex_fini(mhq_mutex *mutex);
void mhq_mutex_lock(mhq_mutex *mutex);
void mhq_mutex_unlock(mhq_mutex *mutex);

#endif
