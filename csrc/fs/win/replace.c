/* fs/win/replace.c - file_replace: a whole new version of a file, or the old one.
 *
 * The bytes go into a temporary beside the target, which takes over the attributes and the access
 * list of what it replaces, is flushed, closed, and renamed over it. Durable is what
 * MOVEFILE_WRITE_THROUGH promises: the call returns when the rename is on the disk. A directory
 * needs no sync of its own here.
 */
#include "fs/version.h"
#include "fs/win/copy.h"

#include <string.h>

struct mhq_version {
    mhq_path target;       /* links followed */
    mhq_path temporary;
    mhq_file_info seen;    /* what is replaced */
    int replaces;          /* there is something */
    int only_new;          /* the name must be free */
    int durable;
};

/* The path that an open file has, all links on the way followed. */
static int path_of(mhq_fs *fs, HANDLE handle, mhq_path *path)
{
    DWORD room = MHQ_SCRATCH / sizeof(wchar_t);
    wchar_t *text = (wchar_t *)fs->scratch;
    DWORD n = fs->sys->final_path(handle, text, room);
    if (n == 0 || n >= room)
        return n == 0 ? mhq_last() : ENAMETOOLONG;
    char *given = fs->sys->alloc((size_t)n * 3 + 1);
    if (given == NULL)
        return ENOMEM;
    mhq_narrow(text, n, given);
    int error = mhq_path_open_full(fs, given, path, NULL);
    fs->sys->release(given);
    return error;
}

/* A link is followed: v->target becomes what it leads to, which must be there. */
static int follow(mhq_fs *fs, mhq_version *v)
{
    mhq_path led;
    HANDLE handle;
    int error = mhq_open(fs, v->target.text, FILE_READ_ATTRIBUTES, MHQ_SHARE_ALL, OPEN_EXISTING,
                         FILE_FLAG_BACKUP_SEMANTICS, &handle);
    if (error)
        return error;
    error = mhq_stat_handle(fs, handle, &v->seen);
    if (!error)
        error = path_of(fs, handle, &led);
    fs->sys->close(handle);
    if (!error) {
        mhq_path_close(fs, &v->target);
        mhq_path_take(&v->target, &led);
    }
    return error;
}

static int look(mhq_fs *fs, mhq_version *v, int slash)
{
    int error = mhq_stat(fs, v->target.text, &v->seen);
    v->replaces = !error;
    if (error)
        return !mhq_is_missing(error) || error == MHQ_WIN(ERROR_INVALID_NAME) ? error
               : slash                                                        ? EISDIR
                                                                              : 0;
    if (v->only_new)
        return EEXIST;
    if (mhq_is_link(v->seen.attributes, v->seen.tag))
        error = follow(fs, v);
    if (!error && (v->seen.attributes & FILE_ATTRIBUTE_DIRECTORY))
        error = EACCES; /* as open fails with there */
    if (!error && (v->seen.attributes & FILE_ATTRIBUTE_DEVICE))
        error = MHQ_ENOTREGULAR;
    return error ? error : slash ? ENOTDIR : 0;
}

/* Bytes, the flush, the attributes and the access list. Up to its end it can be stopped. */
static int write_version(mhq_fs *fs, mhq_version *v, HANDLE handle, const mhq_op *op)
{
    int tries = 0, error = 0;
    mhq_total(fs, op->size);
    for (size_t at = 0; at < op->size && !error;) {
        size_t some = op->size - at < mhq_call_bytes(fs) ? op->size - at : mhq_call_bytes(fs);
        DWORD put = 0;
        if (!fs->sys->write(handle, op->data + at, (DWORD)some, &put)) {
            error = mhq_last();
            error = mhq_again(fs, error, 0, &tries) ? 0 : error;
            continue;
        }
        error = put == 0 ? EIO : 0;
        at += put;
        fs->bytes_written += put;
        fs->done += put;
        if (!error)
            error = mhq_step(fs);
    }
    if (!error && op->size == 0)
        error = mhq_step(fs);
    if (!error && v->durable && !fs->sys->flush(handle))
        error = mhq_last();
    return error;
}

/* Where that is not permitted, the new version has the access list that its directory gives it. */
static int take_over(mhq_fs *fs, mhq_version *v)
{
    mhq_file_info attributes = {.attributes = v->seen.attributes};
    HANDLE handle;
    (void)fs->sys->copy_access(v->target.text, v->temporary.text);
    int error = mhq_open(fs, v->temporary.text, FILE_WRITE_ATTRIBUTES, MHQ_SHARE_ALL, OPEN_EXISTING,
                         FILE_FLAG_OPEN_REPARSE_POINT, &handle);
    if (error)
        return error;
    error = mhq_apply_metadata(fs, handle, &attributes, 1);
    fs->sys->close(handle);
    return error;
}

static int set_attributes(mhq_fs *fs, const wchar_t *path, DWORD value)
{
    mhq_file_info attributes = {.attributes = value};
    HANDLE handle;
    int error = mhq_open(fs, path, FILE_WRITE_ATTRIBUTES, MHQ_SHARE_ALL, OPEN_EXISTING,
                         FILE_FLAG_OPEN_REPARSE_POINT, &handle);
    if (!error) {
        error = mhq_apply_metadata(fs, handle, &attributes, 1);
        fs->sys->close(handle);
    }
    return error;
}

/* A read-only file is not renamed over; so it is not read-only for that moment. */
static int give_name(mhq_fs *fs, mhq_version *v)
{
    DWORD flags = (v->only_new ? 0 : MOVEFILE_REPLACE_EXISTING) | (v->durable ? MOVEFILE_WRITE_THROUGH : 0);
    int locked = v->replaces && (v->seen.attributes & FILE_ATTRIBUTE_READONLY) != 0;
    int error = locked ? set_attributes(fs, v->target.text,
                                        v->seen.attributes & ~(DWORD)FILE_ATTRIBUTE_READONLY)
                       : 0;
    if (error)
        return error;
    error = mhq_rename(fs, v->temporary.text, v->target.text, flags);
    if (error && locked)
        (void)set_attributes(fs, v->target.text, v->seen.attributes);
    return error;
}

static void drop(mhq_fs *fs, mhq_version *v)
{
    int error = mhq_unlink(fs, v->temporary.text);
    if (error == MHQ_WIN(ERROR_ACCESS_DENIED)
        && set_attributes(fs, v->temporary.text, FILE_ATTRIBUTE_NORMAL) == 0)
        error = mhq_unlink(fs, v->temporary.text);
    if (error && !mhq_is_missing(error))
        mhq_report_leftover(fs, v->temporary.text);
}

/* ---- a version's life ---- */

static int begin(mhq_fs *fs, mhq_version *v, const char *path, DWORD access, HANDLE *handle)
{
    int slash, error = mhq_path_open_full(fs, path, &v->target, &slash);
    if (error)
        return error;
    error = look(fs, v, slash);
    if (!error)
        error = mhq_temporary(fs, &v->target, &v->temporary);
    if (!error) {
        error = mhq_open(fs, v->temporary.text, access, MHQ_SHARE_ALL, CREATE_NEW, FILE_ATTRIBUTE_NORMAL,
                         handle);
        if (error)
            mhq_path_close(fs, &v->temporary);
    }
    if (error)
        mhq_path_close(fs, &v->target);
    return error;
}

/* Of one that is closed; `error`: why it is not to be published. */
static int end(mhq_fs *fs, mhq_version *v, int error)
{
    if (!error && v->replaces)
        error = take_over(fs, v);
    if (!error)
        error = give_name(fs, v);
    if (error)
        drop(fs, v);
    mhq_path_close(fs, &v->temporary);
    mhq_path_close(fs, &v->target);
    return error;
}

int mhq_version_open(mhq_fs *fs, const char *path, uint32_t mode, mhq_version **version,
                     intptr_t *descriptor)
{
    HANDLE handle;
    mhq_version *v = fs->sys->zeroed(1, sizeof *v);
    if (v == NULL)
        return ENOMEM;
    v->only_new = (mode & MHQ_OPEN_IS_FIRST) != 0;
    v->durable = 1;
    int error = begin(fs, v, path, GENERIC_WRITE | (mode & MHQ_OPEN_READS ? GENERIC_READ : 0), &handle);
    if (error) {
        fs->sys->release(v);
        return error;
    }
    *version = v;
    *descriptor = (intptr_t)handle;
    return 0;
}

int mhq_version_prepare(mhq_fs *fs, mhq_version *v, intptr_t descriptor)
{
    (void)v;
    return fs->sys->flush((HANDLE)descriptor) ? 0 : mhq_last();
}

int mhq_version_publish(mhq_fs *fs, mhq_version *v)
{
    int error = end(fs, v, 0);
    fs->sys->release(v);
    return error;
}

void mhq_version_drop(mhq_fs *fs, mhq_version *v)
{
    (void)end(fs, v, ECANCELED);
    fs->sys->release(v);
}

/* No process is forked here. */
void mhq_version_forget(const mhq_calls *sys, mhq_version *v)
{
    mhq_fs fs = {.sys = sys};
    mhq_path_close(&fs, &v->temporary);
    mhq_path_close(&fs, &v->target);
    sys->release(v);
}

/* ---- file_replace ---- */

void mhq_fs_file_replace(mhq_fs *fs, const mhq_op *op, mhq_run *run)
{
    mhq_version v = {.durable = (op->options & MHQ_DURABLE) != 0};
    HANDLE handle;
    if ((v.durable || op->size >= MHQ_LENGTHY) && fs->lengthy)
        fs->lengthy(fs->context);
    int error = begin(fs, &v, op->path, GENERIC_WRITE, &handle);
    if (!error) {
        error = write_version(fs, &v, handle, op);
        if (!fs->sys->close(handle) && !error)
            error = mhq_last();
        error = end(fs, &v, error);
    }
    if (error)
        mhq_fail(run, error == ECANCELED ? error : mhq_errno_of(error), MHQ_AT_PATH);
}
