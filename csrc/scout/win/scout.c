/* scout/win/scout.c - no scout on Windows: a second handle would break exclusive opens, and leave
 * deletes pending. See scout/scout.h. */
#include "scout/scout.h"

int mhq_scout_rotates(const mhq_calls *sys, const char *path, uint64_t device)
{
    (void)sys, (void)path, (void)device;
    return 0;
}

mhq_scout *mhq_scout_start(const mhq_calls *sys, uint32_t ahead, uint64_t bytes)
{
    (void)sys, (void)ahead, (void)bytes;
    return NULL;
}

/* The rest is called only with a scout that has been started. */

void mhq_scout_leave(mhq_scout *scout)
{
    (void)scout;
}

enum mhq_mood mhq_scout_mood(mhq_scout *scout)
{
    (void)scout;
    return MHQ_SCOUT_OFF;
}

mhq_prospect *mhq_prospect_new(const mhq_calls *sys, uint64_t serial, const char *path,
                               const char *path2)
{
    (void)sys, (void)serial, (void)path, (void)path2;
    return NULL;
}

void mhq_prospect_link(mhq_prospect *last, mhq_prospect *next)
{
    (void)last, (void)next;
}

void mhq_prospect_drop(const mhq_calls *sys, mhq_prospect *first)
{
    (void)sys, (void)first;
}

void mhq_scout_hand(mhq_scout *scout, mhq_prospect *first)
{
    (void)scout, (void)first;
}

void mhq_scout_no_more(mhq_scout *scout)
{
    (void)scout;
}

void mhq_scout_passed(mhq_scout *scout, uint64_t serial)
{
    (void)scout, (void)serial;
}

int mhq_scout_settle(mhq_scout *scout, int64_t timeout_ns)
{
    (void)scout, (void)timeout_ns;
    return 1;
}

void mhq_scout_tree_begin(mhq_scout *scout, const char *path, uint64_t device, uint64_t inode)
{
    (void)scout, (void)path, (void)device, (void)inode;
}

void mhq_scout_tree_file(mhq_scout *scout)
{
    (void)scout;
}

void mhq_scout_tree_end(mhq_scout *scout)
{
    (void)scout;
}

void mhq_scout_count(mhq_scout *scout, mhq_scout_counts *counts)
{
    (void)scout;
    *counts = (mhq_scout_counts){0};
}
