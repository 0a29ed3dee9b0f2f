/* park.h - how a thread sleeps until another has something for it. One sleeper per parker.
 *
 * The sleeper                         The waker
 *   prepare: state = PARKED  (sc) [P1]  makes the condition true      (sc) [W1]
 *   looks at the condition   (sc) [P2]  unpark: looks at the state    (sc) [W2]
 *   wait, or cancel                     if PARKED: state = AWAKE, wake
 *
 * Invariant: if the condition became true, the sleeper sees it at P2, or the waker sees PARKED
 * at W2. Each side stores one word and then loads the other's, so all four are seq_cst: with
 * release and acquire both may read the old value, and the wake-up is lost.
 */
#ifndef MHQ_PARK_H
#define MHQ_PARK_H

#include "sys.h"

enum { MHQ_AWAKE = 0, MHQ_PARKED = 1 };

typedef struct mhq_parker {
    _Atomic uint32_t state;
    _Atomic uint64_t parks; /* times slept: the sleeper counts */
} mhq_parker;

static inline void mhq_park_prepare(mhq_parker *parker)
{
    mhq_store_sc(&parker->state, MHQ_PARKED); /* [P1] */
}

static inline void mhq_park_cancel(mhq_parker *parker)
{
    mhq_store_rlx(&parker->state, MHQ_AWAKE);
}

/* Sleeps until unparked or until timeout_ns (negative: for ever) have passed once. */
static inline void mhq_park_wait(mhq_parker *parker, int64_t timeout_ns)
{
    mhq_bump(&parker->parks, 1);
    while (mhq_load_acq(&parker->state) == MHQ_PARKED) {
        mhq_futex_wait(&parker->state, MHQ_PARKED, timeout_ns);
        if (timeout_ns >= 0)
            break;
    }
    mhq_park_cancel(parker);
}

static inline int mhq_is_parked(mhq_parker *parker)
{
    return mhq_load_sc(&parker->state) == MHQ_PARKED; /* [W2] */
}

/* Wakes the sleeper if there is one. 1: a wake-up was paid for. */
static inline int mhq_unpark(mhq_parker *parker)
{
    if (mhq_is_parked(parker) && mhq_swap_sc(&parker->state, MHQ_AWAKE) == MHQ_PARKED) {
        mhq_futex_wake(&parker->state, 1);
        return 1;
    }
    return 0;
}

#endif
