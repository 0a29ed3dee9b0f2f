/* core/list.h - a list under way: where the walk stands; and the records that lists' operations run in.
 *
 * A frozen list may expand to far more operations than memory holds, and running must not
 * allocate. So the engine has a fixed pool of run records: the baton holder takes one for each
 * operation of a list, the callback thread gives it back, and a holder who finds none waits for
 * deliveries. One pool serves all lists, since only one runs at a time.
 *
 * Invariant K1: a record is with the holder (in `spare`), in the done stack, with the callback
 * thread, or in `returned`. Only the callback thread pushes to `returned`, only the holder takes
 * all of it at once (no ABA).
 */
#ifndef MHQ_CORE_LIST_H
#define MHQ_CORE_LIST_H

#include <stdalign.h>

#include "sys/atomic.h"
#include "sys/calls.h"
#include "op.h"

/* Enough records to keep both sides busy, few enough to stay in cache. */
#define MHQ_POOL_RECORDS 1024u

typedef struct mhq_pool {
    mhq_run *records;
    mhq_run *spare;            /* the baton holder's */
    alignas(MHQ_CACHE_LINE) _Atomic(mhq_run *) returned;
    uint32_t unannounced;      /* the callback thread's: given back since the holder was last
                                * told */
} mhq_pool;

/* 0 or ENOMEM. */
int mhq_pool_init(mhq_pool *pool, const mhq_calls *sys);
void mhq_pool_fini(mhq_pool *pool, const mhq_calls *sys);
/* The holder: a record for the job's next operation, NULL if none has come back. */
mhq_run *mhq_pool_take(mhq_pool *pool, mhq_job *job);
/* The holder: is there one? [P2] of the wait for deliveries. */
int mhq_pool_ready(mhq_pool *pool);
/* The callback thread. 1: enough have come back that a waiting holder should hear of it. */
int mhq_pool_give_back(mhq_pool *pool, mhq_run *run);

typedef struct mhq_frame {
    const mhq_list *list;
    size_t at;
} mhq_frame;

/* Written by the baton holder alone once the job is submitted. */
typedef struct mhq_walk {
    uint32_t level;            /* frames in use */
    mhq_frame frames[];        /* list->depth of them */
} mhq_walk;

/* Before the job is submitted. NULL: no memory. To be released with the real table. */
mhq_walk *mhq_walk_new(const mhq_list *list);
/* The holder: the next operation, NULL at the end. */
const mhq_op *mhq_walk_next(mhq_walk *walk);

#endif
