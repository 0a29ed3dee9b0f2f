/* gate_fixture.h - for tests that must stop the engine in the middle of an operation: for files
 * whose names begin with "gate" a system call waits at a gate (in a wrapped table of calls). And a
 * collector that sleeps when something is published.
 */
#ifndef MHQ_GATE_FIXTURE_H
#define MHQ_GATE_FIXTURE_H

#include <errno.h>
#include <semaphore.h>

#include "test/engine_fixture.h"

static sem_t gate_reached, gate_opens;
static _Atomic long gate_thread; /* the thread of the last call at a gate */

static inline void wait_for(sem_t *semaphore)
{
    while (sem_wait(semaphore) != 0)
        REQUIRE(errno == EINTR);
}

static inline int gated_openat(int dir, const char *path, int flags, mode_t mode)
{
    if (strncmp(path, "gate", 4) == 0) {
        atomic_store(&gate_thread, race_id());
        REQUIRE(sem_post(&gate_reached) == 0);
        wait_for(&gate_opens);
    }
    return mhq_calls_real.openat(dir, path, flags, mode);
}

static inline mhq_calls gated_calls(void)
{
    mhq_calls calls = mhq_calls_real;
    calls.openat = gated_openat;
    REQUIRE(sem_init(&gate_reached, 0, 0) == 0);
    REQUIRE(sem_init(&gate_opens, 0, 0) == 0);
    return calls;
}

static inline void open_gate(void)
{
    REQUIRE(sem_post(&gate_opens) == 0);
}

/* ---- the collector ---- */

static struct {
    mhq_engine *engine;
    _Atomic long id;
    size_t wanted, got;
    _Atomic size_t seen;
} sleeper;

static inline void *sleeping_collector(void *ignored)
{
    (void)ignored;
    atomic_store(&sleeper.id, race_id());
    while (sleeper.got < sleeper.wanted) {
        mhq_run *run = mhq_collect(sleeper.engine);
        REQUIRE(run != NULL);
        for (mhq_run *following; run != NULL; run = following) {
            following = run->next;
            CHECK_INT(run->error, 0);
            sleeper.got++;
            mhq_delivered(sleeper.engine, run);
            atomic_store(&sleeper.seen, sleeper.got);
        }
    }
    return NULL;
}

static inline pthread_t collector_start(mhq_engine *engine, size_t wanted)
{
    memset(&sleeper, 0, sizeof sleeper);
    sleeper.engine = engine;
    sleeper.wanted = wanted;
    pthread_t thread = race_start(sleeping_collector, NULL);
    RACE_UNTIL(atomic_load(&sleeper.id) != 0 && race_asleep(atomic_load(&sleeper.id)));
    return thread;
}

#endif
