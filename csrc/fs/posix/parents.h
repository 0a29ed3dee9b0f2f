/* fs/posix/parents.h - the parent directories of a target, made where they are missing, and removed
 * again when the target comes to nothing. */
#ifndef MHQ_FS_POSIX_PARENTS_H
#define MHQ_FS_POSIX_PARENTS_H

#include "fs/posix/place.h"

/* The way to a target: its parent, open, and which of the directories on the way we made. */
typedef struct mhq_parents {
    mhq_place place;
    const char *path;  /* as given */
    char **names;      /* those that were made, in order; inside place.storage, where in `path` */
    size_t made;
} mhq_parents;

/* Opens the parent of `path`, made where it is missing. On failure nothing of it stays. EINVAL, before
 * anything is made, where something is missing and what exists lies within the directory `top`. */
int mhq_parents_open(mhq_fs *fs, const char *path, const struct stat *top, mhq_parents *parents);

/* Removes those that were made: they are empty, or another program uses them; then
 * they stay. */
void mhq_parents_remove(mhq_fs *fs, mhq_parents *parents);

void mhq_parents_close(mhq_fs *fs, mhq_parents *parents);

#endif
