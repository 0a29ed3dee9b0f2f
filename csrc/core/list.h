/* core/list.h - a list under way: where the walk stands; and the records that lists' operations run in.
 *
 * A frozen list may expand to far more operations than memory holds, and running must not
 * allocate. So the engine has a fixed pool of run records: the baton holder takes one for each
 * operation of a list, the taker of the port gives it back, and a holder that finds none waits for
 * deliveries.
 *
 * Credits. A port that no thread serves keeps what it has been given. So each port has records of its
 * own, granted from the pool as it needs them: half of what is there, but for a reserve of which a
 * port gets only its first grant. Where the pool has nothing left to grant, the holder takes back
 * what other ports have and do not use. So a port that stalls costs the others records, not their
 * progress, until there are as many stalled ones as the pool can be halved.
 *
 * Invariant K1: a record is in the pool or in one credit's `spare` (both the holder's), with the
 * holder, in a done stack, with a taker, or in its credit's `returned`. Only takers push to
 * `returned`, only the holder takes all of it at once (no ABA).
 */
#ifndef MHQ_CORE_LIST_H
#define MHQ_CORE_LIST_H

#include <stdalign.h>

#include "sys/atomic.h"
#include "sys/calls.h"
#include "op.h"

/* Enough records to keep both sides busy, few enough to stay in cache. */
#define MHQ_POOL_RECORDS 1024u
/* Of so many each port gets only its first grant. */
#define MHQ_POOL_RESERVE 64u

/* The holder's. */
typedef struct mhq_pool {
    mhq_run *records;
    mhq_run *spare;
    uint32_t spares;
} mhq_pool;

/* A port's part. */
typedef struct mhq_credit {
    mhq_run *spare;            /* the holder's */
    uint32_t granted;          /* the holder's: records that are this port's */
    alignas(MHQ_CACHE_LINE) _Atomic(mhq_run *) returned;
    _Atomic uint32_t unannounced; /* the taker's: given back since the holder was last notified */
} mhq_credit;

/* 0 or ENOMEM. */
int mhq_pool_init(mhq_pool *pool, const mhq_calls *sys);
void mhq_pool_fini(mhq_pool *pool, const mhq_calls *sys);
/* The holder: a record for the job's next operation, NULL if none has come back and none is left to be
 * granted. */
mhq_run *mhq_pool_take(mhq_pool *pool, mhq_credit *credit, mhq_job *job);
/* The holder: what the port does not use goes back to the pool. */
void mhq_pool_reclaim(mhq_pool *pool, mhq_credit *credit);
/* The holder: has one come back? [P2] of the wait for deliveries. */
int mhq_credit_ready(mhq_credit *credit);
/* The taker. 1: enough have come back that a waiting holder is to be notified. */
int mhq_credit_give_back(mhq_credit *credit, mhq_run *run);

/* A list's place in the walk. */
typedef struct mhq_walk_frame {
    const mhq_list *list;
    size_t at;
    int failed;                /* an operation of it has failed */
} mhq_walk_frame;

/* Written by the baton holder alone once the job is submitted. */
typedef struct mhq_walk {
    uint32_t level;            /* frames in use */
    uint32_t stopped;          /* the level of the outermost list that has stopped; 0: none has */
    int32_t error;             /* of the first operation that has failed; 0: none has */
    mhq_walk_frame frames[];   /* list->depth of them */
} mhq_walk;

/* Before the job is submitted. NULL: no memory. To be released with the real table. */
mhq_walk *mhq_walk_new(const mhq_list *list);
/* The holder: the next operation's entry, NULL at the end. Where `stopped` is set then, it is to be
 * cancelled. */
const mhq_entry *mhq_walk_next(mhq_walk *walk);
/* The holder: the operation that the walk gave last has failed. */
void mhq_walk_note_failure(mhq_walk *walk, int32_t error);

#endif
