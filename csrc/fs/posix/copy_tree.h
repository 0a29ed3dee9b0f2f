/* fs/posix/copy_tree.h - copying trees. */
#ifndef MHQ_FS_POSIX_COPY_TREE_H
#define MHQ_FS_POSIX_COPY_TREE_H

#include "fs/posix/seen.h"

/* Copies a tree, out of sight and then committed: from the open directory `from` (taken) to `name`
 * in `dir`, which must not exist. A move, which keeps owners, notes what it has copied in `seen`;
 * a copy has NULL. */
void mhq_copy_tree_at(mhq_fs *fs, int from, const char *shown, int dir, const char *name,
                      const char *shown2, mhq_seen *seen, mhq_run *run);

#endif
