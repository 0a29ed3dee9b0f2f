/* core/fate.c - see core/fate.h for the invariant C1. */
#include "core/fate.h"

#include "sys/calls.h"

mhq_fate *mhq_fate_new(void)
{
    mhq_fate *fate = mhq_calls_real.zeroed(1, sizeof *fate); /* zero is QUEUED */
    if (fate != NULL)
        mhq_store_rlx(&fate->references, 1);
    return fate;
}

void mhq_fate_hold(mhq_fate *fate)
{
    mhq_add_rlx(&fate->references, 1);
}

void mhq_fate_drop(mhq_fate *fate)
{
    if (mhq_sub_ar(&fate->references, 1) == 1)
        mhq_calls_real.release(fate);
}

enum mhq_state mhq_fate_state(const mhq_fate *fate)
{
    return (enum mhq_state)mhq_load_acq(&fate->state); /* [fate] */
}

int mhq_skip(mhq_fate *fate)
{
    return mhq_fate_move(fate, MHQ_QUEUED, MHQ_SKIPPED);
}
