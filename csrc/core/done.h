/* core/done.h - the done stack: completions on their way to the callback thread.
 *
 * Pushed by the baton holder alone, linked through the run records themselves: a push cannot
 * fail and does not allocate. The callback thread takes everything at once and turns it round,
 * so it sees completions in the order they were pushed.
 *
 * Invariant D1: only the baton holder pushes and only the callback thread takes, so a record
 * cannot leave and come back between the holder's load and its compare-and-swap (no ABA).
 */
#ifndef MHQ_CORE_DONE_H
#define MHQ_CORE_DONE_H

#include "op.h"
#include "core/park.h"

typedef struct mhq_done {
    alignas(MHQ_CACHE_LINE) _Atomic(mhq_run *) top;
    mhq_parker consumer; /* the callback thread waiting for completions */
} mhq_done;

/* The baton holder. Publishes; does not wake. */
static inline void mhq_done_push(mhq_done *done, mhq_run *run)
{
    mhq_run *top = mhq_load_rlx(&done->top);
    do
        run->next = top;
    while (!mhq_cas_sc(&done->top, &top, run)); /* [run] released; [W1] */
}

/* The callback thread. [P2] */
static inline int mhq_done_ready(mhq_done *done)
{
    return mhq_load_sc(&done->top) != NULL;
}

/* The callback thread: everything that is ready, first pushed first, or NULL. */
static inline mhq_run *mhq_done_take(mhq_done *done)
{
    mhq_run *run = mhq_swap_acq(&done->top, NULL); /* [run] acquired */
    mhq_run *first = NULL;
    while (run != NULL) {
        mhq_run *next = run->next;
        run->next = first;
        first = run;
        run = next;
    }
    return first;
}

#endif
