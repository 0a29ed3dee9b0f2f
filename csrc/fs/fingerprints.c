/* fs/fingerprints.c - see fs/fingerprints.h. */
#include "fs/fingerprints.h"

#include <errno.h>

#include "sys/calls.h"

/* Its place, or the free one where it belongs. */
static uint64_t *place_of(const mhq_fingerprints *set, uint64_t fingerprint)
{
    size_t at = (size_t)(fingerprint >> 1) & (set->capacity - 1);
    while (set->slots[at] && set->slots[at] != fingerprint)
        at = (at + 1) & (set->capacity - 1);
    return &set->slots[at];
}

static int grow(mhq_fs *fs, mhq_fingerprints *set)
{
    mhq_fingerprints larger = { .capacity = set->capacity ? set->capacity * 2 : 256, .count = set->count };
    larger.slots = fs->sys->zeroed(larger.capacity, sizeof *larger.slots);
    if (larger.slots == NULL)
        return ENOMEM;
    for (size_t i = 0; i < set->capacity; i++)
        if (set->slots[i])
            *place_of(&larger, set->slots[i]) = set->slots[i];
    fs->sys->release(set->slots);
    *set = larger;
    return 0;
}

int mhq_fingerprints_add(mhq_fs *fs, mhq_fingerprints *set, uint64_t fingerprint)
{
    if (set->count >= set->capacity / 3 * 2) {
        int error = grow(fs, set);
        if (error)
            return error;
    }
    uint64_t *place = place_of(set, fingerprint);
    set->count += *place == 0;
    *place = fingerprint;
    return 0;
}

int mhq_fingerprints_have(const mhq_fingerprints *set, uint64_t fingerprint)
{
    return set->capacity && *place_of(set, fingerprint);
}

void mhq_fingerprints_fini(mhq_fs *fs, mhq_fingerprints *set)
{
    fs->sys->release(set->slots);
    *set = (mhq_fingerprints){ .slots = NULL };
}
