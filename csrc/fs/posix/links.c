/* fs/posix/links.c - link_create, link_read. */
#include "fs/posix/io.h"

#include <string.h>

/* A hard link to a symbolic link is a second name of that link. */
void mhq_fs_link_create(mhq_fs *fs, const mhq_op *op, mhq_run *run)
{
    int error;
    if (op->options & MHQ_HARD)
        MHQ_TRY(error, fs->sys->linkat(AT_FDCWD, op->path, AT_FDCWD, op->path2, 0));
    else
        MHQ_TRY(error, fs->sys->symlinkat(op->path, AT_FDCWD, op->path2));
    if (error)
        mhq_fail(run, error, MHQ_AT_BOTH);
}

void mhq_fs_link_read(mhq_fs *fs, const mhq_op *op, mhq_run *run)
{
    ssize_t n;
    int error = 0;
    MHQ_RETRY(n, fs->sys->readlinkat(AT_FDCWD, op->path, fs->scratch, MHQ_SCRATCH));
    if (n < 0)
        error = errno;
    else if ((size_t)n == MHQ_SCRATCH) /* there may be more of it */
        error = ENAMETOOLONG;
    else
        error = mhq_result_of(fs, run, (size_t)n);
    if (error)
        mhq_fail(run, error, MHQ_AT_PATH);
    else
        memcpy(run->buffer, fs->scratch, (size_t)n);
}
