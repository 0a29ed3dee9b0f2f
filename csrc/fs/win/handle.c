/* fs/win/handle.c - file_open, file_close, and how operations reach the file they are about. */
#include "fs/win/handle.h"

#include "fs/win/path.h"

int mhq_descriptor_close(const mhq_calls *sys, intptr_t descriptor)
{
    return sys->close((HANDLE)descriptor) ? 0 : mhq_last();
}

/* ---- reaching ---- */

int mhq_enter(const mhq_op *op, HANDLE *handle)
{
    if (!mhq_handle_enter(op->handle))
        return EBADF;
    *handle = (HANDLE)op->handle->descriptor;
    return 0;
}

/* What it was not opened for is EBADF, as the C runtime has it. */
static int enter_for(const mhq_op *op, uint32_t mode, HANDLE *handle)
{
    return op->handle->mode & mode ? mhq_enter(op, handle) : EBADF;
}

int mhq_leave(mhq_fs *fs, const mhq_op *op, HANDLE handle)
{
    if (op->handle)
        return mhq_handle_leave(op->handle);
    return fs->sys->close(handle) ? 0 : mhq_last();
}

int mhq_reach_regular(mhq_fs *fs, const mhq_op *op, HANDLE *handle, mhq_file_info *seen)
{
    mhq_path path;
    int error;
    if (op->handle) {
        error = enter_for(op, MHQ_OPEN_READS, handle);
        if (error)
            return error;
        error = mhq_stat_handle(fs, *handle, seen);
        return error ? mhq_leave_with(fs, op, *handle, error) : 0;
    }
    error = mhq_path_open(fs, op->path, &path);
    if (!error) {
        error = mhq_open_regular(fs, path.text, handle, seen);
        mhq_path_close(fs, &path);
    }
    return error;
}

int mhq_reach_to_write(mhq_fs *fs, const mhq_op *op, DWORD access, DWORD how, HANDLE *handle)
{
    mhq_path path;
    if (op->handle)
        return enter_for(op, MHQ_OPEN_WRITES, handle);
    int error = mhq_path_open(fs, op->path, &path);
    if (!error) {
        error = mhq_open(fs, path.text, access, MHQ_SHARE_ALL, how, FILE_ATTRIBUTE_NORMAL, handle);
        mhq_path_close(fs, &path);
    }
    if (!error && fs->sys->type(*handle) == FILE_TYPE_PIPE) {
        fs->sys->close(*handle);
        error = MHQ_ENOTREGULAR;
    }
    return error;
}

/* ---- file_open ---- */

static DWORD access_of(uint32_t mode)
{
    DWORD access = 0;
    if (mode & MHQ_OPEN_READS)
        access |= GENERIC_READ;
    if (mode & MHQ_OPEN_WRITES)
        access |= GENERIC_WRITE;
    return access;
}

/* As the C runtime has it. */
static DWORD creation_of(uint32_t mode)
{
    if (mode & MHQ_OPEN_IS_FIRST)
        return CREATE_NEW;
    if (mode & MHQ_OPEN_EMPTIES)
        return CREATE_ALWAYS;
    return mode & MHQ_OPEN_CREATES ? OPEN_ALWAYS : OPEN_EXISTING;
}

static int open_file(mhq_fs *fs, const mhq_op *op, uint32_t mode, mhq_handle **handle)
{
    HANDLE opened;
    int error = mhq_reach_to_write(fs, op, access_of(mode), creation_of(mode), &opened);
    if (error)
        return error;
    if (fs->sys->type(opened) != FILE_TYPE_DISK && (mode & MHQ_OPEN_READS))
        error = MHQ_ENOTREGULAR;
    if (!error) {
        *handle = mhq_handle_new(fs, (intptr_t)opened, mode);
        error = *handle ? 0 : ENOMEM;
    }
    if (error)
        fs->sys->close(opened);
    return error;
}

void mhq_fs_file_open(mhq_fs *fs, const mhq_op *op, mhq_run *run)
{
    mhq_handle *handle;
    uint32_t mode = (uint32_t)op->numbers->mode;
    int error = op->options & MHQ_ATOMIC ? mhq_handle_open_version(fs, op->path, mode, &handle)
                                         : open_file(fs, op, mode, &handle);
    if (error) {
        mhq_fail(run, mhq_errno_of(error), MHQ_AT_PATH);
        return;
    }
    run->buffer = (char *)handle;
    run->holds = MHQ_HOLDS_HANDLE;
}

/* ---- file_close ---- */

/* It is closed whatever fails; a second close finds nothing to do. */
void mhq_fs_file_close(mhq_fs *fs, const mhq_op *op, mhq_run *run)
{
    HANDLE handle;
    int error = 0;
    if (mhq_enter(op, &handle) != 0)
        return;
    if (op->options & MHQ_SYNC)
        error = mhq_sync_handle(fs, handle);
    int failure = mhq_handle_end(fs, op->handle, (op->options & MHQ_DISCARD) != 0);
    if (!error)
        error = failure;
    if (error)
        mhq_fail(run, mhq_errno_of(error), MHQ_AT_PATH);
}
