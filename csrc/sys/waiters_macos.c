/* sys/waiters_macos.c - see sys/waiters_macos.h.
 *
 * A word's sleepers are found by its address, in one of a few rooms. Sleepers look at the word with
 * the room's mutex held, and wakers take it between the change of the word and the wake-up: so a
 * sleeper has seen the change or is woken. Words that share a room wake each other's sleepers,
 * who look again and sleep on.
 *
 * The rooms are the core's only static state. A forked child finds them as they are at that moment,
 * perhaps locked by a thread that it does not have; so it gets new ones.
 */
#include "sys/waiters_macos.h"

#include <errno.h>
#include <pthread.h>
#include <time.h>

enum { ROOMS = 32 };

typedef struct room {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
} room;

static room rooms[ROOMS];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void new_rooms(void)
{
    for (int i = 0; i < ROOMS; i++)
        rooms[i] = (room){PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER};
}

static void begin(void)
{
    new_rooms();
    (void)pthread_atfork(NULL, NULL, new_rooms);
}

static room *room_of(const void *word)
{
    (void)pthread_once(&once, begin);
    return &rooms[((uintptr_t)word >> 6) % ROOMS]; /* words that matter lie in lines of their own */
}

int mhq_waiters_wait(_Atomic uint32_t *word, uint32_t value, int64_t timeout_ns)
{
    struct timespec time = {(time_t)(timeout_ns / 1000000000), (long)(timeout_ns % 1000000000)};
    room *here = room_of(word);
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
    room *here = room_of(word);
    pthread_mutex_lock(&here->mutex);
    pthread_cond_broadcast(&here->changed);
    pthread_mutex_unlock(&here->mutex);
}
