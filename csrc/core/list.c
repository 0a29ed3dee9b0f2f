/* core/list.c - see core/list.h for the invariant K1. */
#include "core/list.h"

#include <errno.h>

int mhq_pool_init(mhq_pool *pool, const mhq_calls *sys)
{
    *pool = (mhq_pool){.records = sys->alloc(MHQ_POOL_RECORDS * sizeof *pool->records),
                       .spares = MHQ_POOL_RECORDS};
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

static mhq_run *grant(mhq_pool *pool, mhq_credit *credit)
{
    if (credit->granted > 0 && pool->spares <= MHQ_POOL_RESERVE)
        return NULL;
    uint32_t count = (pool->spares + 1) / 2;
    if (count == 0)
        return NULL;
    mhq_run *first = pool->spare, *last = first;
    for (uint32_t i = 1; i < count; i++)
        last = last->next;
    pool->spare = last->next;
    last->next = NULL;
    pool->spares -= count;
    credit->granted += count;
    return first;
}

mhq_run *mhq_pool_take(mhq_pool *pool, mhq_credit *credit, mhq_job *job)
{
    mhq_run *run = credit->spare;
    if (run == NULL)
        run = mhq_swap_acq(&credit->returned, NULL); /* [record] */
    if (run == NULL && (run = grant(pool, credit)) == NULL)
        return NULL;
    credit->spare = run->next;
    *run = (mhq_run){.job = job};
    return run;
}

static void take_back(mhq_pool *pool, mhq_credit *credit, mhq_run *run)
{
    for (mhq_run *next; run != NULL; run = next) {
        next = run->next;
        run->next = pool->spare;
        pool->spare = run;
        pool->spares++;
        credit->granted--;
    }
}

void mhq_pool_reclaim(mhq_pool *pool, mhq_credit *credit)
{
    take_back(pool, credit, credit->spare);
    credit->spare = NULL;
    take_back(pool, credit, mhq_swap_acq(&credit->returned, NULL)); /* [record] */
}

int mhq_credit_ready(mhq_credit *credit)
{
    return mhq_load_sc(&credit->returned) != NULL; /* [P2] */
}

int mhq_credit_give_back(mhq_credit *credit, mhq_run *run)
{
    mhq_run *top = mhq_load_rlx(&credit->returned);
    do
        run->next = top;
    while (!mhq_cas_sc(&credit->returned, &top, run)); /* [record]; [W1] of the wait for deliveries */
    /* Many at a time. The rest is announced when the taker rests. */
    mhq_bump(&credit->unannounced, 1);
    if (mhq_load_rlx(&credit->unannounced) < MHQ_POOL_RECORDS / 2)
        return 0;
    mhq_store_rlx(&credit->unannounced, 0);
    return 1;
}

mhq_walk *mhq_walk_new(const mhq_list *list)
{
    mhq_walk *walk = mhq_calls_real.alloc(sizeof *walk + list->depth * sizeof *walk->frames);
    if (walk != NULL) {
        *walk = (mhq_walk){.level = 1};
        walk->frames[0] = (mhq_walk_frame){.list = list};
    }
    return walk;
}

/* The operation that the list at this level is of its parent, or an operation of that list itself, has
 * failed. */
static void fail_at(mhq_walk *walk, uint32_t level)
{
    mhq_walk_frame *frame = &walk->frames[level - 1];
    frame->failed = 1;
    if (frame->list->stops && (walk->stopped == 0 || walk->stopped > level))
        walk->stopped = level;
}

void mhq_walk_note_failure(mhq_walk *walk, int32_t error)
{
    if (walk->error == 0)
        walk->error = error;
    fail_at(walk, walk->level);
}

static void leave(mhq_walk *walk)
{
    uint32_t level = walk->level--;
    if (walk->stopped == level)
        walk->stopped = 0;
    if (walk->frames[level - 1].failed && level > 1)
        fail_at(walk, level - 1);
}

const mhq_entry *mhq_walk_next(mhq_walk *walk)
{
    while (walk->level > 0) {
        mhq_walk_frame *frame = &walk->frames[walk->level - 1];
        if (frame->at == frame->list->count) {
            leave(walk);
            continue;
        }
        const mhq_entry *entry = &frame->list->entries[frame->at++];
        if (entry->op != NULL)
            return entry;
        /* depth counts this list's own descendants, so there is room for the frame. */
        walk->frames[walk->level++] = (mhq_walk_frame){.list = entry->list};
    }
    return NULL;
}
