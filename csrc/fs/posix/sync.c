/* fs/posix/sync.c - what is written reaches the disk. See fs/posix/replace.h. */
#include "fs/posix/replace.h"

int mhq_sync_file(mhq_fs *fs, int fd)
{
    int error;
    MHQ_TRY(error, fs->sys->fsync(fd));
    return error;
}

/* File systems that cannot sync a directory (those of servers mostly) see to its entries themselves. */
int mhq_sync_directory(mhq_fs *fs, int fd)
{
    int error = mhq_sync_file(fs, fd);
    return error == EINVAL || mhq_unsupported(error) ? 0 : error;
}
