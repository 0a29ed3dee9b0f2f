/* sys/posix.c - threads, mutexes and the clock on POSIX systems; see sys/sys.h. */
#include "sys/posix.h"

#include <sched.h>
#include <signal.h>
#include <time.h>

/* Stacks of the I/O threads: traversals of trees are iterative, with their state on the heap. */
#define STACK_BYTES ((size_t)512 * 1024)

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

int mhq_thread_create(mhq_thread *thread, void *(*main)(void *), void *argument)
{
    pthread_attr_t attributes;
    int error = pthread_attr_init(&attributes);
    if (error)
        return error;
    error = pthread_attr_setstacksize(&attributes, STACK_BYTES);
    if (!error) {
        /* The new thread inherits the mask, so no signal can be delivered to it at any moment. */
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
    return error;
}

void mhq_thread_join(mhq_thread thread)
{
    pthread_join(thread, NULL);
}

void mhq_thread_detach(mhq_thread thread)
{
    pthread_detach(thread);
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
