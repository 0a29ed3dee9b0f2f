/* fs/fingerprints.c - see fs/fingerprints.h. */
#include "fs/fingerprints.h"

#include <errno.h>

#include "sys/calls.h"

/* Its place, or the free one where it belongs. */
static uint64_t *place_of(const mhq_prints *set, uint64_t print)
{
    size_t at = (size_t)(print >> 1) & (set->room - 1);
    while (set->prints[at] && set->prints[at] != print)
        at = (at + 1) & (set->room - 1);
    return &set->prints[at];
}

static int grow(mhq_fs *fs, mhq_prints *set)
{
    mhq_prints larger = { .room = set->room ? set->room * 2 : 256, .count = set->count };
    larger.prints = fs->sys->zeroed(larger.room, sizeof *larger.prints);
    if (larger.prints == NULL)
        return ENOMEM;
    for (size_t i = 0; i < set->room; i++)
        if (set->prints[i])
            *place_of(&larger, set->prints[i]) = set->prints[i];
    fs->sys->release(set->prints);
    *set = larger;
    return 0;
}

int mhq_prints_add(mhq_fs *fs, mhq_prints *set, uint64_t print)
{
    if (set->count >= set->room / 3 * 2) {
        int error = grow(fs, set);
        if (error)
            return error;
    }
    uint64_t *place = place_of(set, print);
    set->count += *place == 0;
    *place = print;
    return 0;
}

int mhq_prints_have(const mhq_prints *set, uint64_t print)
{
    return set->room && *place_of(set, print);
}

void mhq_prints_fini(mhq_fs *fs, mhq_prints *set)
{
    fs->sys->release(set->prints);
    *set = (mhq_prints){ .prints = NULL };
}
