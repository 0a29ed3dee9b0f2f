/* fs/posix/rename.h - renames, and another spelling of the same name (case). */
#ifndef MHQ_FS_POSIX_RENAME_H
#define MHQ_FS_POSIX_RENAME_H

#include "fs/posix/place.h"

/* Where path2 is the directory `place` (path `shown`) itself: *same is 1 if it has that name, 2
 * if it has been renamed, from another spelling of the name (case), 2 also if that failed.
 * Otherwise 0. */
int mhq_case_rename(mhq_fs *fs, const mhq_place *place, const char *shown, const char *path2,
                int *same);

#endif
