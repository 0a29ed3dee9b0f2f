/* baton.c - see baton.h for the invariant B1. */
#include "baton.h"

int mhq_baton_wait(mhq_baton *baton, uint32_t me)
{
    mhq_parker *parker = &baton->waiting[me];
    for (;;) {
        if (mhq_load_acq(&baton->holder) == me) /* [baton] */
            return 1;
        if (mhq_load_acq(&baton->finished))
            return 0;
        mhq_park_prepare(parker);
        if (mhq_load_sc(&baton->holder) == me || mhq_load_sc(&baton->finished)) /* [P2] */
            mhq_park_cancel(parker);
        else
            mhq_park_wait(parker, -1);
    }
}

void mhq_baton_away(mhq_baton *baton, uint32_t me, uint32_t away)
{
    mhq_store_rlx(&baton->away[me], away);
}

int mhq_baton_sister_away(mhq_baton *baton, uint32_t me)
{
    return mhq_load_rlx(&baton->away[1 - me]) != 0;
}

int mhq_baton_pass(mhq_baton *baton, uint32_t me)
{
    mhq_store_sc(&baton->holder, 1 - me); /* [baton]; [W1] */
    return mhq_unpark(&baton->waiting[1 - me]);
}

void mhq_baton_finish(mhq_baton *baton, uint32_t me)
{
    mhq_store_sc(&baton->finished, 1); /* [W1] */
    mhq_unpark(&baton->waiting[1 - me]);
}
