/* sys_posix.c - threads, futexes and the clock on Linux. */
#include "sys.h"

#include <errno.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Stacks of the I/O threads: tree walks are iterative and their state is on the heap. */
#define STACK_BYTES ((size_t)512 * 1024)

int mhq_futex_wait(_Atomic uint32_t *word, uint32_t value, int64_t timeout_ns)
{
    struct timespec ts, *until = NULL;
    if (timeout_ns >= 0) {
        ts.tv_sec = (time_t)(timeout_ns / 1000000000);
        ts.tv_nsec = (long)(timeout_ns % 1000000000);
        until = &ts;
    }
    if (syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, until, NULL, 0) == 0)
        return 0;
    return errno;
}

void mhq_futex_wake(_Atomic uint32_t *word, int most)
{
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, most, NULL, NULL, 0);
}

void mhq_yield(void)
{
    sched_yield();
}

uint64_t mhq_now(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

int mhq_processors(void)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    if (sched_getaffinity(0, sizeof set, &set) == 0) {
        int n = CPU_COUNT(&set);
        return n > 0 ? n : 1;
    }
    /* More processors than a cpu_set_t has room for. */
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n > 0 && n < 1 << 20 ? (int)n : 1;
}

int mhq_thread_start(mhq_thread *thread, void *(*main)(void *), void *argument, const char *name)
{
    pthread_attr_t attributes;
    int error = pthread_attr_init(&attributes);
    if (error)
        return error;
    error = pthread_attr_setstacksize(&attributes, STACK_BYTES);
    if (!error) {
        /* The mask is inherited at creation, so a signal can never find the new thread open. */
        sigset_t blocked, before;
        sigfillset(&blocked);
        sigdelset(&blocked, SIGSEGV);
        sigdelset(&blocked, SIGBUS);
        sigdelset(&blocked, SIGFPE);
        sigdelset(&blocked, SIGILL);
        sigdelset(&blocked, SIGABRT);
        error = pthread_sigmask(SIG_BLOCK, &blocked, &before);
        if (!error) {
            error = pthread_create(thread, &attributes, main, argument);
            pthread_sigmask(SIG_SETMASK, &before, NULL);
        }
    }
    pthread_attr_destroy(&attributes);
    if (!error)
        pthread_setname_np(*thread, name);
    return error;
}

void mhq_thread_join(mhq_thread thread)
{
    pthread_join(thread, NULL);
}

int mhq_mutex_init(mhq_mutex *mutex)
{
    return pthread_mutex_init(mutex, NULL);
}

void mhq_mutex_fini(mhq_mutex *mutex)
{
    pthread_mutex_destroy(mutex);
}

void mhq_mutex_lock(mhq_mutex *mutex)
{
    pthread_mutex_lock(mutex);
}

void mhq_mutex_unlock(mhq_mutex *mutex)
{
    pthread_mutex_unlock(mutex);
}
