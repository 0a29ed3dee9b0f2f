/* walk.c - see walk.h for the invariant K1. */
#include "walk.h"

#include <stdlib.h>

mhq_walk *mhq_walk_new(const mhq_list *list, mhq_job *job)
{
    size_t records = list->total < MHQ_WALK_RECORDS ? (size_t)list->total : MHQ_WALK_RECORDS;
    mhq_walk *walk = calloc(1, sizeof *walk + records * sizeof *walk->pool);
    if (walk == NULL)
        return NULL;
    walk->frames = malloc(list->depth * sizeof *walk->frames);
    if (walk->frames == NULL) {
        free(walk);
        return NULL;
    }
    walk->frames[0] = (mhq_frame){list, 0};
    walk->level = 1;
    walk->records = records;
    for (size_t i = records; i-- > 0;) {
        walk->pool[i].job = job;
        walk->pool[i].next = walk->spare;
        walk->spare = &walk->pool[i];
    }
    return walk;
}

void mhq_walk_free(mhq_walk *walk)
{
    free(walk->frames);
    free(walk);
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

mhq_run *mhq_walk_record(mhq_walk *walk)
{
    mhq_run *run = walk->spare;
    if (run == NULL)
        run = mhq_swap_acq(&walk->returned, NULL); /* [record] */
    if (run == NULL)
        return NULL;
    walk->spare = run->next;
    *run = (mhq_run){.job = run->job};
    return run;
}

int mhq_walk_give_back(mhq_walk *walk, mhq_run *run)
{
    mhq_run *top = mhq_load_rlx(&walk->returned);
    do
        run->next = top;
    while (!mhq_cas_sc(&walk->returned, &top, run)); /* [record]; [W1] of the wait for deliveries */
    /* Half the pool at a time. A holder who waits has the whole pool outstanding, so the half
     * always comes. */
    if (++walk->unannounced < (walk->records + 1) / 2)
        return 0;
    walk->unannounced = 0;
    return 1;
}
