/* fs/win/links.c - link_create, link_read. */
#include <string.h>
#include <stddef.h>

#include "fs/win/links.h"
#include "fs/win/path.h"

#include <winioctl.h>

/* Whether what the link leads to is a directory, from where the link is: Windows wants to know. */
static int leads_to_directory(mhq_fs *fs, const wchar_t *target, const mhq_path *link)
{
    WIN32_FILE_ATTRIBUTE_DATA data;
    mhq_path joined;
    int full = mhq_is_slash(target[0]) || (target[0] && target[1] == ':');
    if (full)
        return fs->sys->attributes(target, &data)
               && (data.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY) != 0;
    mhq_path top = *link;
    if (link->text == link->inlined)
        top.text = top.inlined;
    top.length = mhq_path_base(link);
    if (mhq_path_join(fs, &top, target, &joined) != 0)
        return 0;
    int yes = fs->sys->attributes(joined.text, &data)
              && (data.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY) != 0;
    mhq_path_close(fs, &joined);
    return yes;
}

int mhq_make_symlink(mhq_fs *fs, const wchar_t *path, const wchar_t *text, int directory)
{
    enum { UNPRIVILEGED = 2 };
    DWORD flags = directory ? SYMBOLIC_LINK_FLAG_DIRECTORY : 0;
    if (fs->sys->link(path, text, flags | UNPRIVILEGED)
        || (GetLastError() == ERROR_INVALID_PARAMETER && fs->sys->link(path, text, flags)))
        return 0;
    return mhq_last();
}

/* The target's text goes into the link as it is given. */
static int make_symlink(mhq_fs *fs, const char *target, const mhq_path *link)
{
    size_t n = strlen(target) + 1;
    wchar_t *text = fs->sys->alloc(n * sizeof *text);
    if (text == NULL)
        return ENOMEM;
    int error = mhq_widen(target, text) < 0 ? MHQ_WIN(ERROR_NO_UNICODE_TRANSLATION) : 0;
    if (!error)
        error = mhq_make_symlink(fs, link->text, text, leads_to_directory(fs, text, link));
    fs->sys->release(text);
    return error;
}

static int make_hard_link(mhq_fs *fs, const char *target, const mhq_path *link)
{
    mhq_path path;
    int error = mhq_path_open(fs, target, &path);
    if (!error) {
        error = fs->sys->hard_link(link->text, path.text) ? 0 : mhq_last();
        mhq_path_close(fs, &path);
    }
    return error;
}

void mhq_fs_link_create(mhq_fs *fs, const mhq_op *op, mhq_run *run)
{
    mhq_path link;
    int error = mhq_path_open(fs, op->path2, &link);
    if (!error) {
        error = op->options & MHQ_HARD ? make_hard_link(fs, op->path, &link)
                                       : make_symlink(fs, op->path, &link);
        mhq_path_close(fs, &link);
    }
    if (error)
        mhq_fail(run, error, MHQ_AT_BOTH);
}

/* ---- link_read ---- */

int mhq_read_reparse(mhq_fs *fs, const wchar_t *path, mhq_reparse *point, DWORD *n)
{
    HANDLE handle;
    int error = mhq_open(fs, path, FILE_READ_ATTRIBUTES, MHQ_SHARE_ALL, OPEN_EXISTING,
                         FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT, &handle);
    if (error)
        return error;
    *n = MAXIMUM_REPARSE_DATA_BUFFER_SIZE;
    if (!fs->sys->control(handle, FSCTL_GET_REPARSE_POINT, NULL, 0, point, n))
        error = mhq_last();
    fs->sys->close(handle);
    return error;
}

/* As os.readlink has it: the system's own name, \??\ shown as \\?\. The text of a symbolic link begins
 * behind its flags, that of a junction where those would be. */
static int read_target(mhq_fs *fs, const mhq_reparse *point, DWORD n, mhq_run *run)
{
    int symbolic = point->tag == IO_REPARSE_TAG_SYMLINK;
    if (!symbolic && point->tag != IO_REPARSE_TAG_MOUNT_POINT)
        return MHQ_WIN(ERROR_NOT_A_REPARSE_POINT);
    size_t at = (symbolic ? sizeof *point : offsetof(mhq_reparse, flags)) + point->target_at;
    size_t bytes = point->target_bytes, units = bytes / sizeof(wchar_t);
    if (n < sizeof *point || at + bytes > n)
        return MHQ_WIN(ERROR_INVALID_REPARSE_DATA);
    wchar_t *text = fs->sys->alloc(bytes + sizeof *text);
    if (text == NULL)
        return ENOMEM;
    memcpy(text, (const char *)point + at, bytes);
    if (units > 4 && text[0] == '\\' && text[1] == '?' && text[2] == '?' && text[3] == '\\')
        text[1] = '\\';
    int error = mhq_result_of(fs, run, mhq_narrow(text, units, NULL) + 1);
    if (!error)
        run->length = mhq_narrow(text, units, run->buffer);
    fs->sys->release(text);
    return error;
}

void mhq_fs_link_read(mhq_fs *fs, const mhq_op *op, mhq_run *run)
{
    mhq_reparse *point = (mhq_reparse *)(void *)fs->scratch;
    mhq_path path;
    DWORD n;
    int error = mhq_path_open(fs, op->path, &path);
    if (!error) {
        error = mhq_read_reparse(fs, path.text, point, &n);
        mhq_path_close(fs, &path);
    }
    if (!error)
        error = read_target(fs, point, n, run);
    if (error)
        mhq_fail(run, error, MHQ_AT_PATH);
}
