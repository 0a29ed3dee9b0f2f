/* fs/posix/sync.c - what is written reaches the disk. See fs/posix/replace.h. */
#include "fs/posix/replace.h"

int mhq_sync_file(mhq_fs *fs, int fd)
{
    int error;
    MHQ_TRY(error, fs->sys->fsync(fd));
    return error;
}

/* File systems that cannot sync a directory (those of servers mostly) see to its entries themselves.
 * XFS that has shut itself down after an error of the disk reports success, though nothing is written
 * any more; but then its stat fails. */
int mhq_sync_directory(mhq_fs *fs, int fd)
{
    struct stat st;
    int error = mhq_sync_file(fs, fd);
    if (error == EINVAL || mhq_unsupported(error))
        return 0;
    return error ? error : mhq_stat_fd(fs, fd, &st);
}
