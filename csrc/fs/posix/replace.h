/* fs/posix/replace.h - a whole new version of a file, or the old one: file_replace, and files that are
 * opened with atomic=True.
 *
 * What is written goes into a temporary beside the target, and gets the target's name when it is
 * complete. Until then the old version is whole; from then on the new one is.
 */
#ifndef MHQ_FS_POSIX_REPLACE_H
#define MHQ_FS_POSIX_REPLACE_H

#include "fs/posix/commit.h"
#include "fs/posix/place.h"
#include "fs/version.h"

/* A version under way. One thread at a time has it. */
struct mhq_version {
    mhq_place place;       /* of the target, links followed */
    char *shown;           /* its path, as leftovers are reported by */
    int fd;                /* the temporary; -1: closed */
    mode_t mode;           /* of the file that was there at the beginning; 0: nothing was */
    int only_new;          /* the name must be free: a link is not followed, nothing is replaced */
    int durable;
    char temporary[MHQ_TEMPORARY];
};

/* Makes the temporary and opens it for writing (`access`: O_WRONLY or O_RDWR), as version->only_new and
 * version->durable ask: EEXIST where the name is not free; the directory must be readable where it is
 * going to be synced. On failure nothing is left. */
int mhq_version_begin(mhq_fs *fs, const char *path, int access, mhq_version *version);

/* Takes over mode, owner, ACL and attributes of what is replaced, closes the temporary, gives it its
 * name, and ends the version. On failure the old one is whole and no temporary is left; but where
 * syncing the directory fails, which comes last, the new one is visible. */
int mhq_version_commit(mhq_fs *fs, mhq_version *version);

/* Removes the temporary, and ends the version; a leftover is reported. */
void mhq_version_discard(mhq_fs *fs, mhq_version *version);

/* fs/posix/sync.c: fsync of a file, and of an open directory, whose file system may have no such thing. */
int mhq_sync_file(mhq_fs *fs, int fd);
int mhq_sync_directory(mhq_fs *fs, int fd);

#endif
