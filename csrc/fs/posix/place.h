/* fs/posix/place.h - the place that a name is in: the parent directory, open, and the last component.
 *
 * All work on what a path names is relative to that descriptor, so that the name means the same
 * from the first check to the commit, whatever becomes of the path that led there.
 */
#ifndef MHQ_FS_POSIX_PLACE_H
#define MHQ_FS_POSIX_PLACE_H

#include "fs/posix/io.h"

/* The parent directory of a path, opened (MHQ_O_PLACE), and its last component.
 * Trailing slashes are stripped into `name` storage. For the commit and the walkers: all work
 * below is relative to that descriptor. */
typedef struct mhq_place {
    int dir;               /* -1: not open */
    const char *name;      /* the last component: inside `storage` */
    char *storage;
} mhq_place;

int mhq_place_open(mhq_fs *fs, const char *path, mhq_place *place);
void mhq_place_close(mhq_fs *fs, mhq_place *place);

/* Reports to the owner that `name`, which lies next to `shown`, could not be removed. */
void mhq_report_leftover(mhq_fs *fs, const char *shown, const char *name);

/* Whether the open directory `dir` is the directory `top`, or lies below it. No, where the way up
 * cannot be seen. */
int mhq_is_within(mhq_fs *fs, int dir, const struct stat *top);

#endif
