/* fs/posix/directory.c - directory_create. */
#include "fs/posix/io.h"

#include <string.h>

static int is_directory(mhq_fs *fs, const char *path)
{
    struct stat st;
    return mhq_stat(fs, AT_FDCWD, path, 0, &st) == 0 && S_ISDIR(st.st_mode);
}

/* EEXIST, and what some systems say of a path such as '/' instead, are forgiven where it is one. */
static int make(mhq_fs *fs, const char *path, mode_t mode, int exist_ok)
{
    int error = mhq_make_directory(fs, AT_FDCWD, path, mode);
    return error && error != ENOENT && exist_ok && is_directory(fs, path) ? 0 : error;
}

/* Where the parent of the first n characters ends; 0: it has none. */
static size_t parent_of(const char *path, size_t n)
{
    while (n > 0 && path[n - 1] == '/')
        n--;
    while (n > 0 && path[n - 1] != '/')
        n--;
    while (n > 1 && path[n - 1] == '/')
        n--;
    return n;
}

/* Makes what is missing above `path`, as pathlib does: up to what exists, and down again. On failure
 * `path` is cut to the one that failed. */
static int make_parents(mhq_fs *fs, char *path)
{
    size_t whole = strlen(path), n = parent_of(path, whole);
    int error = ENOENT;
    while (n > 0) {
        char kept = path[n];
        path[n] = 0;
        error = make(fs, path, 0777, 1);
        if (error && error != ENOENT)
            return error;
        if (error && parent_of(path, n) == 0)
            return error;
        path[n] = kept;
        if (!error)
            break;
        n = parent_of(path, n);
    }
    /* Down: each longer part whose parent is there now. */
    while (!error && n < parent_of(path, whole)) {
        while (path[n] == '/')
            n++;
        while (path[n] && path[n] != '/')
            n++;
        char kept = path[n];
        path[n] = 0;
        error = make(fs, path, 0777, 1);
        if (!error)
            path[n] = kept;
    }
    return error;
}

static void with_parents(mhq_fs *fs, const mhq_op *op, mode_t mode, int exist_ok, mhq_run *run)
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
    error = make(fs, op->path, mode, exist_ok);
    if (error)
        mhq_fail(run, error, MHQ_AT_PATH);
}

void mhq_fs_directory_create(mhq_fs *fs, const mhq_op *op, mhq_run *run)
{
    mode_t mode = op->numbers ? (mode_t)op->numbers->mode : 0777;
    int exist_ok = (op->options & MHQ_EXIST_OK) != 0;
    int error = make(fs, op->path, mode, exist_ok);
    if (error == ENOENT && (op->options & MHQ_PARENTS) && parent_of(op->path, strlen(op->path)) > 0)
        with_parents(fs, op, mode, exist_ok, run);
    else if (error)
        mhq_fail(run, error, MHQ_AT_PATH);
}
