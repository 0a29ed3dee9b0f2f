/* fs/win/delete.c - directory_delete, and the checks before a tree is touched.
 *
 * Invariants: below the top everything is named by an open directory and one component, and opened
 * as what it is, never through a reparse point; a link is removed, never entered. Entries are
 * removed while they are read; the end is decided by the removal of the directory: 'not empty'
 * starts another reading.
 */
#include "fs/win/delete.h"

#include <string.h>

#include "fs/win/copy.h"
#include "fs/traverse.h"

#define NAMES_AT_ONCE ((size_t)32768) /* of subdirectories' names before they are visited */
#define PASSES 64 /* readings anew: against programs that fill the directory as we empty it */

typedef struct deleter {
    mhq_tree tree;
    mhq_fs *fs;
    mhq_run *run;
    int own;
    const mhq_fingerprints *copied; /* NULL: everything goes */
} deleter;

/* ---- removing what is open ---- */

static int lacks_posix_delete(int error)
{
    switch (error - MHQ_WINERROR) {
    case ERROR_INVALID_PARAMETER:
    case ERROR_INVALID_FUNCTION:
    case ERROR_NOT_SUPPORTED:
    case ERROR_CALL_NOT_IMPLEMENTED:
    case ERROR_INVALID_LEVEL:
        return 1;
    }
    return 0;
}

/* Before Windows 10, and on file systems that know no better, the name goes with the last handle
 * of the programs that have it open. */
static int dispose_later(mhq_fs *fs, HANDLE handle, int own)
{
    FILE_DISPOSITION_INFO info = {TRUE};
    mhq_file_info writable = {.attributes = FILE_ATTRIBUTE_NORMAL};
    if (own)
        mhq_apply_metadata(fs, handle, &writable, 1);
    return fs->sys->set(handle, FileDispositionInfo, &info, sizeof info) ? 0 : mhq_last();
}

int mhq_dispose(mhq_fs *fs, HANDLE handle, int own)
{
    enum { DELETE_IT = 1, POSIX_SEMANTICS = 2, IGNORE_READONLY = 16, DISPOSITION_INFO_EX = 21 };
    DWORD flags = DELETE_IT | POSIX_SEMANTICS | (own ? IGNORE_READONLY : 0);
    if (fs->sys->set(handle, DISPOSITION_INFO_EX, &flags, sizeof flags))
        return 0;
    int error = mhq_last();
    return lacks_posix_delete(error) ? dispose_later(fs, handle, own) : error;
}

static DWORD removing_access(const deleter *d)
{
    return DELETE | FILE_READ_ATTRIBUTES | (d->own ? FILE_WRITE_ATTRIBUTES : 0);
}

static int open_at(const deleter *d, HANDLE dir, const wchar_t *name, DWORD access, HANDLE *handle)
{
    int error, tries = 0;
    do {
        error = d->fs->sys->open_at(dir, name, access, 0, handle) ? 0 : mhq_last();
    } while (mhq_again(d->fs, error, 1, &tries));
    return error;
}

/* Of a moved tree only what was copied goes. */
static int check_copied(const deleter *d, HANDLE handle)
{
    mhq_file_info seen;
    if (d->copied == NULL)
        return 0;
    int error = mhq_stat_handle(d->fs, handle, &seen);
    if (error)
        return error;
    return mhq_fingerprints_have(d->copied, mhq_fingerprint_of(&seen)) ? 0 : MHQ_CHANGED;
}

/* A file or a link. */
static int remove_at(const deleter *d, HANDLE dir, const wchar_t *name, DWORD attributes)
{
    HANDLE handle;
    int tries = 0, error = open_at(d, dir, name, removing_access(d), &handle);
    if (error)
        return error;
    error = check_copied(d, handle);
    if (error) {
        d->fs->sys->close(handle);
        return error;
    }
    do {
        error = mhq_dispose(d->fs, handle, d->own);
    } while (!(attributes & FILE_ATTRIBUTE_READONLY) && mhq_again(d->fs, error, 1, &tries));
    d->fs->sys->close(handle);
    return error;
}

/* ---- the walk ---- */

static int is_gone(int error)
{
    return error == MHQ_WIN(ERROR_FILE_NOT_FOUND) || error == MHQ_WIN(ERROR_PATH_NOT_FOUND);
}

static int remove_entry(void *context, const mhq_dirent *entry, int *target)
{
    deleter *d = context;
    mhq_level *level = mhq_tree_top(&d->tree);
    (void)target;
    if ((entry->attributes & FILE_ATTRIBUTE_DIRECTORY)
        && !mhq_is_link(entry->attributes, entry->tag))
        return mhq_tree_note(&d->tree, entry->name);
    int error = remove_at(d, level->dir, entry->name, entry->attributes);
    level->changed = 1;
    d->fs->done += !error;
    return is_gone(error) ? 0 : error; /* another program was faster */
}

/* It may have become a link, or a file, since it was read. */
static void visit(void *context, const wchar_t *name)
{
    deleter *d = context;
    mhq_level *level = mhq_tree_top(&d->tree);
    FILE_ATTRIBUTE_TAG_INFO info = {0, 0};
    HANDLE dir;
    int error = open_at(d, level->dir, name, removing_access(d) | FILE_LIST_DIRECTORY, &dir);
    if (!error) {
        error = check_copied(d, dir);
        if (!error && !d->fs->sys->get(dir, FileAttributeTagInfo, &info, sizeof info))
            error = mhq_last();
        if (error)
            d->fs->sys->close(dir);
    }
    if (!error) {
        if ((info.FileAttributes & FILE_ATTRIBUTE_DIRECTORY)
            && !mhq_is_link(info.FileAttributes, info.ReparseTag)) {
            error = mhq_tree_enter(&d->tree, dir, INVALID_HANDLE_VALUE);
            if (error)
                mhq_tree_fail(&d->tree, d->run, error, 0, NULL);
            return;
        }
        error = mhq_dispose(d->fs, dir, d->own);
        d->fs->sys->close(dir);
    }
    if (error && !is_gone(error)) {
        mhq_tree_fail(&d->tree, d->run, error, 0, name);
        return;
    }
    level->changed = 1;
    mhq_tree_skip(&d->tree);
}

/* Not empty: filled by another program, or what was in it is still held open by one. */
static int read_again(deleter *d, mhq_level *level)
{
    if (level->passes >= PASSES)
        return 0;
    if (!level->changed && !mhq_again(d->fs, MHQ_WIN(ERROR_DELETE_PENDING), 1, &level->tries))
        return 0;
    level->passes++;
    level->changed = level->ended = 0;
    return 1;
}

/* Removes the current directory, which has been read to its end. */
static void finish(void *context)
{
    deleter *d = context;
    mhq_level *level = mhq_tree_top(&d->tree);
    int error, tries = 0;
    do {
        error = mhq_dispose(d->fs, level->dir, d->own);
        if (error == MHQ_WIN(ERROR_DIR_NOT_EMPTY) && read_again(d, level))
            return;
    } while (mhq_again(d->fs, error, 1, &tries));
    if (error && !is_gone(error)) {
        mhq_tree_fail(&d->tree, d->run, error, 0, NULL);
        return;
    }
    mhq_tree_leave(&d->tree);
    d->fs->done++;
    if (d->tree.depth > 0)
        mhq_tree_top(&d->tree)->changed = 1;
}

static void empty(deleter *d)
{
    const mhq_visitor visitor = {
        d->fs->scratch, MHQ_SCRATCH / 2, NAMES_AT_ONCE, remove_entry, visit, finish, NULL, 0
    };
    mhq_traverse(&d->tree, d->run, &visitor, d);
}

/* ---- the operation ---- */

void mhq_delete_tree(mhq_fs *fs, const mhq_path *path, const mhq_file_info *expect, const char *shown,
                     int own, const mhq_fingerprints *copied, mhq_run *run)
{
    deleter d = {.fs = fs, .run = run, .own = own, .copied = copied};
    mhq_file_info seen;
    HANDLE dir;
    if (fs->lengthy)
        fs->lengthy(fs->context);
    int error = mhq_open(fs, path->text, removing_access(&d) | FILE_LIST_DIRECTORY, MHQ_SHARE_ALL,
                         OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT,
                         &dir);
    if (!error) {
        error = mhq_stat_handle(fs, dir, &seen);
        if (!error && !mhq_is_directory(&seen))
            error = MHQ_WIN(ERROR_DIRECTORY);
        if (!error && expect && !mhq_same(&seen, expect))
            error = MHQ_CHANGED;
        if (error)
            fs->sys->close(dir);
    }
    mhq_tree_init(&d.tree, fs, shown, NULL);
    if (!error)
        error = mhq_tree_enter(&d.tree, dir, INVALID_HANDLE_VALUE);
    if (error)
        mhq_fail(run, error, MHQ_AT_PATH);
    else
        empty(&d);
    mhq_tree_fini(&d.tree);
}

/* Whether the last component is no name: '.' or '..', what Windows takes for one of them, since dots
 * and spaces at the end of a name do not count, or nothing behind a drive, which is the drive's
 * current directory. */
static int is_nameless(const char *given)
{
    size_t n = strlen(given), end = n;
    while (n > 0 && mhq_is_slash(given[n - 1]))
        n--;
    int of_drive = n > 0 && n == end && given[n - 1] == ':', dots = 0;
    for (; n > 0 && (given[n - 1] == '.' || given[n - 1] == ' '); n--)
        dots = 1;
    return of_drive || (dots && (n == 0 || mhq_is_slash(given[n - 1]) || given[n - 1] == ':'));
}

/* Of a drive, or what another machine shares, which has the name of its last component. */
static int is_root(const mhq_path *path)
{
    static const wchar_t unc[] = L"\\\\?\\UNC\\";
    enum { PREFIX = sizeof unc / sizeof *unc - 1 };
    size_t base = mhq_path_base(path);
    if (base == path->length)
        return 1;
    if (_wcsnicmp(path->text, unc, PREFIX) != 0)
        return 0;
    const wchar_t *share = wcschr(path->text + PREFIX, '\\');
    return share == NULL || base <= (size_t)(share + 1 - path->text);
}

int mhq_check_tree(mhq_fs *fs, const char *given, const mhq_path *path, mhq_file_info *seen)
{
    if (is_nameless(given))
        return EINVAL;
    if (is_root(path))
        return EBUSY;
    int error = mhq_stat(fs, path->text, seen);
    return error ? error : mhq_is_directory(seen) ? 0 : MHQ_WIN(ERROR_DIRECTORY);
}

void mhq_fs_directory_delete(mhq_fs *fs, const mhq_op *op, mhq_run *run)
{
    mhq_path path;
    mhq_file_info seen;
    int error = mhq_path_open_full(fs, op->path, &path, NULL);
    if (!error && !(op->options & MHQ_RECURSIVE)) {
        error = mhq_remove_directory(fs, path.text);
        mhq_path_close(fs, &path);
    } else if (!error) {
        error = mhq_check_tree(fs, op->path, &path, &seen);
        if (!error)
            mhq_delete_tree(fs, &path, &seen, op->path, 0, NULL, run);
        mhq_path_close(fs, &path);
    }
    if (error)
        mhq_fail(run, error, MHQ_AT_PATH);
}
