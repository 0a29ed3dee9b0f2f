/* fs/version.h - the new version of a file that is opened with atomic=True, until it is closed.
 *
 * It is written under a temporary name. Committed, the file has it whole; in every other case, a failed
 * write and a handle that is never closed included, the old version is whole and nothing is left.
 */
#ifndef MHQ_FS_VERSION_H
#define MHQ_FS_VERSION_H

#include "fs/fs.h"

struct mhq_calls;
typedef struct mhq_version mhq_version;

/* fs/posix/replace.c, fs/win/replace.c: 0 or an error of the platform's ------------------------- */

/* `mode`: enum mhq_open_mode; with MHQ_OPEN_IS_FIRST the name must be free, now and at the commit. The
 * descriptor is the caller's. */
int mhq_version_open(mhq_fs *fs, const char *path, uint32_t mode, mhq_version **version,
                     intptr_t *descriptor);
/* Before the descriptor is closed: what the old version had is taken over, and all is synced. */
int mhq_version_prepare(mhq_fs *fs, mhq_version *version, intptr_t descriptor);
/* After that: one of these ends the version. `forget` is the forked child's: the parent ends it. */
int mhq_version_publish(mhq_fs *fs, mhq_version *version);
void mhq_version_drop(mhq_fs *fs, mhq_version *version);
void mhq_version_forget(const struct mhq_calls *sys, mhq_version *version);

#endif
