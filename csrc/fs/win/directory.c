/* fs/win/directory.c - directory_create. */
#include <string.h>

#include "fs/win/io.h"
#include "fs/win/path.h"

/* An existing one is forgiven where that is asked for. */
static int make(mhq_fs *fs, const char *given, int exist_ok)
{
    mhq_path path;
    mhq_file_info seen;
    int error = mhq_path_open(fs, given, &path);
    if (error)
        return error;
    if (!fs->sys->make_directory(path.text))
        error = mhq_last();
    if (error && exist_ok && !mhq_is_missing(error) && mhq_stat_followed(fs, path.text, &seen) == 0
        && (seen.attributes & FILE_ATTRIBUTE_DIRECTORY))
        error = 0;
    mhq_path_close(fs, &path);
    return error;
}

/* Where the parent of the first n characters ends; 0: it has none. */
static size_t parent_of(const char *path, size_t n)
{
    while (n > 0 && mhq_is_slash(path[n - 1]))
        n--;
    while (n > 0 && !mhq_is_slash(path[n - 1]))
        n--;
    while (n > 1 && mhq_is_slash(path[n - 1]) && path[n - 2] != ':')
        n--;
    return n;
}

/* Makes what is missing above `path`, as pathlib does: first the parent's parents. On failure `path` is
 * cut to the one that failed. */
static int make_parents(mhq_fs *fs, char *path)
{
    size_t whole = parent_of(path, strlen(path)), n = whole;
    int error = MHQ_WIN(ERROR_PATH_NOT_FOUND);
    while (n > 0 && error == MHQ_WIN(ERROR_PATH_NOT_FOUND)) {
        char kept = path[n];
        path[n] = 0;
        error = make(fs, path, 1);
        if (error && (error != MHQ_WIN(ERROR_PATH_NOT_FOUND) || parent_of(path, n) == 0))
            return error;
        path[n] = kept;
        if (error)
            n = parent_of(path, n);
    }
    while (!error && n < whole) { /* down: each longer part, whose parent is there now */
        while (mhq_is_slash(path[n]))
            n++;
        while (path[n] && !mhq_is_slash(path[n]))
            n++;
        char kept = path[n];
        path[n] = 0;
        error = make(fs, path, 1);
        if (!error)
            path[n] = kept;
    }
    return error;
}

static void with_parents(mhq_fs *fs, const mhq_op *op, int exist_ok, mhq_run *run)
{
    size_t n = strlen(op->path) + 1;
    char *path = fs->sys->alloc(n);
    if (path == NULL) {
        mhq_fail(run, ENOMEM, MHQ_AT_PATH);
        return;
    }
    memcpy(path, op->path, n);
    int error = make_parents(fs, path);
    if (error) {
        mhq_fail_at(run, error, 0, path);
        return;
    }
    fs->sys->release(path);
    error = make(fs, op->path, exist_ok);
    if (error)
        mhq_fail(run, error, MHQ_AT_PATH);
}

/* The mode has no meaning here. */
void mhq_fs_directory_create(mhq_fs *fs, const mhq_op *op, mhq_run *run)
{
    int exist_ok = (op->options & MHQ_EXIST_OK) != 0;
    int error = make(fs, op->path, exist_ok);
    if (error == MHQ_WIN(ERROR_PATH_NOT_FOUND) && (op->options & MHQ_PARENTS)
        && parent_of(op->path, strlen(op->path)) > 0)
        with_parents(fs, op, exist_ok, run);
    else if (error)
        mhq_fail(run, error, MHQ_AT_PATH);
}
