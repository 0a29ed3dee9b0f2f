/* fs/posix/rename.c - file_rename, directory_rename, and renames that change the case of a name. */
#include "fs/posix/rename.h"

#include <string.h>

#include "fs/posix/commit.h"
#include "fs/posix/list.h"

/* ---- another spelling of the same name ---- */

/* What a stat of a path failed with and the rename will fail with again, knowing which of the two
 * paths is to blame. Anything else may have passed by then, and what is renamed would not be
 * known to be a file, or a directory. */
static int shows_again(int error)
{
    return error == ENOENT || error == ENOTDIR || error == ELOOP || error == EACCES ||
           error == ENAMETOOLONG;
}

/* Linux takes two spellings for two names of one file, between which a rename does nothing and
 * succeeds. Then the way goes by a temporary name. */
static int case_rename(mhq_fs *fs, const mhq_place *place, const char *shown, const char *name2)
{
    char temporary[MHQ_TEMPORARY];
    int result, dir = place->dir;
    MHQ_RETRY(result, fs->sys->renameat(dir, place->name, dir, name2));
    if (result < 0)
        return errno;
    if (mhq_is_listed(fs, dir, name2))
        return 0;
    int error = mhq_temporary_name(fs, temporary);
    if (!error)
        error = mhq_commit_directory(fs, dir, place->name, dir, temporary, temporary);
    if (error)
        return error;
    error = mhq_commit_directory(fs, dir, temporary, dir, name2, name2);
    if (error && mhq_commit_directory(fs, dir, temporary, dir, place->name, shown) != 0)
        mhq_report_leftover(fs, shown, temporary);
    return error;
}

int mhq_case_rename(mhq_fs *fs, const mhq_place *place, const char *shown, const char *path2, int *same)
{
    struct stat st, st2;
    mhq_place other;
    int result;
    *same = 0;
    MHQ_RETRY(result, fs->sys->fstatat(place->dir, place->name, &st, AT_SYMLINK_NOFOLLOW));
    if (result < 0)
        return errno;
    MHQ_RETRY(result, fs->sys->fstatat(AT_FDCWD, path2, &st2, AT_SYMLINK_NOFOLLOW));
    if (result < 0)
        return shows_again(errno) ? 0 : errno;
    if (!mhq_same(&st, &st2))
        return 0;
    int error = mhq_place_open(fs, path2, &other);
    if (error)
        return error;
    /* One parent, two names: a directory has no second name otherwise. */
    if (fs->sys->fstat(place->dir, &st) < 0 || fs->sys->fstat(other.dir, &st2) < 0)
        error = errno;
    else if (mhq_same(&st, &st2))
        *same = strcmp(place->name, other.name) == 0 ? 1 : 2;
    if (*same == 2)
        error = case_rename(fs, place, shown, other.name);
    mhq_place_close(fs, &other);
    return error;
}

/* ---- the operations ---- */

void mhq_fs_file_rename(mhq_fs *fs, const mhq_op *op, mhq_run *run)
{
    struct stat st;
    int result, error = 0;
    MHQ_RETRY(result, fs->sys->fstatat(AT_FDCWD, op->path, &st, AT_SYMLINK_NOFOLLOW));
    if (result == 0 && S_ISDIR(st.st_mode)) {
        error = EISDIR;
    } else if (result < 0 && !shows_again(errno)) {
        error = errno;
    } else {
        MHQ_RETRY(result, fs->sys->renameat(AT_FDCWD, op->path, AT_FDCWD, op->path2));
        if (result < 0)
            error = errno;
    }
    if (error)
        mhq_fail(run, error, MHQ_AT_BOTH);
}

/* A name that is taken is left alone in one step, or not at all: ENOTSUP where the file system has no
 * such call. EINVAL is how some say so, but also what a move to below itself fails with. */
static int rename_to_free_name(mhq_fs *fs, const mhq_op *op)
{
    int error;
    MHQ_TRY(error, fs->sys->renameat2(AT_FDCWD, op->path, AT_FDCWD, op->path2, RENAME_NOREPLACE));
    if (error == EINVAL && !mhq_is_below_itself(fs, AT_FDCWD, op->path, AT_FDCWD, op->path2))
        return ENOTSUP;
    return error == ENOSYS ? ENOTSUP : error;
}

void mhq_fs_path_rename(mhq_fs *fs, const mhq_op *op, mhq_run *run)
{
    int error = op->options & MHQ_REPLACE
                    ? mhq_rename(fs, AT_FDCWD, op->path, AT_FDCWD, op->path2)
                    : rename_to_free_name(fs, op);
    if (error)
        mhq_fail(run, error, MHQ_AT_BOTH);
}

/* The name is taken: by the directory itself, if path2 is but another way to write it. */
static int rename_to_itself(mhq_fs *fs, const mhq_op *op)
{
    struct stat st;
    mhq_place place;
    int result, same, error = mhq_place_open(fs, op->path, &place);
    if (error)
        return error;
    /* With a slash after it a link has the stat of what it leads to; the place is without. */
    MHQ_RETRY(result, fs->sys->fstatat(place.dir, place.name, &st, AT_SYMLINK_NOFOLLOW));
    if (result < 0)
        error = errno;
    else if (!S_ISDIR(st.st_mode))
        error = ENOTDIR;
    same = error != 0;
    if (!error)
        error = mhq_case_rename(fs, &place, op->path, op->path2, &same);
    mhq_place_close(fs, &place);
    return same ? error : EEXIST;
}

void mhq_fs_directory_rename(mhq_fs *fs, const mhq_op *op, mhq_run *run)
{
    struct stat st;
    int result, missing, error;
    MHQ_RETRY(result, fs->sys->fstatat(AT_FDCWD, op->path, &st, AT_SYMLINK_NOFOLLOW));
    missing = result < 0 ? errno : 0;
    if (!missing && !S_ISDIR(st.st_mode))
        error = ENOTDIR;
    else if (missing && !shows_again(missing))
        error = missing;
    else
        error = mhq_commit_directory(fs, AT_FDCWD, op->path, AT_FDCWD, op->path2, op->path2);
    if (error == EEXIST) /* a source that is no directory is to blame before a target that exists */
        error = missing ? missing : rename_to_itself(fs, op);
    if (error)
        mhq_fail(run, error, MHQ_AT_BOTH);
}
