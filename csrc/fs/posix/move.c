/* fs/posix/move.c - file_move, directory_move.
 *
 * A move is a rename, within whatever the system can rename within. Only its EXDEV means that it
 * cannot: device numbers are equal on both sides of a bind mount. Then the source is copied out
 * of sight, the copy gets the target's name, and the source is removed, provided that it is
 * still what was copied; of a tree, each thing in it. From the moment the target has its name it
 * is never touched again, whatever becomes of the source.
 */
#include <string.h>

#include "fs/posix/commit.h"
#include "fs/posix/copy.h"
#include "fs/posix/copy_tree.h"
#include "fs/posix/delete.h"
#include "fs/posix/mounts.h"
#include "fs/posix/parents.h"
#include "fs/posix/rename.h"
#include "fs/posix/special.h"
#include "fs/posix/walk.h"

typedef struct mover {
    mhq_fs *fs;
    mhq_run *run;
    const char *path, *path2;   /* as given */
    const char *base;           /* the source's last component */
    mhq_place source, target;   /* opened when they are needed */
    mhq_parents parents;        /* of a directory's target, where some were missing: target is theirs */
    char *joined;               /* path2/base, where the target is inside of path2; else NULL */
} mover;

static const char *shown_target(const mover *m)
{
    return m->joined ? m->joined : m->path2;
}

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
    if (m->joined && error == EEXIST)
        fail_target(m, error);
    else
        mhq_fail(m->run, error, MHQ_AT_BOTH);
}

/* Where path2 is a directory, the target is inside of it. */
static int choose_target(mover *m)
{
    struct stat st;
    int error = mhq_stat(m->fs, AT_FDCWD, m->path2, 0, &st);
    if (error == ENOENT || error == ENOTDIR || error == ELOOP || error == EACCES
        || error == ENAMETOOLONG)
        return 0; /* the rename knows more of them */
    if (error || !S_ISDIR(st.st_mode))
        return error;
    m->joined = mhq_join(m->fs, m->path2, m->base);
    if (m->joined == NULL)
        return ENOMEM;
    /* The same descriptor for all that follows, so that it stays the same directory. */
    m->target.name = m->base;
    return mhq_open(m->fs, AT_FDCWD, m->path2, MHQ_O_PLACE, 0, &m->target.dir);
}

static int open_target(mover *m)
{
    return m->target.dir != -1 ? 0 : mhq_place_open(m->fs, m->path2, &m->target);
}

static void close_mover(mover *m)
{
    if (m->source.dir != -1)
        mhq_place_close(m->fs, &m->source);
    if (m->parents.path)
        mhq_parents_close(m->fs, &m->parents);
    else if (m->target.dir != -1)
        mhq_place_close(m->fs, &m->target);
    m->fs->sys->release(m->joined);
}

static mover new_mover(mhq_fs *fs, const mhq_op *op, mhq_run *run)
{
    mover m = { .fs = fs, .run = run, .path = op->path, .path2 = op->path2 };
    m.source.dir = m.target.dir = -1;
    return m;
}

/* Files, links, nodes --------------------------------------------------------------------- */

static int copy_aside(mover *m, const struct stat *st, const char *temporary, int *side)
{
    const mhq_place *from = &m->source, *to = &m->target;
    if (S_ISREG(st->st_mode))
        return mhq_copy_file_at(m->fs, from->dir, from->name, st, to->dir, temporary,
                                MHQ_KEEP_OWNER, side);
    return mhq_copy_special(m->fs, from->dir, from->name, st, to->dir, temporary, 1, side);
}

/* Inside of a directory nothing is replaced. */
static int put_inside(const mover *m, int dir, const char *name)
{
    int left, error = mhq_commit_file(m->fs, dir, name, m->target.dir, m->base, &left);
    if (left)
        mhq_report_leftover(m->fs, m->joined, m->base);
    return error;
}

static int commit_file(const mover *m, const char *temporary)
{
    int dir = m->target.dir;
    if (m->joined)
        return put_inside(m, dir, temporary);
    return mhq_rename(m->fs, dir, temporary, dir, m->target.name);
}

/* What was written while the copy was made may not be in it. */
static int remove_source(const mover *m, const mhq_seen *seen)
{
    int left;
    int error = mhq_seen_unlink(m->fs, seen, m->source.dir, m->source.name, &left);
    if (left)
        mhq_report_leftover(m->fs, m->path, seen->aside);
    return error == EISDIR ? ESTALE : error;
}

/* A rename between two names of one file does nothing, and succeeds. Seen through two mounts it
 * fails with EXDEV; then removing the source might remove the only name. */
static int same_file(const mover *m, const struct stat *st)
{
    struct stat other;
    const mhq_place *to = &m->target;
    return mhq_stat(m->fs, to->dir, to->name, AT_SYMLINK_NOFOLLOW, &other) == 0
        && mhq_same(&other, st);
}

/* What would make the copy useless is found before it is made. -1: reported. 1: nothing to do */
static int check_file(mover *m, struct stat *st)
{
    const mhq_place *from = &m->source;
    int error = mhq_place_open(m->fs, m->path, &m->source);
    if (!error)
        error = mhq_check_mount(m->fs, from->dir, from->name);
    if (!error)
        error = mhq_stat(m->fs, from->dir, from->name, AT_SYMLINK_NOFOLLOW, st);
    if (!error && S_ISDIR(st->st_mode))
        error = EISDIR;
    if (error) {
        mhq_fail(m->run, error, MHQ_AT_PATH);
        return -1;
    }
    size_t n = strlen(m->path2);
    if (!m->joined && n > 0 && m->path2[n - 1] == '/')
        error = ENOTDIR; /* as the rename fails with on one file system */
    else
        error = open_target(m);
    if (error) {
        mhq_fail(m->run, error, MHQ_AT_BOTH);
        return -1;
    }
    if (!same_file(m, st))
        return 0;
    if (!m->joined)
        return 1;
    fail_rename(m, EEXIST);
    return -1;
}

/* It may never have been made; the error of a name that is not there depends. */
static void drop_temporary(mover *m, const char *temporary)
{
    struct stat st;
    int dir = m->target.dir;
    int error = mhq_unlink(m->fs, dir, temporary, 0);
    if (error && error != ENOENT
        && mhq_stat(m->fs, dir, temporary, AT_SYMLINK_NOFOLLOW, &st) != ENOENT)
        mhq_report_leftover(m->fs, shown_target(m), temporary);
}

/* The copy, out of sight, and its name. -1: reported. */
static int copy_and_commit(mover *m, const struct stat *st)
{
    char temporary[MHQ_TEMPORARY];
    int side = 1;
    int error = mhq_temporary_name(m->fs, temporary);
    if (error) {
        fail_target(m, error);
        return -1;
    }
    error = copy_aside(m, st, temporary, &side);
    if (error) {
        if (error != EEXIST) /* then it is not ours */
            drop_temporary(m, temporary);
        if (side)
            fail_target(m, error);
        else
            mhq_fail(m->run, error, MHQ_AT_PATH);
        return -1;
    }
    error = commit_file(m, temporary);
    if (error) {
        drop_temporary(m, temporary);
        fail_rename(m, error);
    }
    return error ? -1 : 0;
}

static void move_file_across(mover *m)
{
    struct stat st;
    mhq_seen seen;
    if (m->fs->lengthy)
        m->fs->lengthy(m->fs->context);
    if (check_file(m, &st) != 0)
        return;
    if (S_ISREG(st.st_mode))
        mhq_total(m->fs, (uint64_t)st.st_size);
    int error = mhq_seen_open(m->fs, &seen);
    if (!error)
        error = mhq_seen_add(m->fs, &seen, &st);
    if (!error && copy_and_commit(m, &st) == 0)
        error = remove_source(m, &seen);
    if (error)
        mhq_fail(m->run, error, MHQ_AT_PATH);
    mhq_seen_close(m->fs, &seen);
}

/* The paths as given: what a slash at the end means, the system knows best. */
static int rename_file(mover *m)
{
    if (m->joined)
        return put_inside(m, AT_FDCWD, m->path);
    return mhq_rename(m->fs, AT_FDCWD, m->path, AT_FDCWD, m->path2);
}

static void move_file(mover *m)
{
    struct stat st;
    int error = mhq_stat(m->fs, AT_FDCWD, m->path, AT_SYMLINK_NOFOLLOW, &st);
    if (!error && S_ISDIR(st.st_mode))
        error = EISDIR;
    if (error) {
        mhq_fail(m->run, error, MHQ_AT_PATH);
        return;
    }
    const char *slash = strrchr(m->path, '/'); /* never at the end of what is no directory */
    m->base = slash ? slash + 1 : m->path;
    error = choose_target(m);
    if (error) {
        mhq_fail(m->run, error, MHQ_AT_PATH2);
        return;
    }
    error = rename_file(m);
    if (error == EXDEV)
        move_file_across(m);
    else if (error)
        fail_rename(m, error);
}

void mhq_fs_file_move(mhq_fs *fs, const mhq_op *op, mhq_run *run)
{
    mover m = new_mover(fs, op, run);
    move_file(&m);
    close_mover(&m);
}

/* Directories ----------------------------------------------------------------------------- */

/* Parents of the target that are missing are made, unless it is to be inside of the source, `st`. */
static int make_parents(mover *m, const struct stat *st)
{
    int error = mhq_parents_open(m->fs, m->path2, st, &m->parents);
    if (error)
        m->parents.path = NULL;
    else
        m->target = m->parents.place;
    return error;
}

static void move_known_tree(mover *m)
{
    const mhq_place *from = &m->source;
    struct stat st;
    mhq_seen seen;
    int fd;
    int error = mhq_open(m->fs, from->dir, from->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, &fd);
    if (!error) {
        error = mhq_stat_fd(m->fs, fd, &st);
        if (error)
            m->fs->sys->close(fd);
    }
    if (error) {
        mhq_fail(m->run, error, MHQ_AT_PATH);
        return;
    }
    if (m->fs->tree_begins) /* the directories are read here for the first time */
        m->fs->tree_begins(m->fs->context, m->path, (uint64_t)st.st_dev, (uint64_t)st.st_ino);
    mhq_find_mounts(m->fs, from->dir, from->name, m->path, m->run);
    if (m->run->error) {
        m->fs->sys->close(fd);
        return;
    }
    error = open_target(m);
    if (error == ENOENT && m->parents.path == NULL) /* the file system did not look at them */
        error = make_parents(m, &st);
    if (error) {
        m->fs->sys->close(fd);
        mhq_fail(m->run, error, MHQ_AT_BOTH);
        return;
    }
    error = mhq_seen_open(m->fs, &seen);
    if (error) {
        m->fs->sys->close(fd);
        mhq_fail(m->run, error, MHQ_AT_PATH);
        return;
    }
    mhq_copy_tree_at(m->fs, fd, m->path, m->target.dir, m->target.name, shown_target(m), &seen,
                     m->run);
    m->fs->masked++; /* the target has its name: what is left to do is done */
    if (!m->run->error)
        mhq_delete_known(m->fs, from->dir, from->name, &st, m->path, 0, &seen, m->run);
    else if (m->run->where == MHQ_AT_PATH2)
        fail_target(m, m->run->error);
    m->fs->masked--;
    mhq_seen_close(m->fs, &seen);
}

static void move_directory_across(mover *m)
{
    move_known_tree(m);
    if (m->fs->tree_ends) /* where it ended before the copy began */
        m->fs->tree_ends(m->fs->context);
}

static int rename_with_parents(mover *m)
{
    const mhq_place *from = &m->source;
    struct stat st;
    int error = mhq_stat(m->fs, from->dir, from->name, AT_SYMLINK_NOFOLLOW, &st);
    if (!error)
        error = make_parents(m, &st);
    if (error)
        return error;
    return mhq_commit_directory(m->fs, from->dir, from->name, m->target.dir, m->target.name,
                                m->path2);
}

/* Onto itself: there is nothing to do. */
static int rename_directory(mover *m)
{
    const mhq_place *from = &m->source;
    int same;
    int error = mhq_case_rename(m->fs, from, m->path, m->path2, &same);
    if (error || same)
        return error;
    error = choose_target(m);
    if (error)
        return error;
    if (m->joined)
        return mhq_commit_directory(m->fs, from->dir, from->name, m->target.dir, m->base,
                                    m->joined);
    error = mhq_commit_directory(m->fs, from->dir, from->name, AT_FDCWD, m->path2, m->path2);
    return error == ENOENT ? rename_with_parents(m) : error;
}

void mhq_fs_directory_move(mhq_fs *fs, const mhq_op *op, mhq_run *run)
{
    mover m = new_mover(fs, op, run);
    int error = mhq_place_open_tree(fs, op->path, &m.source);
    if (error) {
        m.source.dir = -1;
        mhq_fail(run, error, MHQ_AT_PATH);
    } else {
        m.base = m.source.name;
        error = rename_directory(&m);
        if (error == EXDEV)
            move_directory_across(&m);
        else if (error)
            fail_rename(&m, error);
        if (run->error && m.parents.path)
            mhq_parents_remove(fs, &m.parents);
    }
    close_mover(&m);
}
