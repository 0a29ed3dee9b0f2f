/* fs/win/contents.c - what else is done with a file's contents: file_append, file_read_into,
 * file_truncate, file_sync; and directory_sync. They fail as functions of descriptors do, with an errno.
 */
#include "fs/win/handle.h"
#include "fs/win/path.h"

void mhq_fs_file_append(mhq_fs *fs, const mhq_op *op, mhq_run *run)
{
    HANDLE handle;
    int error = mhq_reach_to_write(fs, op, GENERIC_WRITE, OPEN_ALWAYS, &handle);
    if (!error)
        error = mhq_write_data(fs, op, handle, UINT64_MAX);
    if (error)
        mhq_fail(run, mhq_errno_of(error), MHQ_AT_PATH);
}

/* What a step returns changes nothing: what is in the buffer by then could not be taken back. */
static int fill_room(mhq_fs *fs, HANDLE handle, const mhq_op *op, uint64_t from, size_t *have)
{
    mhq_total(fs, op->size);
    for (*have = 0; *have < op->size;) {
        DWORD got;
        int error = mhq_read_some(fs, handle, op->room + *have, op->size - *have, from + *have, &got);
        if (error)
            return error;
        if (got == 0)
            break;
        *have += got;
        fs->done += got;
        if (fs->done >= fs->slice)
            (void)mhq_step(fs);
    }
    (void)mhq_step(fs);
    return 0;
}

void mhq_fs_file_read_into(mhq_fs *fs, const mhq_op *op, mhq_run *run)
{
    int64_t from = op->numbers ? op->numbers->offset : 0;
    mhq_file_info seen;
    HANDLE handle;
    int error = from < 0 ? EINVAL : mhq_reach_regular(fs, op, &handle, &seen);
    if (!error) {
        if (op->size >= MHQ_LENGTHY && fs->lengthy)
            fs->lengthy(fs->context);
        error = fill_room(fs, handle, op, (uint64_t)from, &run->length);
        (void)mhq_leave(fs, op, handle);
    }
    if (error)
        mhq_fail(run, mhq_errno_of(error), MHQ_AT_PATH);
}

void mhq_fs_file_truncate(mhq_fs *fs, const mhq_op *op, mhq_run *run)
{
    int64_t size = op->numbers ? op->numbers->size : 0;
    HANDLE handle;
    int error = size < 0 ? EINVAL : mhq_reach_to_write(fs, op, GENERIC_WRITE, OPEN_EXISTING, &handle);
    if (!error)
        error = mhq_leave_with(fs, op, handle, mhq_set_size(fs, handle, size));
    if (error)
        mhq_fail(run, mhq_errno_of(error), MHQ_AT_PATH);
}

void mhq_fs_file_sync(mhq_fs *fs, const mhq_op *op, mhq_run *run)
{
    HANDLE handle;
    int error = mhq_reach_to_write(fs, op, GENERIC_WRITE, OPEN_EXISTING, &handle);
    if (!error)
        error = mhq_leave_with(fs, op, handle, mhq_sync_handle(fs, handle));
    if (error)
        mhq_fail(run, mhq_errno_of(error), MHQ_AT_PATH);
}

/* There is nothing to do but to say whether it is one. */
void mhq_fs_directory_sync(mhq_fs *fs, const mhq_op *op, mhq_run *run)
{
    mhq_path path;
    mhq_file_info seen;
    int error = mhq_path_open(fs, op->path, &path);
    if (!error) {
        error = mhq_stat_followed(fs, path.text, &seen);
        mhq_path_close(fs, &path);
    }
    if (!error && !(seen.attributes & FILE_ATTRIBUTE_DIRECTORY))
        error = ENOTDIR;
    if (error)
        mhq_fail(run, mhq_errno_of(error), MHQ_AT_PATH);
}
