/* core/baton.h - which of the two I/O threads may touch the disk and the consumer's end of the ring.
 *
 * Invariant B1: `holder` names the one thread that pops, runs and publishes. It is changed only by
 * that thread. All of the consumer's state (head, the overflow's front, the walk of a list)
 * passes with it: [baton] released by the giver, acquired by the taker.
 */
#ifndef MHQ_CORE_BATON_H
#define MHQ_CORE_BATON_H

#include "core/park.h"

typedef struct mhq_baton {
    _Atomic uint32_t holder;   /* 0 or 1 */
    _Atomic uint32_t finished; /* the queue has drained: nobody needs the baton any more */
    _Atomic uint32_t away[2];  /* each thread's own: she is where a disk may hold her up */
    mhq_parker waiting[2];     /* each thread's own, for when her sister has the baton */
} mhq_baton;

/* Thread `me`: 1 when she has the baton, 0 when there is nothing more to do. */
int mhq_baton_wait(mhq_baton *baton, uint32_t me);
/* Thread `me`, around what may block her: `away` 1, and 0 when she is back. */
void mhq_baton_away(mhq_baton *baton, uint32_t me, uint32_t away);
/* The holder: is her sister away? An old answer does no harm: the trade comes an operation later,
 * or the disk waits until she is back. */
int mhq_baton_sister_away(mhq_baton *baton, uint32_t me);
/* The holder gives it to her sister, and wakes her. 1: a wake-up was paid for. */
int mhq_baton_pass(mhq_baton *baton, uint32_t me);
/* The holder: the end. */
void mhq_baton_finish(mhq_baton *baton, uint32_t me);

#endif
