/* core/baton.c - see core/baton.h for the invariant B1. */
#include "core/baton.h"

struct turn {
    mhq_baton *baton;
    uint32_t me;
};

static int is_over_or_mine(void *what)
{
    const struct turn *turn = what;
    return mhq_load_sc(&turn->baton->holder) == turn->me /* [baton], [P2] */
           || mhq_load_sc(&turn->baton->finished);       /* [P2] */
}

int mhq_baton_wait(mhq_baton *baton, uint32_t me)
{
    struct turn turn = {baton, me};
    mhq_park_until(&baton->waiting[me], 0, -1, is_over_or_mine, &turn);
    return mhq_load_acq(&baton->holder) == me; /* [baton] */
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
