/* sys/calls.h - every system call that the file primitives make, as one table.
 *
 * The primitives never call the system by name: they go through the table of their context
 * (`fs->sys->openat(...)`). So a test can count calls and make the Nth one fail, and a
 * kernel that lacks a call can be imitated. Allocation goes the same way, and so does all that an
 * engine needs to start: memory, threads. It must be possible to free() the memory that any table
 * allocates, for results leave the core.
 * The real table is mhq_calls_real, in sys/calls_linux.c, sys/calls_macos.c or sys/calls_win.c;
 * which calls a platform has is in the headers of those names. Thin: no retries, no policy.
 */
#ifndef MHQ_SYS_CALLS_H
#define MHQ_SYS_CALLS_H

#include <stddef.h>
#include <stdint.h>

#include "sys/sys.h"

#ifdef _WIN32
#include "sys/calls_win.h"
#else
#include "sys/calls_posix.h"
#endif

/* X(return type, name, (parameters), (arguments)) */
#define MHQ_CALLS(X)                                                                            \
    MHQ_SYSTEM_CALLS(X)                                                                         \
    X(void *, alloc, (size_t n), (n))                                                           \
    X(void *, resize, (void *p, size_t n), (p, n))                                              \
    X(void *, zeroed, (size_t count, size_t n), (count, n))                                     \
    X(void *, aligned, (size_t alignment, size_t n), (alignment, n))

typedef struct mhq_calls {
#define X(type, name, parameters, arguments) type(*name) parameters;
    MHQ_CALLS(X)
#undef X
    void (*release)(void *p); /* free */
    void (*release_aligned)(void *p); /* of `aligned`, which free() need not take */
    /* mhq_thread_start: 0 or an errno. */
    int (*thread_start)(mhq_thread *thread, void *(*body)(void *), void *argument, const char *name);
    int (*bell_open)(mhq_bell *bell); /* mhq_bell_open: 0 or an errno */
    void (*thread_background)(void);  /* mhq_thread_background */
} mhq_calls;

extern const mhq_calls mhq_calls_real;

#endif
