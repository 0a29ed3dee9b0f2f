/* fs/posix/special.h - copying links, FIFOs and sockets. */
#ifndef MHQ_FS_POSIX_SPECIAL_H
#define MHQ_FS_POSIX_SPECIAL_H

#include "fs/posix/io.h"

/* Copies what is neither a directory nor a regular file to a name that must not exist: a link
 * as a link, a FIFO or socket as a node; MHQ_ENOTREGULAR for devices. *side as
 * mhq_copy_file_at. On failure nothing is left under name2. */
int mhq_copy_special(mhq_fs *fs, int dir, const char *name, const struct stat *st, int dir2,
                     const char *name2, int ownership, int *side);

/* fs/linux/file.c, fs/macos/file.c */

/* Owner (with `ownership`) and mode of a link or a node that was made under name2 in dir2,
 * best effort. By a descriptor: where others may write to the directory, the name can be that of a
 * file of theirs by now, or another name of a file that is not ours; then ESTALE. */
int mhq_apply_node_metadata(mhq_fs *fs, const struct stat *st, int dir2, const char *name2, int ownership);

#endif
