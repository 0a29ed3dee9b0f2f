/* sys/waiters_macos.c - see sys/waiters_macos.h.
 *
 * A word's address leads to one of a few buckets, in which its sleepers wait. A sleeper loads the
 * word while it holds the bucket's mutex, and a waker takes that mutex between its change of the
 * word and the wake-up. So a sleeper has seen the change, or is woken. A wake-up also wakes the
 * sleepers of other words in the same bucket; they load their word again and go on sleeping.
 *
 * The buckets are the core's only static state. A forked child has them as they were at the fork,
 * perhaps locked by a thread that the child does not have; so it initialises them anew.
 */
#include "sys/waiters_macos.h"

#include <errno.h>
#include <pthread.h>
#include <time.h>

enum { BUCKETS = 32 };

typedef struct bucket {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
} bucket;

static bucket buckets[BUCKETS];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void new_buckets(void)
{
    for (int i = 0; i < BUCKETS; i++)
        buckets[i] = (bucket){PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER};
}

static void begin(void)
{
    new_buckets();
    (void)pthread_atfork(NULL, NULL, new_buckets);
}

static bucket *bucket_of(const void *word)
{
    (void)pthread_once(&once, begin);
    return &buckets[((uintptr_t)word >> 6) % BUCKETS]; /* words lie on cache lines of their own */
}

int mhq_waiters_wait(_Atomic uint32_t *word, uint32_t value, int64_t timeout_ns)
{
    struct timespec time = {(time_t)(timeout_ns / 1000000000), (long)(timeout_ns % 1000000000)};
    bucket *here = bucket_of(word);
    int error = EAGAIN;
    pthread_mutex_lock(&here->mutex);
    if (mhq_load_sc(word) == value)
        error = timeout_ns < 0
                    ? pthread_cond_wait(&here->changed, &here->mutex)
                    : pthread_cond_timedwait_relative_np(&here->changed, &here->mutex, &time);
    pthread_mutex_unlock(&here->mutex);
    return error;
}

void mhq_waiters_wake(_Atomic uint32_t *word)
{
    bucket *here = bucket_of(word);
    pthread_mutex_lock(&here->mutex);
    pthread_cond_broadcast(&here->changed);
    pthread_mutex_unlock(&here->mutex);
}
