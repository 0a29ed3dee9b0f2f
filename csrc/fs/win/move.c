/* fs/win/move.c - file_move, directory_move.
 *
 * A move is a rename, within whatever the system can rename within. Only where its error is that the
 * target is on another volume, the source is copied out of sight, the copy gets the target's name,
 * and the source is removed, provided that it is still what was copied. From the moment the target
 * has its name it is never touched again, whatever becomes of the source.
 */
#include <string.h>

#include "fs/win/copy.h"
#include "fs/win/copy_tree.h"
#include "fs/win/delete.h"
#include "fs/win/parents.h"

typedef struct mover {
    mhq_fs *fs;
    mhq_run *run;
    const char *shown, *shown2; /* as given */
    mhq_path path, path2;       /* whole; path2: inside of the directory, where that was given */
    char *joined;               /* how errors name path2 then; else NULL */
    mhq_file_info seen;              /* the source */
    size_t made;                /* parents of the target: see mhq_parents_make */
} mover;

static void fail_target(mover *m, int error)
{
    if (m->joined) {
        mhq_fail_at(m->run, error, 1, m->joined);
        m->joined = NULL; /* the run's now */
    } else {
        mhq_fail(m->run, error, MHQ_AT_PATH2);
    }
}

/* A failed rename. That the name is taken inside of a directory is no news about path2. */
static void fail_rename(mover *m, int error)
{
    if (m->joined && error == MHQ_WIN(ERROR_ALREADY_EXISTS))
        fail_target(m, error);
    else
        mhq_fail(m->run, error, MHQ_AT_BOTH);
}

static int begin(mover *m, mhq_fs *fs, const mhq_op *op, mhq_run *run)
{
    *m = (mover){.fs = fs, .run = run, .shown = op->path, .shown2 = op->path2};
    m->path.text = m->path.inlined;
    m->path2.text = m->path2.inlined;
    int error = mhq_path_open_full(fs, op->path, &m->path, NULL);
    if (error) {
        mhq_fail(run, error, MHQ_AT_PATH);
        return -1;
    }
    error = mhq_path_open_full(fs, op->path2, &m->path2, NULL);
    if (error) {
        mhq_fail(run, error, MHQ_AT_BOTH);
        mhq_path_close(fs, &m->path);
        return -1;
    }
    return 0;
}

static void end(mover *m)
{
    m->fs->sys->release(m->joined);
    mhq_path_close(m->fs, &m->path2);
    mhq_path_close(m->fs, &m->path);
}

/* Where path2 is a directory, the target is inside of it. */
static int choose_target(mover *m)
{
    mhq_path inside;
    mhq_file_info other;
    int error = mhq_stat_followed(m->fs, m->path2.text, &other);
    if (mhq_is_missing(error))
        return 0;
    if (error == MHQ_WIN(ERROR_ACCESS_DENIED) && !mhq_is_directory(&m->seen))
        return 0; /* a file that is about to go answers so: the rename, which is patient, finds out more */
    if (error)
        return error;
    if (!(other.attributes & FILE_ATTRIBUTE_DIRECTORY))
        return 0;
    const wchar_t *base = m->path.text + mhq_path_base(&m->path);
    m->joined = mhq_join(m->fs, m->shown2, base);
    if (m->joined == NULL)
        return ENOMEM;
    error = mhq_path_join(m->fs, &m->path2, base, &inside);
    if (error)
        return error;
    mhq_path_close(m->fs, &m->path2);
    mhq_path_take(&m->path2, &inside);
    return 0;
}

/* Inside of a directory nothing is replaced, not even the source by itself. */
static int put_inside(const mover *m, const wchar_t *path)
{
    mhq_file_info other;
    int error = mhq_stat(m->fs, m->path2.text, &other) == 0 ? MHQ_WIN(ERROR_ALREADY_EXISTS) : 0;
    if (!error)
        error = mhq_rename(m->fs, path, m->path2.text, 0);
    return error == MHQ_WIN(ERROR_FILE_EXISTS) ? MHQ_WIN(ERROR_ALREADY_EXISTS) : error;
}

/* ---- files and links ---- */

static int put_file(const mover *m, const wchar_t *path)
{
    if (m->joined)
        return put_inside(m, path);
    return mhq_rename(m->fs, path, m->path2.text, MOVEFILE_REPLACE_EXISTING);
}

/* What was written while the copy was made may not be in it. What is verified and what is removed is
 * the same open file, whatever has its name by now. */
static int remove_source(const mover *m)
{
    mhq_file_info now;
    HANDLE handle;
    int error = mhq_open(m->fs, m->path.text, DELETE | FILE_READ_ATTRIBUTES, MHQ_SHARE_ALL,
                         OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT,
                         &handle);
    if (error)
        return error;
    error = mhq_stat_handle(m->fs, handle, &now);
    if (!error
        && (!mhq_same(&now, &m->seen) || now.size != m->seen.size
            || now.written.QuadPart != m->seen.written.QuadPart))
        error = MHQ_CHANGED;
    if (!error)
        error = mhq_dispose(m->fs, handle, 0);
    m->fs->sys->close(handle);
    return error;
}

static void move_file_across(mover *m)
{
    mhq_path temporary;
    int side = 1;
    if (m->fs->lengthy)
        m->fs->lengthy(m->fs->context);
    mhq_total(m->fs, m->seen.size);
    int error = mhq_temporary(m->fs, &m->path2, &temporary);
    if (error) {
        fail_target(m, error);
        return;
    }
    if (mhq_is_link(m->seen.attributes, m->seen.tag))
        error = mhq_copy_link(m->fs, m->path.text, temporary.text, &m->seen, &side);
    else
        error = mhq_copy_file(m->fs, m->path.text, temporary.text, &m->seen, 0, &side);
    if (error && side) {
        fail_target(m, error);
    } else if (error) {
        mhq_fail(m->run, error, MHQ_AT_PATH);
    } else if ((error = put_file(m, temporary.text)) != 0) {
        if (mhq_unlink(m->fs, temporary.text) != 0)
            mhq_report_leftover(m->fs, temporary.text);
        fail_rename(m, error);
    } else if ((error = remove_source(m)) != 0) {
        mhq_fail(m->run, error, MHQ_AT_PATH);
    }
    mhq_path_close(m->fs, &temporary);
}

/* What a slash at the end means, the system knows best: so the stat takes the source as given. */
static int check_file(mover *m)
{
    mhq_path given;
    int error = mhq_path_open(m->fs, m->shown, &given);
    if (error)
        return error;
    error = mhq_stat(m->fs, given.text, &m->seen);
    mhq_path_close(m->fs, &given);
    return !error && mhq_is_directory(&m->seen) ? EISDIR : error;
}

static void move_file(mover *m)
{
    int error = check_file(m);
    if (error) {
        mhq_fail(m->run, error, MHQ_AT_PATH);
        return;
    }
    error = choose_target(m);
    if (error) {
        mhq_fail(m->run, error, MHQ_AT_PATH2);
        return;
    }
    size_t n = strlen(m->shown2);
    if (!m->joined && n > 0 && mhq_is_slash(m->shown2[n - 1]))
        error = MHQ_WIN(ERROR_INVALID_NAME); /* as the rename fails with what was given */
    else
        error = put_file(m, m->path.text);
    if (error == MHQ_WIN(ERROR_NOT_SAME_DEVICE))
        move_file_across(m);
    else if (error)
        fail_rename(m, error);
}

void mhq_fs_file_move(mhq_fs *fs, const mhq_op *op, mhq_run *run)
{
    mover m;
    if (begin(&m, fs, op, run) != 0)
        return;
    move_file(&m);
    end(&m);
}

/* ---- directories ---- */

/* path2 is the source: by its own name (1), or another spelling of it (2). */
static int is_itself(const mover *m)
{
    mhq_file_info other;
    const wchar_t *base = m->path.text + mhq_path_base(&m->path);
    const wchar_t *base2 = m->path2.text + mhq_path_base(&m->path2);
    if (mhq_stat(m->fs, m->path2.text, &other) != 0 || !mhq_same(&m->seen, &other))
        return 0;
    return wcscmp(base, base2) == 0 ? 1 : 2;
}

/* A directory is not moved into itself. */
static int check_outside(const mover *m)
{
    mhq_path parent;
    HANDLE top;
    int error = mhq_open(m->fs, m->path.text, FILE_READ_ATTRIBUTES, MHQ_SHARE_ALL, OPEN_EXISTING,
                         FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT, &top);
    if (error)
        return error;
    error = mhq_path_join(m->fs, &m->path2, L"", &parent);
    if (!error) {
        parent.text[parent.length = mhq_path_base(&m->path2)] = 0;
        if (mhq_is_within(m->fs, top, &parent))
            error = EINVAL;
        mhq_path_close(m->fs, &parent);
    }
    m->fs->sys->close(top);
    return error;
}

/* Parents that are missing are made, unless the target is to be inside of the source. */
static int make_parents(mover *m)
{
    int doubt;
    HANDLE top;
    int error = mhq_open(m->fs, m->path.text, FILE_READ_ATTRIBUTES, MHQ_SHARE_ALL, OPEN_EXISTING,
                         FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT, &top);
    if (error)
        return error;
    error = mhq_parents_make(m->fs, &m->path2, top, &m->made, &doubt);
    m->fs->sys->close(top);
    return error;
}

/* Onto itself: there is nothing to do. */
static int rename_directory(mover *m)
{
    int itself = is_itself(m);
    if (itself)
        return itself == 2 ? mhq_rename(m->fs, m->path.text, m->path2.text, 0) : 0;
    int error = choose_target(m);
    if (!error)
        error = check_outside(m);
    if (!error && !m->joined)
        error = make_parents(m);
    return error ? error : put_inside(m, m->path.text);
}

static void move_directory_across(mover *m)
{
    mhq_fingerprints copied = {.slots = NULL};
    mhq_copy_tree(m->fs, &m->path, m->shown, &m->path2, m->joined ? m->joined : m->shown2, &copied,
                  m->run);
    m->fs->masked++; /* the target has its name: what is left to do is done */
    if (!m->run->error)
        mhq_delete_tree(m->fs, &m->path, &m->seen, m->shown, 0, &copied, m->run);
    else if (m->run->where == MHQ_AT_PATH2)
        fail_target(m, m->run->error);
    m->fs->masked--;
    mhq_fingerprints_fini(m->fs, &copied);
}

void mhq_fs_directory_move(mhq_fs *fs, const mhq_op *op, mhq_run *run)
{
    mover m;
    if (begin(&m, fs, op, run) != 0)
        return;
    int error = mhq_check_tree(fs, op->path, &m.path, &m.seen);
    if (error) {
        mhq_fail(run, error, MHQ_AT_PATH);
    } else {
        error = rename_directory(&m);
        if (error == MHQ_WIN(ERROR_NOT_SAME_DEVICE))
            move_directory_across(&m);
        else if (error)
            fail_rename(&m, error);
        if (run->error)
            mhq_parents_remove(fs, &m.path2, m.made);
    }
    end(&m);
}
