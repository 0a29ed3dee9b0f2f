/* core/list.c - see core/list.h for the invariant K1. */
#include "core/list.h"

#include <errno.h>

int mhq_pool_init(mhq_pool *pool, const mhq_calls *sys)
{
    *pool = (mhq_pool){.records = sys->alloc(MHQ_POOL_RECORDS * sizeof *pool->records)};
    if (pool->records == NULL)
        return ENOMEM;
    for (uint32_t i = MHQ_POOL_RECORDS; i-- > 0;) {
        pool->records[i].next = pool->spare;
        pool->spare = &pool->records[i];
    }
    return 0;
}

void mhq_pool_fini(mhq_pool *pool, const mhq_calls *sys)
{
    sys->release(pool->records);
}

mhq_run *mhq_pool_take(mhq_pool *pool, mhq_job *job)
{
    mhq_run *run = pool->spare;
    if (run == NULL)
        run = mhq_swap_acq(&pool->returned, NULL); /* [record] */
    if (run == NULL)
        return NULL;
    pool->spare = run->next;
    *run = (mhq_run){.job = job};
    return run;
}

int mhq_pool_ready(mhq_pool *pool)
{
    return pool->spare != NULL || mhq_load_sc(&pool->returned) != NULL; /* [P2] */
}

int mhq_pool_give_back(mhq_pool *pool, mhq_run *run)
{
    mhq_run *top = mhq_load_rlx(&pool->returned);
    do
        run->next = top;
    while (!mhq_cas_sc(&pool->returned, &top, run)); /* [record]; [W1] of the wait for deliveries */
    /* Half the pool at a time. A holder who waits has the whole pool outstanding, so the half
     * always comes. */
    if (++pool->unannounced < MHQ_POOL_RECORDS / 2)
        return 0;
    pool->unannounced = 0;
    return 1;
}

mhq_walk *mhq_walk_new(const mhq_list *list)
{
    mhq_walk *walk = mhq_calls_real.alloc(sizeof *walk + list->depth * sizeof *walk->frames);
    if (walk != NULL) {
        walk->frames[0] = (mhq_frame){list, 0};
        walk->level = 1;
    }
    return walk;
}

const mhq_op *mhq_walk_next(mhq_walk *walk)
{
    while (walk->level > 0) {
        mhq_frame *frame = &walk->frames[walk->level - 1];
        if (frame->at == frame->list->count) {
            walk->level--;
            continue;
        }
        const mhq_entry *entry = &frame->list->entries[frame->at++];
        if (entry->op != NULL)
            return entry->op;
        /* depth counts this list's own descendants, so there is room for the frame. */
        walk->frames[walk->level++] = (mhq_frame){entry->list, 0};
    }
    return NULL;
}
