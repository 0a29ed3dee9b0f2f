/* fs/win/copy_tree.h - copying trees. */
#ifndef MHQ_FS_WIN_COPY_TREE_H
#define MHQ_FS_WIN_COPY_TREE_H

#include "fs/win/io.h"
#include "fs/win/path.h"

/* Copies a tree, out of sight and then committed, from `path` to path2, which must not exist.
 * `copied`: a move's: notes everything as it was before it was read. NULL: the top may be a link to
 * a directory. */
void mhq_copy_tree(mhq_fs *fs, const mhq_path *path, const char *shown, const mhq_path *path2,
                   const char *shown2, mhq_fingerprints *copied, mhq_run *run);

#endif
