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

int mhq_seen_open(mhq_fs *fs, mhq_seen *seen)
{
    seen->things = (mhq_fingerprints){.slots = NULL};
    return mhq_temporary_name(fs, seen->aside);
}

void mhq_seen_close(mhq_fs *fs, mhq_seen *seen)
{
    mhq_fingerprints_fini(fs, &seen->things);
}

int mhq_seen_add(mhq_fs *fs, mhq_seen *seen, const struct stat *st)
{
    return mhq_fingerprints_add(fs, &seen->things, fingerprint(st));
}

int mhq_seen_check(const mhq_seen *seen, const struct stat *st)
{
    return mhq_fingerprints_have(&seen->things, fingerprint(st)) ? 0 : ESTALE;
}

static int check(mhq_fs *fs, const mhq_seen *seen, int dir, const char *name)
{
    struct stat st;
    int error = mhq_stat(fs, dir, name, AT_SYMLINK_NOFOLLOW, &st);
    if (error)
        return error;
    return S_ISDIR(st.st_mode) ? EISDIR : mhq_seen_check(seen, &st);
}

int mhq_seen_unlink(mhq_fs *fs, const mhq_seen *seen, int dir, const char *name, int *left)
{
    const char *aside = seen->aside;
    *left = 0;
    int error = check(fs, seen, dir, name);
    if (!error)
        error = mhq_rename(fs, dir, name, dir, aside);
    if (error)
        return error;
    error = check(fs, seen, dir, aside);
    if (!error)
        error = mhq_unlink(fs, dir, aside, 0);
    if (error && error != ENOENT) {
        /* Directories have no links: for them this renames or fails. */
        int taken, failure = mhq_commit_file(fs, dir, aside, dir, name, &taken);
        *left = failure != 0;
    }
    return error;
}
