/* fs/posix/delete.h - deleting trees. */
#ifndef MHQ_FS_POSIX_DELETE_H
#define MHQ_FS_POSIX_DELETE_H

#include "fs/posix/place.h"
#include "fs/posix/seen.h"

/* The checks design.md asks for before a tree is touched: EINVAL/EBUSY for the root, a last
 * component of '.' or '..', a link (ENOTDIR), anything but a directory (ENOTDIR), a mount point
 * (EBUSY). Opens *place. */
int mhq_place_open_tree(mhq_fs *fs, const char *path, mhq_place *place);

/* Deletes the tree `name` in `dir`; ENOTDIR where that is no directory. The top has been checked
 * by the caller (no '.' or '..'). `expect`: another top than this one is ESTALE (NULL: any).
 * `shown` is the path that errors name the top by: MHQ_AT_PATH, with MHQ_AT_BUFFER below it.
 * `own`: built by us; directories are made writable on the way. `seen`: what is not in it is
 * ESTALE, and stays (NULL: all goes). */
void mhq_delete_known(mhq_fs *fs, int dir, const char *name, const struct stat *expect,
                      const char *shown, int own, const mhq_seen *seen, mhq_run *run);

#endif
