/* fs/posix/commit.h - how a finished copy gets its name: temporary names, and the chain of calls that
 * renames without replacing. */
#ifndef MHQ_FS_POSIX_COMMIT_H
#define MHQ_FS_POSIX_COMMIT_H

#include "fs/posix/io.h"

/* Whether a directory that could not be removed, by this error, is there and ours: what has been
 * filled or replaced meanwhile is not ours. */
static inline int mhq_stays(int error)
{
    return error && error != ENOENT && error != ENOTDIR && error != ENOTEMPTY && error != EEXIST;
}

#define MHQ_TEMPORARY 24 /* bytes of a temporary name, its NUL included */

/* A random temporary name, ".mhddq-" and 16 hex digits. */
int mhq_temporary_name(mhq_fs *fs, char name[MHQ_TEMPORARY]);

/* Gives the finished file its name: rename without replacing (renameat2, else link and unlink,
 * else reserve with O_EXCL and rename over one's own reservation). EEXIST where it is taken.
 * *left is whether, after a failure, `name` is there all the same, because it could not be
 * removed again (the steps of the fallbacks are undone in case of failure). */
int mhq_commit_file(mhq_fs *fs, int dir, const char *temporary, int dir2, const char *name,
                    int *left);

/* Gives a directory its name without replacing anything (renameat2, else rename over an empty
 * directory that was made for it): EEXIST where it is taken. `shown` is what name2 is reported by
 * where it was made and cannot be removed. */
int mhq_commit_directory(mhq_fs *fs, int dir, const char *name, int dir2, const char *name2,
                         const char *shown);

/* Whether a directory is to be moved to below itself, which must not touch it. `name2` is a path
 * where dir2 is AT_FDCWD, else a name. */
int mhq_is_below_itself(mhq_fs *fs, int dir, const char *name, int dir2, const char *name2);

#endif
