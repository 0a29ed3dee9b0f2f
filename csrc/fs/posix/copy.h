/* fs/posix/copy.h - copying a file's contents and metadata. */
#ifndef MHQ_FS_POSIX_COPY_H
#define MHQ_FS_POSIX_COPY_H

#include "fs/posix/io.h"

/* Extended attributes, permission bits, times (last), by descriptor; for files and directories.
 * `ownership`: also owner and group where permitted, before everything else (a move). setuid and
 * setgid are kept only if the new file's owner and group equal the source's. An ACL is the
 * source's or none: an inherited one is removed, and where the source's cannot be set the group
 * keeps only what its entry there gives it. File systems that have no owners, permissions or
 * settable times are no failure. *side: 0 if the source failed, 1 if the target did. */
int mhq_copy_metadata(mhq_fs *fs, int from, const struct stat *st, int to, int ownership,
                      int *side);

/* What a new version of a file takes over from the old one: all of that but the times. `from`: -1
 * where it cannot be read; then its owner and mode are taken over. */
int mhq_take_over(mhq_fs *fs, int from, const struct stat *st, int to);

/* For a new directory that is going to be filled: what is made in it inherits no ACL. */
int mhq_inherit_nothing(mhq_fs *fs, int to);

enum mhq_copy_how {
    MHQ_KEEP_OWNER = 1,
    MHQ_IN_BARE_TREE = 2 /* after mhq_inherit_nothing: dir2 gives what is made in it no ACL */
};

/* Copies the regular file `name` in `dir` (not through a link) to the name `name2` in `dir2`,
 * which must not exist, in place: the target's name appears half-written. For trees that are
 * being built out of sight. On failure nothing is left under name2. *side: 0 if the source
 * failed, 1 if the target did. `expect`: the stat of the source, of which another inode is
 * ESTALE; or NULL. So is, with MHQ_KEEP_OWNER (a move), a source that has more bytes by now than it gave.
 * how: of mhq_copy_how. */
int mhq_copy_file_at(mhq_fs *fs, int dir, const char *name, const struct stat *expect, int dir2,
                     const char *name2, int how, int *side);

#endif
