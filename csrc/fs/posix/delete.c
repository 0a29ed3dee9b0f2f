/* fs/posix/delete.c - deleting trees, and the checks before a tree is touched.
 *
 * Invariants: everything is named by an open directory and one component; a directory is entered
 * with O_NOFOLLOW|O_DIRECTORY and only if its mount is the top's; a link is unlinked, never
 * entered. Entries are removed while they are read. Whether the file system then still shows
 * all of the others is its own affair, so the end is decided by the removal of the directory:
 * ENOTEMPTY starts another reading.
 */
#include "fs/posix/delete.h"

#include <string.h>

#include "fs/posix/mounts.h"
#include "fs/traverse.h"

#define NAMES_AT_ONCE ((size_t)65536) /* bytes of subdirectories' names before they are visited */
#define PASSES 64 /* readings anew: against programs that fill the directory as we empty it */

typedef struct deleter {
    mhq_tree tree;
    mhq_fs *fs;
    mhq_run *run;
    int dir;           /* where the top is */
    const char *name;
    int own;
    const mhq_seen *seen;
    uint64_t mount;    /* the only one to work on */
} deleter;

static int check_copied(mhq_fs *fs, const mhq_seen *seen, int fd)
{
    struct stat st;
    int error = mhq_stat_fd(fs, fd, &st);
    return error ? error : mhq_seen_check(seen, &st);
}

/* Removes what is no directory; of a moved tree only what was copied. */
static int unlink_entry(const deleter *d, int dir, const char *name)
{
    int left, error;
    if (d->seen == NULL)
        return mhq_unlink(d->fs, dir, name, 0);
    error = mhq_seen_unlink(d->fs, d->seen, dir, name, &left);
    if (left)
        mhq_tree_report_leftover(&d->tree, d->seen->aside);
    return error;
}

/* ENOENT: another program was faster. EISDIR: a directory has taken the place of what was read. */
static int remove_entry(void *context, const mhq_dirent *entry, int *target)
{
    deleter *d = context;
    mhq_level *level = mhq_tree_top(&d->tree);
    int directory;
    (void)target;
    int error = mhq_entry_is_directory(d->fs, level->fd, entry, &directory);
    if (!error && !directory)
        error = unlink_entry(d, level->fd, entry->name);
    if (directory || error == EISDIR)
        return mhq_tree_note(&d->tree, entry->name);
    if (error && error != ENOENT)
        return error;
    level->changed = 1;
    d->fs->done++;
    return 0;
}

static void enter(deleter *d, int fd)
{
    /* What we built may carry a mode that does not even let its owner remove the contents. Only
     * then: a failure shows by itself. */
    if (d->own)
        d->fs->sys->fchmod(fd, 0700);
    int error = mhq_tree_enter(&d->tree, fd, -1);
    if (error)
        mhq_tree_fail(&d->tree, d->run, error, 0, NULL);
}

static void visit(void *context, const char *name)
{
    deleter *d = context;
    mhq_level *level = mhq_tree_top(&d->tree);
    int fd;
    int error = mhq_open_inside(d->fs, d->mount, level->fd, name, &fd);
    if (!error && d->seen) {
        error = check_copied(d->fs, d->seen, fd);
        if (error)
            d->fs->sys->close(fd);
    }
    if (!error) {
        enter(d, fd);
        return;
    }
    if (error == ENOTDIR || error == ELOOP) {
        /* No directory any more. Where it becomes one again, the next reading meets it. */
        error = unlink_entry(d, level->fd, name);
        if (error == EISDIR)
            error = 0;
    }
    if (error && error != ENOENT) {
        mhq_tree_fail(&d->tree, d->run, error, 0, name);
        return;
    }
    level->changed = 1;
    mhq_tree_skip(&d->tree);
}

static int read_again(deleter *d, mhq_level *level)
{
    if (!level->changed || level->passes >= PASSES)
        return ENOTEMPTY;
    if (d->fs->sys->lseek(level->fd, 0, SEEK_SET) < 0)
        return errno;
    level->passes++;
    level->changed = level->ended = 0;
    return 0;
}

/* Removes the current directory, which has been read to its end. */
static void finish(void *context)
{
    deleter *d = context;
    mhq_tree *tree = &d->tree;
    int error = mhq_tree_climb(tree, NULL);
    if (error) {
        mhq_tree_fail(tree, d->run, error, 0, NULL);
        return;
    }
    mhq_level *level = mhq_tree_top(tree);
    mhq_level *above = tree->depth > 1 ? level - 1 : NULL;
    const char *name = above ? tree->names + above->at : d->name;
    error = mhq_unlink(d->fs, above ? above->fd : d->dir, name, AT_REMOVEDIR);
    if (error == ENOTEMPTY || error == EEXIST) {
        error = read_again(d, level);
        if (!error)
            return;
    }
    if (error == ENOENT || (error == ENOTDIR && above)) /* renamed: left to the level above */
        error = 0;
    if (error) {
        mhq_tree_fail(tree, d->run, error, 0, NULL);
        return;
    }
    mhq_tree_leave(tree);
    d->fs->done++;
    if (above)
        above->changed = 1;
}

static void empty(deleter *d)
{
    const mhq_visitor visitor = {
        d->fs->scratch, MHQ_SCRATCH, NAMES_AT_ONCE, remove_entry, visit, finish, NULL, 1
    };
    mhq_traverse(&d->tree, d->run, &visitor, d);
}

static int check_identity(mhq_fs *fs, int fd, const struct stat *expect)
{
    struct stat st;
    int error = mhq_stat_fd(fs, fd, &st);
    return error ? error : mhq_same(&st, expect) ? 0 : ESTALE;
}

void mhq_delete_known(mhq_fs *fs, int dir, const char *name, const struct stat *expect,
                      const char *shown, int own, const mhq_seen *seen, mhq_run *run)
{
    deleter d = { .fs = fs, .run = run, .dir = dir, .name = name, .own = own, .seen = seen };
    int fd = -1;
    if (fs->lengthy)
        fs->lengthy(fs->context);
    mhq_tree_init(&d.tree, fs, shown, NULL);
    int error = mhq_mount_of(fs, dir, &d.mount);
    if (!error)
        error = mhq_open_inside(fs, d.mount, dir, name, &fd);
    if (!error && expect)
        error = check_identity(fs, fd, expect);
    if (error) {
        if (fd >= 0)
            fs->sys->close(fd);
        mhq_tree_fail(&d.tree, run, error == ELOOP ? ENOTDIR : error, 0, NULL);
        return;
    }
    enter(&d, fd);
    empty(&d);
    mhq_tree_fini(&d.tree);
}

/* The operation --------------------------------------------------------------------------- */

/* What the path alone is refused for. */
static int check_last(const char *path)
{
    size_t n = strlen(path);
    while (n > 0 && path[n - 1] == '/')
        n--;
    if (n == 0)
        return path[0] == '/' ? EBUSY : ENOENT;
    size_t first = n;
    while (first > 0 && path[first - 1] != '/')
        first--;
    size_t length = n - first;
    if (path[first] == '.' && (length == 1 || (length == 2 && path[first + 1] == '.')))
        return EINVAL;
    return 0;
}

int mhq_place_open_tree(mhq_fs *fs, const char *path, mhq_place *place)
{
    struct stat st;
    place->dir = -1;
    place->name = place->storage = NULL;
    int error = check_last(path);
    if (error)
        return error;
    error = mhq_place_open(fs, path, place);
    if (error)
        return error;
    error = mhq_stat(fs, place->dir, place->name, AT_SYMLINK_NOFOLLOW, &st);
    if (!error && !S_ISDIR(st.st_mode))
        error = ENOTDIR;
    if (!error)
        error = mhq_check_mount(fs, place->dir, place->name);
    if (error)
        mhq_place_close(fs, place);
    return error;
}

void mhq_fs_directory_delete(mhq_fs *fs, const mhq_op *op, mhq_run *run)
{
    mhq_place place;
    int error;
    if (!(op->options & MHQ_RECURSIVE)) {
        error = mhq_unlink(fs, AT_FDCWD, op->path, AT_REMOVEDIR);
        if (error)
            mhq_fail(run, error, MHQ_AT_PATH);
        return;
    }
    error = mhq_place_open_tree(fs, op->path, &place);
    if (error) {
        mhq_fail(run, error, MHQ_AT_PATH);
        return;
    }
    mhq_delete_known(fs, place.dir, place.name, NULL, op->path, 0, NULL, run);
    mhq_place_close(fs, &place);
}
