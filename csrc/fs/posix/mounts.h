/* fs/posix/mounts.h - which mount a directory or an entry is on: a deletion or a move never leaves
 * its own. */
#ifndef MHQ_FS_POSIX_MOUNTS_H
#define MHQ_FS_POSIX_MOUNTS_H

#include "fs/posix/io.h"

/* The number of the mount that an open directory is on. */
int mhq_mount_of(mhq_fs *fs, int fd, uint64_t *id);

/* Opens a directory for a walk, if it is on `mount`; else EBUSY. */
int mhq_open_inside(mhq_fs *fs, uint64_t mount, int dir, const char *name, int *fd);

/* 0, or EBUSY where `name` in `dir` is a mount point. */
int mhq_check_mount(mhq_fs *fs, int dir, const char *name);

/* mhq_check_mount for a whole tree, with the path of what it found. */
void mhq_find_mounts(mhq_fs *fs, int dir, const char *name, const char *shown, mhq_run *run);

#endif
