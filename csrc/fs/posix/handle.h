/* fs/posix/handle.h - the one place where an operation's handle, or its path, becomes a descriptor. */
#ifndef MHQ_FS_POSIX_HANDLE_H
#define MHQ_FS_POSIX_HANDLE_H

#include "fs/handle.h"
#include "fs/posix/io.h"

/* The handle's descriptor, or EBADF; to be given back by mhq_leave. */
int mhq_enter(const mhq_op *op, int *fd);

int mhq_enter_regular(mhq_fs *fs, const mhq_op *op, int *fd, struct stat *st);
/* What it means that an open failed with ENXIO. */
int mhq_open_refusal(mhq_fs *fs, const char *path);

/* A regular file to be read: the handle's, or the path's, opened. See mhq_open_regular. */
static inline int mhq_reach_regular(mhq_fs *fs, const mhq_op *op, int *fd, struct stat *st)
{
    if (op->handle)
        return mhq_enter_regular(fs, op, fd, st);
    return mhq_open_regular(fs, AT_FDCWD, op->path, 0, fd, st);
}

/* What is to be written to: the handle's file, or the path's, opened with these flags.
 * MHQ_ENOTREGULAR for a FIFO without a reader and a socket. */
static inline int mhq_reach_to_write(mhq_fs *fs, const mhq_op *op, int flags, int *fd)
{
    if (op->handle)
        return mhq_enter(op, fd);
    int error = mhq_open_patiently(fs, AT_FDCWD, op->path, O_WRONLY | flags, 0666, fd);
    return error == ENXIO ? mhq_open_refusal(fs, op->path) : error;
}

/* fs/posix/file.c: the operation's data, slice by slice where steps are taken, at `from` on; or, where
 * that is negative, at the descriptor's position. What a step returns changes nothing: a file that is
 * being written is written to its end. */
int mhq_write_data(mhq_fs *fs, int fd, const mhq_op *op, off_t from);

/* Gives back what was reached. 0, or what the close failed with. */
static inline int mhq_leave(mhq_fs *fs, const mhq_op *op, int fd)
{
    if (op->handle)
        return mhq_handle_leave(op->handle);
    return fs->sys->close(fd) < 0 && errno != EINTR ? errno : 0;
}

/* The same behind an error, which comes first. */
static inline int mhq_leave_with(mhq_fs *fs, const mhq_op *op, int fd, int error)
{
    int failure = mhq_leave(fs, op, fd);
    return error ? error : failure;
}

#endif
