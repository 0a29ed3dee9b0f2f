/* fs/win/copy.c - a file, a link, their metadata; file_copy.
 *
 * The system's own copy is used: it knows streams, attributes, extended attributes, and shares the
 * blocks where the volume can (ReFS, from Windows 11 24H2 on). It is made out of sight, under a
 * temporary name beside its target, and gets its name by a rename that replaces nothing. Holes are
 * the system's affair.
 *
 * Which path an error belongs to is in `side`: 0 the source, 1 the target.
 */
#include "fs/win/copy.h"
#include "fs/win/links.h"

#include <string.h>
#include <winioctl.h>

int mhq_apply_metadata(mhq_fs *fs, HANDLE handle, const mhq_file_info *seen, int attributes)
{
    const DWORD kept = FILE_ATTRIBUTE_READONLY | FILE_ATTRIBUTE_HIDDEN | FILE_ATTRIBUTE_SYSTEM
        | FILE_ATTRIBUTE_ARCHIVE | FILE_ATTRIBUTE_NOT_CONTENT_INDEXED;
    FILE_BASIC_INFO basic = {
        .LastAccessTime = seen->accessed,
        .LastWriteTime = seen->written, /* what is 0 stays as it is */
    };
    if (attributes) {
        basic.FileAttributes = seen->attributes & kept;
        if (basic.FileAttributes == 0)
            basic.FileAttributes = FILE_ATTRIBUTE_NORMAL;
    }
    return fs->sys->set(handle, FileBasicInfo, &basic, sizeof basic) ? 0 : mhq_last();
}

/* Times are forgiven to file systems that cannot keep them. */
static int apply_times(mhq_fs *fs, const wchar_t *path, const mhq_file_info *seen)
{
    HANDLE handle;
    int error = mhq_open(fs, path, FILE_WRITE_ATTRIBUTES, MHQ_SHARE_ALL, OPEN_EXISTING,
                         FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT, &handle);
    if (error)
        return error;
    error = mhq_apply_metadata(fs, handle, seen, 0);
    fs->sys->close(handle);
    return error == MHQ_WIN(ERROR_NOT_SUPPORTED) || error == MHQ_WIN(ERROR_INVALID_FUNCTION)
        ? 0 : error;
}

/* A copy that failed, or is not wanted any more; read-only or not. */
static void drop(mhq_fs *fs, const wchar_t *path)
{
    mhq_file_info writable = {.attributes = FILE_ATTRIBUTE_NORMAL};
    HANDLE handle;
    int error = mhq_unlink(fs, path);
    if (error == MHQ_WIN(ERROR_ACCESS_DENIED)
        && mhq_open(fs, path, FILE_WRITE_ATTRIBUTES, MHQ_SHARE_ALL, OPEN_EXISTING,
                    FILE_FLAG_OPEN_REPARSE_POINT, &handle) == 0) {
        mhq_apply_metadata(fs, handle, &writable, 1);
        fs->sys->close(handle);
        error = mhq_unlink(fs, path);
    }
    if (error && !mhq_is_missing(error))
        mhq_report_leftover(fs, path);
}

/* The system does not report which of the two it could not read or write. */
static int is_sources(mhq_fs *fs, const wchar_t *path, int error)
{
    HANDLE handle;
    switch (error - MHQ_WINERROR) {
    case ERROR_FILE_NOT_FOUND:
    case ERROR_SHARING_VIOLATION:
    case ERROR_LOCK_VIOLATION:
    case ERROR_CRC:
    case ERROR_SECTOR_NOT_FOUND:
    case ERROR_READ_FAULT:
        return 1;
    case ERROR_ACCESS_DENIED:
        handle = fs->sys->open(path, GENERIC_READ, MHQ_SHARE_ALL, OPEN_EXISTING,
                               FILE_FLAG_OPEN_REPARSE_POINT);
        if (handle == INVALID_HANDLE_VALUE)
            return 1;
        fs->sys->close(handle);
    }
    return 0;
}

typedef struct progress {
    mhq_fs *fs;
    uint64_t counted; /* so much of the file is in fs->done: what is copied again is not counted again */
    uint64_t since;   /* where the last step was */
    int error;
} progress;

/* The system calls this for each part of the file that it has copied. */
static DWORD CALLBACK on_progress(LARGE_INTEGER size, LARGE_INTEGER copied, LARGE_INTEGER stream_size,
                                  LARGE_INTEGER stream_copied, DWORD stream, DWORD reason,
                                  HANDLE from, HANDLE to, void *context)
{
    progress *p = context;
    uint64_t at = (uint64_t)copied.QuadPart;
    (void)size, (void)stream_size, (void)stream_copied, (void)stream, (void)reason, (void)from, (void)to;
    if (at > p->counted) {
        p->fs->done += at - p->counted;
        p->counted = at;
    }
    if (at >= p->since && at - p->since < p->fs->slice)
        return PROGRESS_CONTINUE;
    p->since = at;
    p->error = mhq_step(p->fs);
    return p->error ? PROGRESS_CANCEL : PROGRESS_CONTINUE;
}

/* The rest, and the last step before the copy gets its name. */
static int finish_counting(progress *p, uint64_t size)
{
    if (size > p->counted)
        p->fs->done += size - p->counted;
    return mhq_step(p->fs);
}

int mhq_copy_file(mhq_fs *fs, const wchar_t *path, const wchar_t *path2, const mhq_file_info *seen,
                  int through, int *side)
{
    DWORD flags = COPY_FILE_FAIL_IF_EXISTS | (through ? 0 : COPY_FILE_COPY_SYMLINK);
    progress p = {.fs = fs};
    int error, tries = 0;
    if (seen->size >= MHQ_LENGTHY && fs->lengthy)
        fs->lengthy(fs->context);
    *side = 1;
    do {
        error = fs->sys->copy(path, path2, fs->step ? on_progress : NULL, &p, flags) ? 0 : mhq_last();
    } while (!p.error && mhq_again(fs, error, 0, &tries));
    if (!error)
        error = finish_counting(&p, seen->size);
    else if (p.error)
        error = p.error;
    if (error) {
        *side = error != ECANCELED && !is_sources(fs, path, error);
        if (error != MHQ_WIN(ERROR_FILE_EXISTS) && error != MHQ_WIN(ERROR_ALREADY_EXISTS))
            drop(fs, path2);
        return error;
    }
    fs->bytes_read += seen->size;
    fs->bytes_written += seen->size;
    error = apply_times(fs, path2, seen);
    if (error)
        drop(fs, path2);
    fs->files += !error;
    return error;
}

/* ---- links ---- */

/* The name that was given when it was made, else the system's own. */
static int read_text(const mhq_reparse *point, DWORD n, wchar_t *to, size_t capacity)
{
    const char *text = (const char *)(point + 1), *end = (const char *)point + n;
    size_t at = point->print_at, bytes = point->print_bytes;
    if (bytes == 0)
        at = point->target_at, bytes = point->target_bytes;
    if (n < sizeof *point || at + bytes > (size_t)(end - text) || bytes / sizeof *to >= capacity)
        return MHQ_WIN(ERROR_INVALID_REPARSE_DATA);
    memcpy(to, text + at, bytes);
    to[bytes / sizeof *to] = 0;
    return 0;
}

static int copy_symlink(mhq_fs *fs, const mhq_reparse *point, DWORD n, const wchar_t *path2,
                        const mhq_file_info *seen)
{
    enum { TEXT = 16384 };
    wchar_t *text = (wchar_t *)(void *)(fs->scratch + MHQ_SCRATCH / 2);
    int error = read_text(point, n, text, TEXT);
    return error ? error
                 : mhq_make_symlink(fs, path2, text, (seen->attributes & FILE_ATTRIBUTE_DIRECTORY) != 0);
}

static int copy_junction(mhq_fs *fs, mhq_reparse *point, DWORD n, const wchar_t *path2)
{
    HANDLE handle;
    if (!fs->sys->make_directory(path2))
        return mhq_last();
    int error = mhq_open(fs, path2, GENERIC_WRITE, MHQ_SHARE_ALL, OPEN_EXISTING,
                         FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT, &handle);
    if (!error) {
        DWORD none = 0;
        if (!fs->sys->control(handle, FSCTL_SET_REPARSE_POINT, point, n, NULL, &none))
            error = mhq_last();
        fs->sys->close(handle);
    }
    if (error && mhq_remove_directory(fs, path2) != 0)
        mhq_report_leftover(fs, path2);
    return error;
}

int mhq_copy_link(mhq_fs *fs, const wchar_t *path, const wchar_t *path2, const mhq_file_info *seen,
                  int *side)
{
    mhq_reparse *point = (mhq_reparse *)(void *)fs->scratch;
    DWORD n;
    *side = 0;
    int error = mhq_read_reparse(fs, path, point, &n);
    if (error)
        return error;
    *side = 1;
    error = point->tag == IO_REPARSE_TAG_SYMLINK ? copy_symlink(fs, point, n, path2, seen)
                                                 : copy_junction(fs, point, n, path2);
    if (!error && (error = apply_times(fs, path2, seen)) != 0)
        drop(fs, path2);
    return error;
}

/* ---- file_copy ---- */

/* The copy goes by the path, and the open source keeps no other program from renaming it: what is copied
 * is what has the name when the system opens it. The metadata is that of the stat. */
static int copy_committed(mhq_fs *fs, const wchar_t *path, const mhq_path *path2,
                          const mhq_file_info *seen, int replaces, int *side)
{
    mhq_path temporary;
    int error = mhq_temporary(fs, path2, &temporary);
    *side = 1;
    if (error)
        return error;
    error = mhq_copy_file(fs, path, temporary.text, seen, 1, side);
    if (!error) {
        *side = 1;
        error = mhq_rename(fs, temporary.text, path2->text, replaces ? MOVEFILE_REPLACE_EXISTING : 0);
        if (error)
            drop(fs, temporary.text);
    }
    mhq_path_close(fs, &temporary);
    return error;
}

/* Before the copying, which may be long; the commit has the last word. */
static int check_free(mhq_fs *fs, const mhq_path *path2, const mhq_file_info *source, int replaces, int slash)
{
    mhq_file_info seen;
    int error = mhq_stat(fs, path2->text, &seen);
    if (!error && replaces) /* not by itself: its other names would keep what it was */
        return seen.attributes & FILE_ATTRIBUTE_DIRECTORY ? EISDIR : mhq_same(&seen, source) ? EINVAL : 0;
    if (!error)
        return EEXIST;
    if (!mhq_is_missing(error) || error == MHQ_WIN(ERROR_INVALID_NAME))
        return error;
    return slash ? EISDIR : 0;
}

void mhq_fs_file_copy(mhq_fs *fs, const mhq_op *op, mhq_run *run)
{
    mhq_path path, path2;
    mhq_file_info seen;
    HANDLE handle;
    int side = 0, slash, replaces = (op->options & MHQ_REPLACE) != 0;
    int error = mhq_path_open(fs, op->path, &path);
    if (!error) {
        error = mhq_open_regular(fs, path.text, &handle, &seen);
        if (!error) {
            side = 1;
            error = mhq_path_open_full(fs, op->path2, &path2, &slash);
            if (!error) {
                mhq_total(fs, seen.size);
                error = check_free(fs, &path2, &seen, replaces, slash);
                if (!error)
                    error = copy_committed(fs, path.text, &path2, &seen, replaces, &side);
                mhq_path_close(fs, &path2);
            }
            fs->sys->close(handle);
        }
        mhq_path_close(fs, &path);
    }
    if (error)
        mhq_fail(run, mhq_errno_of(error), side ? MHQ_AT_PATH2 : MHQ_AT_PATH);
}
