/* fs_seen.c - what the move of a tree has copied, so that nothing else is removed with its source.
 *
 * Between the copying and the removal others may write to a file, or put new ones into the tree. A
 * set of fingerprints remembers each thing as it was before it was read: 8 bytes, a third of the
 * table free. A changed thing takes the fingerprint of another one by a chance of 2^-63 times
 * their number.
 */
#include "fs_walk.h"

/* Finalizer of splitmix64. */
static uint64_t mix(uint64_t x)
{
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

/* Neither the link count, which the removal of another name changes, nor what a look changes.
 * Never 0, which is a free place. */
static uint64_t fingerprint(const struct stat *st)
{
    uint64_t x = mix((uint64_t)st->st_dev + UINT64_C(0x9e3779b97f4a7c15));
    x = mix(x ^ (uint64_t)st->st_ino);
    x = mix(x ^ (uint64_t)(st->st_mode & S_IFMT));
    if (S_ISREG(st->st_mode) || S_ISLNK(st->st_mode)) {
        x = mix(x ^ (uint64_t)st->st_size);
        x = mix(x ^ (uint64_t)st->st_mtim.tv_sec);
        x = mix(x ^ (uint64_t)st->st_mtim.tv_nsec);
    }
    return x | 1;
}

/* Its place, or the free one where it belongs. */
static uint64_t *place_of(const mhq_seen *seen, uint64_t print)
{
    size_t at = (size_t)(print >> 1) & (seen->room - 1);
    while (seen->prints[at] && seen->prints[at] != print)
        at = (at + 1) & (seen->room - 1);
    return &seen->prints[at];
}

static int grow(mhq_fs *fs, mhq_seen *seen)
{
    mhq_seen larger = { .room = seen->room ? seen->room * 2 : 256, .count = seen->count };
    larger.prints = fs->sys->zeroed(larger.room, sizeof *larger.prints);
    if (larger.prints == NULL)
        return ENOMEM;
    for (size_t i = 0; i < seen->room; i++)
        if (seen->prints[i])
            *place_of(&larger, seen->prints[i]) = seen->prints[i];
    fs->sys->release(seen->prints);
    *seen = larger;
    return 0;
}

int mhq_seen_add(mhq_fs *fs, mhq_seen *seen, const struct stat *st)
{
    if (seen->count >= seen->room / 3 * 2) {
        int error = grow(fs, seen);
        if (error)
            return error;
    }
    uint64_t print = fingerprint(st), *place = place_of(seen, print);
    seen->count += *place == 0;
    *place = print;
    return 0;
}

int mhq_seen_check(const mhq_seen *seen, const struct stat *st)
{
    return seen->room && *place_of(seen, fingerprint(st)) ? 0 : ESTALE;
}

void mhq_seen_fini(mhq_fs *fs, mhq_seen *seen)
{
    fs->sys->release(seen->prints);
    *seen = (mhq_seen){ .prints = NULL };
}
