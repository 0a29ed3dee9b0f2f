/* fs/win/file.c - the primitives that need no walk: exists, create, delete, rename, read, write.
 *
 * Each runs on the baton holder's thread, with that thread's mhq_fs. Create, read and write fail
 * as Python's open does, with an errno; the others as the functions of os do, with Windows' code.
 */
#include <string.h>

#include "fs/win/handle.h"
#include "fs/win/path.h"

/* ---- exists ---- */

/* What may not be opened is in the listing of its directory. */
static int is_listed(mhq_fs *fs, const wchar_t *path, DWORD *attributes)
{
    WIN32_FIND_DATAW found;
    if (wcspbrk(path, L"*?") != NULL || !fs->sys->find(path, &found))
        return 0;
    *attributes = found.dwFileAttributes;
    return 1;
}

/* Whatever stands in the way of the short answer is gone round; devices have no attributes. */
static int find_attributes(mhq_fs *fs, const wchar_t *path, DWORD *attributes)
{
    WIN32_FILE_ATTRIBUTE_DATA data;
    mhq_file_info seen;
    if (fs->sys->attributes(path, &data)) {
        *attributes = data.dwFileAttributes;
        if (!(data.dwFileAttributes & FILE_ATTRIBUTE_REPARSE_POINT))
            return 0;
    } else {
        int error = mhq_last();
        if (mhq_is_missing(error))
            return error;
        if ((error == MHQ_WIN(ERROR_ACCESS_DENIED) || error == MHQ_WIN(ERROR_SHARING_VIOLATION))
            && is_listed(fs, path, attributes))
            return 0;
    }
    int error = mhq_stat_followed(fs, path, &seen);
    if (error == MHQ_WIN(ERROR_INVALID_PARAMETER) || error == MHQ_WIN(ERROR_INVALID_FUNCTION))
        *attributes = FILE_ATTRIBUTE_DEVICE, error = 0;
    else if (!error)
        *attributes = seen.attributes;
    return error;
}

/* 1: a directory; 0: something else; -1: nothing, or run->error is why that is not known. */
static int directory_at(mhq_fs *fs, const mhq_op *op, mhq_run *run)
{
    mhq_path path;
    DWORD attributes = 0;
    int error = mhq_path_open(fs, op->path, &path);
    if (!error) {
        error = find_attributes(fs, path.text, &attributes);
        mhq_path_close(fs, &path);
    }
    if (!error)
        return (attributes & FILE_ATTRIBUTE_DIRECTORY) != 0;
    if (!mhq_is_missing(error))
        mhq_fail(run, error, MHQ_AT_PATH);
    return -1;
}

void mhq_fs_file_exists(mhq_fs *fs, const mhq_op *op, mhq_run *run)
{
    run->exists = directory_at(fs, op, run) == 0;
}

void mhq_fs_directory_exists(mhq_fs *fs, const mhq_op *op, mhq_run *run)
{
    run->exists = directory_at(fs, op, run) == 1;
}

/* ---- create, delete ---- */

void mhq_fs_file_create(mhq_fs *fs, const mhq_op *op, mhq_run *run)
{
    mhq_path path;
    HANDLE handle;
    int error = mhq_path_open(fs, op->path, &path);
    if (!error) {
        error = mhq_open(fs, path.text, GENERIC_WRITE, MHQ_SHARE_ALL, CREATE_NEW,
                         FILE_ATTRIBUTE_NORMAL, &handle);
        if (!error)
            fs->sys->close(handle);
        mhq_path_close(fs, &path);
    }
    if (error)
        mhq_fail(run, mhq_errno_of(error), MHQ_AT_PATH);
}

void mhq_fs_file_delete(mhq_fs *fs, const mhq_op *op, mhq_run *run)
{
    mhq_path path;
    int error = mhq_path_open(fs, op->path, &path);
    if (!error) {
        error = mhq_unlink(fs, path.text);
        mhq_path_close(fs, &path);
    }
    if (error)
        mhq_fail(run, error, MHQ_AT_PATH);
}

/* ---- rename ---- */

/* 1: a directory; 0: something else, links to directories included, or nothing: the rename will
 * know more of that. */
static int is_directory(mhq_fs *fs, const wchar_t *path, int *error)
{
    WIN32_FILE_ATTRIBUTE_DATA data = {0};
    mhq_file_info seen;
    *error = 0;
    if (!fs->sys->attributes(path, &data)) {
        int failure = mhq_last();
        if (mhq_is_missing(failure))
            return 0;
        if (failure != MHQ_WIN(ERROR_ACCESS_DENIED) /* a file about to go answers so */
            || !is_listed(fs, path, &data.dwFileAttributes)) {
            *error = failure;
            return 0;
        }
    }
    if (!(data.dwFileAttributes & FILE_ATTRIBUTE_REPARSE_POINT))
        return (data.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY) != 0;
    *error = mhq_stat(fs, path, &seen);
    return !*error && mhq_is_directory(&seen);
}

static int rename_file(mhq_fs *fs, const wchar_t *path, const wchar_t *path2)
{
    int error, directory = is_directory(fs, path, &error);
    if (error)
        return error;
    return directory ? EISDIR : mhq_rename(fs, path, path2, MOVEFILE_REPLACE_EXISTING);
}

/* A name that is taken may be the directory's own: then there is nothing to do. Another case of it
 * the system takes by itself. */
static int rename_directory(mhq_fs *fs, const wchar_t *path, const wchar_t *path2)
{
    mhq_file_info seen, seen2;
    int missing = mhq_stat(fs, path, &seen);
    if (missing && !mhq_is_missing(missing))
        return missing;
    if (!missing && !mhq_is_directory(&seen))
        return MHQ_WIN(ERROR_DIRECTORY);
    int error = mhq_rename(fs, path, path2, 0);
    if (error == MHQ_WIN(ERROR_ALREADY_EXISTS) || error == MHQ_WIN(ERROR_FILE_EXISTS)) {
        error = MHQ_WIN(ERROR_ALREADY_EXISTS);
        if (missing)
            error = missing;
        else if (mhq_stat(fs, path2, &seen2) == 0 && mhq_same(&seen, &seen2))
            error = 0;
    }
    return error;
}

static void rename_by(mhq_fs *fs, const mhq_op *op, mhq_run *run,
                      int (*rename)(mhq_fs *, const wchar_t *, const wchar_t *))
{
    mhq_path path, path2;
    int error = mhq_path_open(fs, op->path, &path);
    if (!error) {
        error = mhq_path_open(fs, op->path2, &path2);
        if (!error) {
            error = rename(fs, path.text, path2.text);
            mhq_path_close(fs, &path2);
        }
        mhq_path_close(fs, &path);
    }
    if (error)
        mhq_fail(run, error, MHQ_AT_BOTH);
}

void mhq_fs_file_rename(mhq_fs *fs, const mhq_op *op, mhq_run *run)
{
    rename_by(fs, op, run, rename_file);
}

static int rename_over(mhq_fs *fs, const wchar_t *path, const wchar_t *path2)
{
    return mhq_rename(fs, path, path2, MOVEFILE_REPLACE_EXISTING);
}

static int rename_to_free_name(mhq_fs *fs, const wchar_t *path, const wchar_t *path2)
{
    return mhq_rename(fs, path, path2, 0);
}

void mhq_fs_path_rename(mhq_fs *fs, const mhq_op *op, mhq_run *run)
{
    rename_by(fs, op, run, op->options & MHQ_REPLACE ? rename_over : rename_to_free_name);
}

void mhq_fs_directory_rename(mhq_fs *fs, const mhq_op *op, mhq_run *run)
{
    rename_by(fs, op, run, rename_directory);
}

/* ---- read ---- */

int mhq_read_some(mhq_fs *fs, HANDLE handle, void *to, size_t n, uint64_t at,
                     DWORD *got)
{
    int error, tries = 0;
    do {
        if (fs->sys->read_at(handle, to, (DWORD)(n < mhq_call_bytes(fs) ? n : mhq_call_bytes(fs)),
                             at, got)) {
            fs->bytes_read += *got;
            return 0;
        }
        error = mhq_last();
    } while (mhq_again(fs, error, 0, &tries));
    return error;
}

/* Reads until the part's end or the file's, whatever the size was: that is where a read brings
 * nothing. */
static int read_part(mhq_fs *fs, HANDLE handle, const mhq_part *part, uint64_t size, mhq_run *run,
                     mhq_growing *g)
{
    size = size > (uint64_t)part->from ? size - (uint64_t)part->from : 0;
    if (size > part->most)
        size = part->most;
    if (size > PTRDIFF_MAX)
        return ENOMEM;
    int error = mhq_reserve(fs, run, g, (size_t)size);
    if (size >= MHQ_LENGTHY && fs->lengthy)
        fs->lengthy(fs->context);
    mhq_total(fs, size);
    while (!error && g->have < part->most) {
        size_t want = g->capacity + 1 - g->have;
        DWORD got;
        if (want > part->most - g->have)
            want = part->most - g->have;
        error = mhq_read_some(fs, handle, g->buffer + fs->head + g->have, want,
                          (uint64_t)part->from + g->have,
                          &got);
        if (error)
            return error;
        g->have += got;
        fs->done += got;
        if (got == 0 || fs->done >= fs->slice)
            error = mhq_step(fs);
        if (error || got == 0)
            return error;
        if (g->have > g->capacity)
            error = mhq_reserve(fs, run, g, g->have + g->have / 2 + 4096);
    }
    return error ? error : mhq_step(fs);
}

void mhq_fs_file_read(mhq_fs *fs, const mhq_op *op, mhq_run *run)
{
    mhq_file_info seen;
    mhq_growing g = {NULL, 0, 0};
    HANDLE handle;
    mhq_part part;
    int error = mhq_part_of(op, &part);
    if (!error)
        error = mhq_reach_regular(fs, op, &handle, &seen);
    if (!error) {
        error = read_part(fs, handle, &part, seen.size, run, &g);
        (void)mhq_leave(fs, op, handle);
    }
    if (error) {
        mhq_result_drop(fs, run, g.buffer);
        mhq_fail(run, mhq_errno_of(error), MHQ_AT_PATH);
        return;
    }
    mhq_give_back(fs, &g);
    run->buffer = g.buffer;
    run->length = g.have;
}

/* ---- write ---- */

static int write_some(mhq_fs *fs, HANDLE handle, const char *from, size_t n, uint64_t at, DWORD *put)
{
    DWORD some = (DWORD)(n < mhq_call_bytes(fs) ? n : mhq_call_bytes(fs));
    *put = 0;
    if (fs->sys->type(handle) == FILE_TYPE_DISK)
        return fs->sys->write_at(handle, from, some, at, put) ? 0 : mhq_last();
    return fs->sys->write(handle, from, some, put) ? 0 : mhq_last();
}

/* All of it, from `at` on; UINT64_MAX: at the end of the file, each part of it. */
static int write_all(mhq_fs *fs, HANDLE handle, const char *from, size_t n, uint64_t at)
{
    int tries = 0;
    while (n > 0) {
        DWORD put;
        int error = write_some(fs, handle, from, n, at, &put);
        if (error) {
            if (mhq_again(fs, error, 0, &tries))
                continue;
            return error;
        }
        if (put == 0)
            return EIO; /* no progress, no error: better than going on for ever */
        fs->bytes_written += put;
        from += put;
        n -= put;
        if (at != UINT64_MAX)
            at += put;
        fs->done += put;
        (void)mhq_step(fs); /* a file that is being written is written to its end */
    }
    return 0;
}

int mhq_write_data(mhq_fs *fs, const mhq_op *op, HANDLE handle, uint64_t at)
{
    if (op->size >= MHQ_LENGTHY && fs->lengthy)
        fs->lengthy(fs->context);
    mhq_total(fs, op->size);
    return mhq_leave_with(fs, op, handle, write_all(fs, handle, op->data, op->size, at));
}

/* Replaces the contents, and the attributes with them, as the C runtime does; those of a handle's file
 * alone. */
static int replace_contents(mhq_fs *fs, const mhq_op *op)
{
    HANDLE handle;
    int error = mhq_reach_to_write(fs, op, GENERIC_WRITE, CREATE_ALWAYS, &handle);
    if (!error && op->handle && fs->sys->type(handle) == FILE_TYPE_DISK) {
        error = mhq_set_size(fs, handle, 0);
        if (error)
            error = mhq_leave_with(fs, op, handle, error);
    }
    return error ? error : mhq_write_data(fs, op, handle, mhq_appends(op) ? UINT64_MAX : 0);
}

static int write_at_offset(mhq_fs *fs, const mhq_op *op, int64_t offset)
{
    HANDLE handle;
    int error = mhq_reach_to_write(fs, op, GENERIC_WRITE, OPEN_ALWAYS, &handle);
    return error ? error
                 : mhq_write_data(fs, op, handle, mhq_appends(op) ? UINT64_MAX : (uint64_t)offset);
}

void mhq_fs_file_write(mhq_fs *fs, const mhq_op *op, mhq_run *run)
{
    int64_t offset;
    int error = mhq_offset_of(op, &offset);
    if (!error)
        error = offset < 0 ? replace_contents(fs, op) : write_at_offset(fs, op, offset);
    if (error)
        mhq_fail(run, mhq_errno_of(error), MHQ_AT_PATH);
}
