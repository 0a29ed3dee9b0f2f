/* core/fate.h - whether an operation runs, decided once.
 *
 * The word lies in a record of its own, which the job and its Future, Operation or Control own
 * together: jobs are recycled, and a late cancel must not hit a stranger's.
 *
 *   QUEUED -> RUNNING -> STOPPING        the holder starts it; it is asked to stop
 *             RUNNING or STOPPING -> ENDED
 *   QUEUED -> CANCELLED                  mhq_cancel, or the holder, which finds its control cancelled
 *   QUEUED -> SKIPPED                    mhq_skip
 *
 * Invariant C1: a fate leaves QUEUED once, by one compare-and-swap: so either the operation never
 * runs, or it runs and no later cancel reports success.
 */
#ifndef MHQ_CORE_FATE_H
#define MHQ_CORE_FATE_H

#include "mhq.h"
#include "sys/atomic.h"

struct mhq_fate {
    _Atomic uint32_t state; /* enum mhq_state */
    _Atomic uint32_t references;
};

/* 1: this call has taken it from one state to the other. */
static inline int mhq_fate_move(mhq_fate *fate, uint32_t from, uint32_t to)
{
    uint32_t found = from;
    while (!mhq_cas_sc(&fate->state, &found, to)) /* [fate]; [W1] of a pause */
        if (found != from)
            return 0;
    return 1;
}

/* It is not to run, or not to go on. [P2] of a pause. */
static inline int mhq_fate_is_over(const mhq_fate *fate)
{
    uint32_t state = mhq_load_sc(&fate->state); /* [fate] */
    return state != MHQ_QUEUED && state != MHQ_RUNNING;
}

#endif
