/* fs/win/parents.h - the parent directories of a target, made where they are missing, and removed
 * again when the target comes to nothing. */
#ifndef MHQ_FS_WIN_PARENTS_H
#define MHQ_FS_WIN_PARENTS_H

#include "fs/win/io.h"
#include "fs/win/path.h"

/* Makes the parents that are missing; *first: where the path of the first of them ends, 0: none was
 * made. *doubt: an error that keeps the stat of one of them from being known; it is taken to be there.
 * `top`, unless INVALID_HANDLE_VALUE: a directory in which none is made, EINVAL. */
int mhq_parents_make(mhq_fs *fs, mhq_path *path, HANDLE top, size_t *first, int *doubt);

/* Removes those from `first` on, the deepest first, as far as they are empty. */
void mhq_parents_remove(mhq_fs *fs, mhq_path *path, size_t first);

/* Whether `path` is the directory `top` or lies below it. */
int mhq_is_within(mhq_fs *fs, HANDLE top, const mhq_path *path);

#endif
