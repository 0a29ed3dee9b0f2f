/* fs/win/delete.h - deleting trees. */
#ifndef MHQ_FS_WIN_DELETE_H
#define MHQ_FS_WIN_DELETE_H

#include "fs/win/io.h"
#include "fs/win/path.h"

/* The checks before a tree is touched: the root (EBUSY), a last component of '.' or '..' (EINVAL),
 * a link, anything but a directory (ERROR_DIRECTORY). */
int mhq_check_tree(mhq_fs *fs, const char *given, const mhq_path *path, mhq_file_info *seen);

/* Deletes the tree; `expect`: another top than this one is MHQ_CHANGED. `shown` is the path that errors
 * name the top by: MHQ_AT_PATH, with MHQ_AT_BUFFER below it. `own`: built by us, so read-only
 * entries go too. `copied`, unless NULL: what is not in it stays, MHQ_CHANGED. */
void mhq_delete_tree(mhq_fs *fs, const mhq_path *path, const mhq_file_info *expect, const char *shown,
                     int own, const mhq_fingerprints *copied, mhq_run *run);

/* Marks what is open to be removed when the handle is closed. `own`: also if it is read-only. */
int mhq_dispose(mhq_fs *fs, HANDLE handle, int own);

#endif
