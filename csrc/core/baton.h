/* core/baton.h - which of the two I/O threads may touch the disk and the ring's consumer side.
 *
 * Invariant B1: `holder` names the one thread that pops, runs and publishes. It is changed only by
 * that thread. All of the consumer's state (head, the overflow's front, the traversal of a list)
 * passes with it: [baton] released by the giver, acquired by the taker.
 */
#ifndef MHQ_CORE_BATON_H
#define MHQ_CORE_BATON_H

#include "core/park.h"

typedef struct mhq_baton {
    _Atomic uint32_t holder;   /* 0 or 1 */
    _Atomic uint32_t finished; /* the queue has drained: no thread needs the baton any more */
    mhq_parker waiting[2];     /* each thread's own, for when the other has the baton */
} mhq_baton;

/* Thread `me` waits for the baton. 1: it has it; 0: there is nothing more to do. */
int mhq_baton_wait(mhq_baton *baton, uint32_t me);
/* The holder gives the baton to the other thread, and wakes it. 1: this took a wake-up. */
int mhq_baton_pass(mhq_baton *baton, uint32_t me);
/* The holder: the queue has drained, and no thread waits for the baton any more. */
void mhq_baton_finish(mhq_baton *baton, uint32_t me);

#endif
