/* walk.h - a list under way: where the walk stands, and the records its operations run in.
 *
 * A frozen list may expand to far more operations than memory holds, and running must not
 * allocate. So a walk brings a fixed pool of run records: the baton holder takes one for each
 * operation, the callback thread gives it back, and a holder who finds none waits for deliveries.
 *
 * Invariant K1: a record is with the holder (in `spare`), in the done stack, with the callback
 * thread, or in `returned`. Only the callback thread pushes to `returned`, only the holder takes
 * all of it at once (no ABA).
 */
#ifndef MHQ_WALK_H
#define MHQ_WALK_H

#include "atomic.h"
#include "op.h"

typedef struct mhq_frame {
    const mhq_list *list;
    size_t at;
} mhq_frame;

typedef struct mhq_walk {
    /* the baton holder's */
    mhq_frame *frames; /* list->depth of them */
    uint32_t level;    /* frames in use */
    mhq_run *spare;
    /* both */
    _Atomic(mhq_run *) returned;
    /* the callback thread's */
    size_t unannounced; /* given back since the holder was last woken for it */
    size_t records;
    mhq_run pool[];
} mhq_walk;

/* Records a list runs in at most: enough to keep both sides busy, few enough to stay in cache. */
#define MHQ_WALK_RECORDS 1024

/* Before the job is submitted. NULL: no memory. The list is not empty. */
mhq_walk *mhq_walk_new(const mhq_list *list, mhq_job *job);
void mhq_walk_free(mhq_walk *walk);

/* The holder: the next operation, NULL at the end. */
const mhq_op *mhq_walk_next(mhq_walk *walk);
/* The holder: a zeroed record, NULL if none has come back. */
mhq_run *mhq_walk_record(mhq_walk *walk);
/* The callback thread. 1: enough have come back that a waiting holder should hear of it. */
int mhq_walk_give_back(mhq_walk *walk, mhq_run *run);

#endif
