/* fs/posix/handle.c - file_open, file_close, and how operations reach the file they are about. */
#include "fs/posix/handle.h"

#include "fs/posix/replace.h"

#include <unistd.h>

int mhq_descriptor_close(const mhq_calls *sys, intptr_t descriptor)
{
    return sys->close((int)descriptor) < 0 && errno != EINTR ? errno : 0;
}

/* ---- reaching ---- */

int mhq_enter(const mhq_op *op, int *fd)
{
    if (!mhq_handle_enter(op->handle))
        return EBADF;
    *fd = (int)op->handle->descriptor;
    return 0;
}

int mhq_enter_regular(mhq_fs *fs, const mhq_op *op, int *fd, struct stat *st)
{
    int error = mhq_enter(op, fd);
    if (error)
        return error;
    error = mhq_stat_regular(fs, *fd, st);
    return error ? mhq_leave_with(fs, op, *fd, error) : 0;
}

/* ENXIO: a FIFO without a reader, a socket, or truly a device without a driver. */
int mhq_open_refusal(mhq_fs *fs, const char *path)
{
    struct stat st;
    if (fs->sys->fstatat(AT_FDCWD, path, &st, 0) < 0 || S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode))
        return ENXIO;
    return MHQ_ENOTREGULAR;
}

/* ---- file_open ---- */

static int flags_of(uint32_t mode)
{
    int flags = !(mode & MHQ_OPEN_WRITES) ? O_RDONLY : mode & MHQ_OPEN_READS ? O_RDWR : O_WRONLY;
    if (mode & MHQ_OPEN_CREATES)
        flags |= O_CREAT;
    if (mode & MHQ_OPEN_EMPTIES)
        flags |= O_TRUNC;
    if (mode & MHQ_OPEN_IS_FIRST)
        flags |= O_EXCL;
    if (mode & MHQ_OPEN_APPENDS)
        flags |= O_APPEND;
    return flags;
}

/* Regular files, and, to be written to alone, character devices. Those may make an operation wait, as
 * they would a write(): the descriptor was opened so that a FIFO could not. */
static int check_opened(mhq_fs *fs, int fd, int flags)
{
    struct stat st;
    int error = mhq_stat_fd(fs, fd, &st);
    if (error)
        return error;
    if (S_ISDIR(st.st_mode))
        return EISDIR;
    if (!S_ISREG(st.st_mode) && !(S_ISCHR(st.st_mode) && (flags & O_ACCMODE) == O_WRONLY))
        return MHQ_ENOTREGULAR;
    return fs->sys->fcntl_setfl(fd, flags & O_APPEND) < 0 ? errno : 0;
}

static int open_file(mhq_fs *fs, const mhq_op *op, uint32_t mode, mhq_handle **handle)
{
    int fd, flags = flags_of(mode);
    int error = mhq_open_patiently(fs, AT_FDCWD, op->path, flags, 0666, &fd);
    if (error == ENXIO)
        return mhq_open_refusal(fs, op->path);
    if (error)
        return error;
    error = check_opened(fs, fd, flags);
    if (!error) {
        *handle = mhq_handle_new(fs, fd, mode);
        error = *handle ? 0 : ENOMEM;
    }
    if (error)
        (void)fs->sys->close(fd);
    return error;
}

void mhq_fs_file_open(mhq_fs *fs, const mhq_op *op, mhq_run *run)
{
    mhq_handle *handle;
    uint32_t mode = (uint32_t)op->numbers->mode;
    int error = op->options & MHQ_ATOMIC ? mhq_handle_open_version(fs, op->path, mode, &handle)
                                         : open_file(fs, op, mode, &handle);
    if (error) {
        mhq_fail(run, error, MHQ_AT_PATH);
        return;
    }
    run->buffer = (char *)handle;
    run->holds = MHQ_HOLDS_HANDLE;
}

/* ---- file_close ---- */

/* It is closed whatever fails; a second close finds nothing to do. */
void mhq_fs_file_close(mhq_fs *fs, const mhq_op *op, mhq_run *run)
{
    int fd, error = 0;
    if (mhq_enter(op, &fd) != 0)
        return;
    if (op->options & MHQ_SYNC)
        error = mhq_sync_file(fs, fd);
    int failure = mhq_handle_end(fs, op->handle, (op->options & MHQ_DISCARD) != 0);
    if (!error)
        error = failure;
    if (error)
        mhq_fail(run, error, MHQ_AT_PATH);
}
