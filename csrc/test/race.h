/* race.h - what the tests of the concurrent parts share: threads, a barrier, a deadline.
 *
 * A race state is waited for by looking at it, never by sleeping. What would hang is ended by the
 * deadline, which says what was going on.
 */
#ifndef MHQ_RACE_H
#define MHQ_RACE_H

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdalign.h>
#include <unistd.h>

#include "atomic.h"
#include "check.h"

static const char *volatile race_stage = "start";

#ifdef _WIN32
/* Windows has no alarm: whoever runs it there sets a limit. */
static inline void race_deadline(unsigned seconds, const char *stage)
{
    (void)seconds;
    race_stage = stage;
}
#else
static void race_too_late(int number)
{
    static const char text[] = "deadline passed in: ";
    (void)number;
    ssize_t ignored = write(2, text, sizeof text - 1);
    ignored += write(2, race_stage, strlen(race_stage));
    ignored += write(2, "\n", 1);
    _exit(ignored > 0 ? 3 : 4);
}

/* Main thread: from here on the named part of the test has this many seconds. */
static inline void race_deadline(unsigned seconds, const char *stage)
{
    race_stage = stage;
    signal(SIGALRM, race_too_late);
    alarm(seconds);
}
#endif

static inline pthread_t race_start(void *(*body)(void *), void *argument)
{
    pthread_t thread;
    REQUIRE(pthread_create(&thread, NULL, body, argument) == 0);
    return thread;
}

static inline void race_join(pthread_t thread)
{
    REQUIRE(pthread_join(thread, NULL) == 0);
}

/* Looks again and again, politely: there may be fewer processors than threads. */
#define RACE_UNTIL(condition)               \
    do {                                    \
        for (unsigned i_ = 0; !(condition);) \
            if (++i_ % 256 == 0)            \
                sched_yield();              \
            else                            \
                mhq_relax();                \
    } while (0)

/* A barrier for two that lets both go at nearly the same moment. */
typedef struct race_pair {
    _Atomic uint64_t arrived;
} race_pair;

static inline void race_meet(race_pair *pair, uint64_t round)
{
    atomic_fetch_add(&pair->arrived, 1);
    RACE_UNTIL(atomic_load(&pair->arrived) >= 2 * (round + 1));
}

#endif
