/* fs/posix/seen.c - see fs/posix/seen.h. */
#include "fs/posix/seen.h"

/* Neither the link count, which the removal of another name changes, nor what reading it changes.
 * Never 0, which is a free place. */
static uint64_t fingerprint(const struct stat *st)
{
    uint64_t x = mhq_mix((uint64_t)st->st_dev + UINT64_C(0x9e3779b97f4a7c15));
    x = mhq_mix(x ^ (uint64_t)st->st_ino);
    x = mhq_mix(x ^ (uint64_t)(st->st_mode & S_IFMT));
    if (S_ISREG(st->st_mode) || S_ISLNK(st->st_mode)) {
        x = mhq_mix(x ^ (uint64_t)st->st_size);
        x = mhq_mix(x ^ (uint64_t)st->st_mtim.tv_sec);
        x = mhq_mix(x ^ (uint64_t)st->st_mtim.tv_nsec);
    }
    return x | 1;
}

int mhq_seen_add(mhq_fs *fs, mhq_fingerprints *seen, const struct stat *st)
{
    return mhq_fingerprints_add(fs, seen, fingerprint(st));
}

int mhq_seen_check(const mhq_fingerprints *seen, const struct stat *st)
{
    return mhq_fingerprints_have(seen, fingerprint(st)) ? 0 : ESTALE;
}
