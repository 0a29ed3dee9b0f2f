/* fs/posix/seen.h - what the move of a tree has copied, so that nothing else is removed with its source.
 *
 * Between the copying and the removal others may write to a file, or put new ones into the tree. A
 * set of fingerprints (fs/fingerprints.h) remembers each thing as it was before it was read.
 */
#ifndef MHQ_FS_POSIX_SEEN_H
#define MHQ_FS_POSIX_SEEN_H

#include "fs/fingerprints.h"
#include "fs/posix/commit.h"

typedef struct mhq_seen {
    mhq_fingerprints things;
    char aside[MHQ_TEMPORARY]; /* the name that what is removed is renamed to first */
} mhq_seen;

/* Makes an empty set. mhq_seen_close may be called whether this succeeded or not. */
int mhq_seen_open(mhq_fs *fs, mhq_seen *seen);
void mhq_seen_close(mhq_fs *fs, mhq_seen *seen);

/* `st`: as it was before it was read. */
int mhq_seen_add(mhq_fs *fs, mhq_seen *seen, const struct stat *st);

/* 0 if it is there and has not changed since, else ESTALE. */
int mhq_seen_check(const mhq_seen *seen, const struct stat *st);

/* Removes the moved `name` in `dir`, which is no directory, if it is in the set. It is renamed aside
 * first, so that what takes its name meanwhile stays. ESTALE, or EISDIR: it is not what was copied,
 * and has its name. *left: it could not get that back, and is still under seen->aside. */
int mhq_seen_unlink(mhq_fs *fs, const mhq_seen *seen, int dir, const char *name, int *left);

#endif
