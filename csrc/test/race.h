/* race.h - what the tests of the concurrent parts share: threads, a barrier, a deadline.
 *
 * A test waits for a state by checking it in a loop, never by sleeping. The deadline ends what
 * would hang, and prints which part of the test was running.
 */
#ifndef MHQ_RACE_H
#define MHQ_RACE_H

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdalign.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/syscall.h>
#endif

#include "sys/atomic.h"
#include "test/check.h"

static const char *volatile race_stage = "start";

#ifdef _WIN32
/* Windows has no alarm: there the program that runs the tests sets a limit. */
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

/* Main thread: from here on the named part of the test has this many seconds. They only end what
 * hangs, so they are many times more than the part takes on a busy machine. */
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

#ifdef __linux__
static inline long race_id(void)
{
    return syscall(SYS_gettid);
}

/* Is the thread asleep? /proc shows it, but not in which call; the caller must know that. Systems
 * without /proc answer yes. */
static inline int race_asleep(long id)
{
    char path[64], text[256], *name_ends;
    snprintf(path, sizeof path, "/proc/self/task/%ld/stat", id);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return 0;
    size_t n = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[n] = 0;
    name_ends = strrchr(text, ')');
    return name_ends != NULL && name_ends[1] == ' ' && name_ends[2] == 'S';
}
#else
static inline long race_id(void)
{
    return 1;
}

static inline int race_asleep(long id)
{
    return id != 0;
}
#endif

/* Checks the condition in a loop, and yields at times: there may be fewer processors than threads. */
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
