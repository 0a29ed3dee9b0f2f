/* fs/posix/contents.c - what else is done with a file's contents: file_append, file_read_into,
 * file_truncate, file_sync; and directory_sync.
 */
#include "fs/posix/handle.h"
#include "fs/posix/replace.h"

/* ---- file_append ---- */

/* *from: where it goes; -1 where the system sees to it that it is the end. A handle that was not opened
 * to append writes at the end that its file has now. */
static int find_end(mhq_fs *fs, const mhq_op *op, int fd, off_t *from)
{
    struct stat st;
    *from = -1;
    if (mhq_appends(op))
        return 0;
    int error = mhq_stat_fd(fs, fd, &st);
    if (error)
        return error;
    if (S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode))
        return MHQ_ENOTREGULAR;
    if (op->handle && S_ISREG(st.st_mode))
        *from = st.st_size;
    else if (!S_ISREG(st.st_mode) && fs->sys->fcntl_setfl(fd, O_APPEND) < 0) /* it is to wait */
        error = errno;
    return error;
}

void mhq_fs_file_append(mhq_fs *fs, const mhq_op *op, mhq_run *run)
{
    off_t from;
    int fd, error = mhq_reach_to_write(fs, op, O_CREAT | O_APPEND, &fd);
    if (!error) {
        if (op->size >= MHQ_LENGTHY && fs->lengthy)
            fs->lengthy(fs->context);
        error = find_end(fs, op, fd, &from);
        if (!error)
            error = mhq_write_data(fs, fd, op, from);
        error = mhq_leave_with(fs, op, fd, error);
    }
    if (error)
        mhq_fail(run, error, MHQ_AT_PATH);
}

/* ---- file_read_into ---- */

/* What a step returns changes nothing: what is in the buffer by then could not be taken back. */
static int fill_room(mhq_fs *fs, int fd, const mhq_op *op, off_t from, size_t *have)
{
    mhq_total(fs, op->size);
    for (*have = 0; *have < op->size;) {
        ssize_t got = mhq_read_at(fs, fd, op->room + *have, op->size - *have, from + (off_t)*have);
        if (got < 0)
            return errno;
        if (got == 0)
            break;
        *have += (size_t)got;
        fs->done += (uint64_t)got;
        if (fs->done >= fs->slice)
            (void)mhq_step(fs);
    }
    (void)mhq_step(fs);
    return 0;
}

/* A handle that can be read is of a regular file: see file_open. */
static int reach_to_read(mhq_fs *fs, const mhq_op *op, int *fd)
{
    struct stat st;
    return op->handle ? mhq_enter(op, fd) : mhq_reach_regular(fs, op, fd, &st);
}

void mhq_fs_file_read_into(mhq_fs *fs, const mhq_op *op, mhq_run *run)
{
    int64_t from = op->numbers ? op->numbers->offset : 0;
    int fd, error = from < 0 ? EINVAL : reach_to_read(fs, op, &fd);
    if (!error) {
        if (op->size >= MHQ_LENGTHY && fs->lengthy)
            fs->lengthy(fs->context);
        error = fill_room(fs, fd, op, from, &run->length);
        (void)mhq_leave(fs, op, fd);
    }
    if (error)
        mhq_fail(run, error, MHQ_AT_PATH);
}

/* ---- file_truncate ---- */

static int set_size(mhq_fs *fs, const mhq_op *op, off_t size)
{
    int fd, error;
    if (!op->handle) {
        MHQ_TRY(error, fs->sys->truncate(op->path, size));
        return error;
    }
    error = mhq_enter(op, &fd);
    if (error)
        return error;
    MHQ_TRY(error, fs->sys->ftruncate(fd, size));
    return mhq_leave_with(fs, op, fd, error);
}

void mhq_fs_file_truncate(mhq_fs *fs, const mhq_op *op, mhq_run *run)
{
    int error = set_size(fs, op, op->numbers ? op->numbers->size : 0);
    if (error)
        mhq_fail(run, error, MHQ_AT_PATH);
}

/* ---- file_sync, directory_sync ---- */

/* To be synced a file need not be readable: then it is opened to be written to. */
static int reach_to_sync(mhq_fs *fs, const mhq_op *op, int *fd)
{
    int error = reach_to_read(fs, op, fd);
    return error == EACCES && !op->handle ? mhq_reach_to_write(fs, op, 0, fd) : error;
}

void mhq_fs_file_sync(mhq_fs *fs, const mhq_op *op, mhq_run *run)
{
    int fd, error = reach_to_sync(fs, op, &fd);
    if (!error) {
        if (fs->lengthy)
            fs->lengthy(fs->context);
        error = mhq_leave_with(fs, op, fd, mhq_sync_file(fs, fd));
    }
    if (error)
        mhq_fail(run, error, MHQ_AT_PATH);
}

void mhq_fs_directory_sync(mhq_fs *fs, const mhq_op *op, mhq_run *run)
{
    int fd, error = mhq_open(fs, AT_FDCWD, op->path, O_RDONLY | O_DIRECTORY, 0, &fd);
    if (!error) {
        if (fs->lengthy)
            fs->lengthy(fs->context);
        error = mhq_leave_with(fs, op, fd, mhq_sync_directory(fs, fd));
    }
    if (error)
        mhq_fail(run, error, MHQ_AT_PATH);
}
