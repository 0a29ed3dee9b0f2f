/* fs/posix/copy_tree.c - copying trees.
 *
 * A copy is built out of sight, under a random name with mode 0700 next to its target, and gets
 * the target's name when it is complete. A directory gets its metadata when its contents are
 * complete: its mode may forbid writing, and its times must be the last thing to be set.
 * Invariants: nothing is resolved by path but the two tops; links below the top are copied, never
 * followed; mounts below the source are copied like any directory; on failure everything that
 * was built is removed again, made parents included, and what cannot be is reported (of parents that
 * stay one within the other, the deepest).
 */
#include "fs/posix/copy_tree.h"

#include "fs/posix/commit.h"
#include "fs/posix/copy.h"
#include "fs/posix/delete.h"
#include "fs/posix/parents.h"
#include "fs/posix/special.h"
#include "fs/traverse.h"

#define ENTRIES ((size_t)65536) /* bytes of entries read at once; fs->scratch is for the files */
#define OPEN_TREE (O_RDONLY | O_DIRECTORY | O_NOFOLLOW)

typedef struct copier {
    mhq_tree tree;
    mhq_fs *fs;
    mhq_run *run;
    char *entries;
    mhq_seen *seen;    /* a move's */
    dev_t dev;         /* the top of what is being built, once begun: never a source */
    ino_t ino;
    int begun;
} copier;

/* The walk -------------------------------------------------------------------------------- */

/* A directory may list a name twice where others rename in it meanwhile (tmpfs). The target that
 * exists is then what was made for this very name a moment ago. */
static int is_duplicate(const copier *c, int error, int to, const char *name)
{
    return error == EEXIST && mhq_is_listed(c->fs, to, name);
}

/* The open refuses what is no regular file, so for what is listed as one no stat is needed before it. For
 * a move one is, whose result is what the source is compared with before it goes. */
static int try_listed_file(copier *c, const mhq_level *level, const char *name, int *side)
{
    int error = mhq_copy_file_at(c->fs, level->fd, name, NULL, level->to, name, MHQ_IN_BARE_TREE, side);
    if (is_duplicate(c, error, level->to, name))
        return 0;
    int is_another = error == MHQ_ENOTREGULAR || error == ELOOP || error == EISDIR || error == ENXIO ||
                     error == EOPNOTSUPP; /* by now */
    return is_another && !*side ? ESTALE : error;
}

static int try_entry(copier *c, const mhq_level *level, const mhq_dirent *entry, int *side)
{
    struct stat st;
    *side = 0;
    if (entry->type == DT_DIR)
        return mhq_tree_note(&c->tree, entry->name);
    if (entry->type == DT_REG && c->seen && c->fs->tree_file)
        c->fs->tree_file(c->fs->context); /* before anything of it is read, its inode included */
    int error = mhq_stat(c->fs, level->fd, entry->name, AT_SYMLINK_NOFOLLOW, &st);
    if (error)
        return error;
    if (S_ISDIR(st.st_mode))
        return mhq_tree_note(&c->tree, entry->name);
    if (S_ISREG(st.st_mode))
        error = mhq_copy_file_at(c->fs, level->fd, entry->name, &st, level->to, entry->name,
                                 (c->seen ? MHQ_KEEP_OWNER : 0) | MHQ_IN_BARE_TREE, side);
    else
        error = mhq_copy_special(c->fs, level->fd, entry->name, &st, level->to, entry->name,
                                 c->seen != NULL, side);
    if (is_duplicate(c, error, level->to, entry->name))
        return 0; /* and what has taken the place of what was copied is not to be removed */
    return !error && c->seen ? mhq_seen_add(c->fs, c->seen, &st) : error;
}

/* A file that is replaced between its listing or its stat and its opening (ESTALE) is no failure: the
 * new one is as good. */
static int copy_entry(void *context, const mhq_dirent *entry, int *side)
{
    copier *c = context;
    const mhq_level *level = mhq_tree_top(&c->tree);
    int error = ESTALE;
    *side = 0;
    if (entry->type == DT_REG && !c->seen) {
        if (c->fs->tree_file)
            c->fs->tree_file(c->fs->context); /* before anything of it is read, its inode included */
        error = try_listed_file(c, level, entry->name, side);
    }
    for (int tries = 0; error == ESTALE && tries < 8; tries++)
        error = try_entry(c, level, entry, side);
    return error;
}

/* A mount can show one of its own ancestors, and what is being built. The latter is searched for
 * everywhere; for the former, each directory is compared with one ancestor only, at the last
 * power of two above it: a cycle is met within twice its length, at a constant price. */
static int check_source(const copier *c, const struct stat *st)
{
    size_t depth = c->tree.depth;
    if (st->st_dev == c->dev && st->st_ino == c->ino)
        return EINVAL;
    if (depth == 0)
        return 0;
    size_t mark = 1;
    while (mark <= depth / 2)
        mark *= 2;
    const struct stat *other = &c->tree.levels[mark - 1].st;
    return mhq_same(st, other) ? ELOOP : 0;
}

static int enter(copier *c, int fd, int to, const struct stat *st)
{
    int error = mhq_tree_enter(&c->tree, fd, to);
    if (!error)
        mhq_tree_top(&c->tree)->st = *st;
    return error;
}

static void visit(void *context, const char *name)
{
    copier *c = context;
    const mhq_level *level = mhq_tree_top(&c->tree);
    struct stat st;
    int fd, to = -1;
    int target = 0;
    int error = mhq_open(c->fs, level->fd, name, OPEN_TREE, 0, &fd);
    if (!error)
        error = mhq_stat_fd(c->fs, fd, &st);
    if (!error)
        error = check_source(c, &st);
    if (!error) {
        target = 1;
        error = mhq_make_directory(c->fs, level->to, name, 0700);
    }
    if (is_duplicate(c, error, level->to, name)) {
        c->fs->sys->close(fd);
        mhq_tree_skip(&c->tree);
        return;
    }
    if (!error && c->seen)
        error = mhq_seen_add(c->fs, c->seen, &st);
    if (!error)
        error = mhq_open(c->fs, level->to, name, OPEN_TREE, 0, &to);
    if (!error) {
        error = enter(c, fd, to, &st);
        fd = -1;
    }
    if (!error)
        return;
    if (fd >= 0)
        c->fs->sys->close(fd);
    if (error == EINVAL && !target)
        mhq_fail(c->run, error, MHQ_AT_PATH); /* not by the name it has while it is built */
    else
        mhq_tree_fail(&c->tree, c->run, error, target, name);
}

/* The way up is opened first: the mode may shut it. */
static void finish(void *context)
{
    copier *c = context;
    int side;
    int error = mhq_tree_climb(&c->tree, &side);
    const mhq_level *level = mhq_tree_top(&c->tree);
    if (!error)
        error = mhq_copy_metadata(c->fs, level->fd, &level->st, level->to, c->seen != NULL, &side);
    if (error)
        mhq_tree_fail(&c->tree, c->run, error, side, NULL);
    else
        mhq_tree_leave(&c->tree);
}

/* All entries are read before any subdirectory is visited: the place in the directory is lost with
 * its descriptor. */
static void fill(copier *c)
{
    const mhq_visitor visitor = {c->entries, ENTRIES, 0, copy_entry, visit, finish, NULL, 0};
    mhq_traverse(&c->tree, c->run, &visitor, c);
}

/* Measuring ------------------------------------------------------------------------------- */

typedef struct measurer {
    copier c;          /* of which the walk, and the checks of a source, are used */
    uint64_t bytes;
} measurer;

static int measure_entry(void *context, const mhq_dirent *entry, int *side)
{
    measurer *m = context;
    struct stat st;
    (void)side;
    if (entry->type == DT_DIR)
        return mhq_tree_note(&m->c.tree, entry->name);
    if (entry->type != DT_REG && entry->type != DT_UNKNOWN)
        return 0;
    int error = mhq_stat(m->c.fs, mhq_tree_top(&m->c.tree)->fd, entry->name, AT_SYMLINK_NOFOLLOW, &st);
    if (!error && S_ISDIR(st.st_mode))
        return mhq_tree_note(&m->c.tree, entry->name);
    if (!error && S_ISREG(st.st_mode) && st.st_size > 0)
        m->bytes = mhq_sum(m->bytes, (uint64_t)st.st_size);
    return error == ENOENT ? 0 : error;
}

static void measure_enter(void *context, const char *name)
{
    measurer *m = context;
    struct stat st;
    int fd, error = mhq_open(m->c.fs, mhq_tree_top(&m->c.tree)->fd, name, OPEN_TREE, 0, &fd);
    if (!error)
        error = mhq_stat_fd(m->c.fs, fd, &st);
    if (!error)
        error = check_source(&m->c, &st);
    if (!error)
        error = enter(&m->c, fd, -1, &st), fd = -1;
    if (error)
        mhq_tree_fail(&m->c.tree, m->c.run, error, 0, name);
    if (error && fd >= 0)
        m->c.fs->sys->close(fd);
}

static void measure_leave(void *context)
{
    measurer *m = context;
    int error = mhq_tree_climb(&m->c.tree, NULL);
    if (error)
        mhq_tree_fail(&m->c.tree, m->c.run, error, 0, NULL);
    else
        mhq_tree_leave(&m->c.tree);
}

/* How many bytes the regular files of the tree have. Where that cannot be found out, the copy will
 * find out why; only a stop counts here: ECANCELED. */
static int measure(const copier *of, int from, const struct stat *st)
{
    const mhq_visitor visitor = {
        of->entries, ENTRIES, 0, measure_entry, measure_enter, measure_leave, NULL, 1
    };
    mhq_run run = { .error = 0 };
    measurer m = { .c = { .fs = of->fs, .run = &run } };
    int fd, error = mhq_open(of->fs, from, ".", OPEN_TREE, 0, &fd);
    if (error)
        return 0;
    mhq_tree_init(&m.c.tree, of->fs, "", NULL);
    error = enter(&m.c, fd, -1, st);
    if (!error)
        mhq_traverse(&m.c.tree, &run, &visitor, &m);
    mhq_tree_fini(&m.c.tree);
    of->fs->sys->release(run.buffer);
    if (!error && !run.error)
        mhq_total(of->fs, m.bytes);
    return run.error == ECANCELED ? ECANCELED : 0;
}

/* The target ------------------------------------------------------------------------------ */

/* Only what we built goes with its contents; another program may have put something else in its place. */
static void undo(const copier *c, int dir, const char *temporary, const char *shown2)
{
    mhq_run run = { .error = 0 };
    c->fs->masked++;
    struct stat made = { .st_dev = c->dev, .st_ino = c->ino };
    if (c->begun)
        mhq_delete_known(c->fs, dir, temporary, &made, temporary, 1, NULL, &run);
    else
        run.error = mhq_unlink(c->fs, dir, temporary, AT_REMOVEDIR);
    c->fs->masked--;
    c->fs->sys->release(run.buffer);
    if (run.error)
        mhq_report_leftover(c->fs, shown2, temporary);
}

/* Before anything is made. */
static int check_target(copier *c, int from, int dir, const char *name, struct stat *st)
{
    struct stat other;
    int error = mhq_stat(c->fs, dir, name, AT_SYMLINK_NOFOLLOW, &other);
    if (error != ENOENT) {
        mhq_fail(c->run, error ? error : EEXIST, MHQ_AT_PATH2);
        return -1;
    }
    error = mhq_stat_fd(c->fs, from, st);
    if (!error && mhq_is_within(c->fs, dir, st))
        error = EINVAL;
    if (!error) {
        c->entries = c->fs->sys->alloc(ENTRIES);
        error = c->entries != NULL ? 0 : ENOMEM;
    }
    if (!error && c->fs->measure && c->fs->total)
        error = measure(c, from, st);
    if (error)
        mhq_fail(c->run, error, MHQ_AT_PATH);
    return error ? -1 : 0;
}

/* Opens the directory that was made to be filled, and starts the walk; takes `from`. */
static int begin(copier *c, int from, int dir, const char *temporary, const struct stat *st)
{
    struct stat made;
    int to;
    int error = mhq_open(c->fs, dir, temporary, OPEN_TREE, 0, &to);
    if (!error) {
        error = mhq_stat_fd(c->fs, to, &made);
        if (!error)
            error = mhq_inherit_nothing(c->fs, to);
        if (error)
            c->fs->sys->close(to);
    }
    if (error) {
        c->fs->sys->close(from);
        return error;
    }
    c->dev = made.st_dev;
    c->ino = made.st_ino;
    c->begun = 1;
    return enter(c, from, to, st);
}

void mhq_copy_tree_at(mhq_fs *fs, int from, const char *shown, int dir, const char *name,
                      const char *shown2, mhq_seen *seen, mhq_run *run)
{
    copier c = { .fs = fs, .run = run, .seen = seen };
    char temporary[MHQ_TEMPORARY];
    struct stat st;
    if (fs->lengthy)
        fs->lengthy(fs->context);
    mhq_tree_init(&c.tree, fs, shown, shown2);
    if (check_target(&c, from, dir, name, &st) != 0) {
        fs->sys->close(from);
        fs->sys->release(c.entries);
        return;
    }
    int error = mhq_temporary_name(fs, temporary);
    if (!error)
        error = mhq_make_directory(fs, dir, temporary, 0700);
    if (error) {
        mhq_fail(run, error, MHQ_AT_PATH2);
        fs->sys->close(from);
    } else {
        if (fs->tree_begins)
            fs->tree_begins(fs->context, shown, (uint64_t)st.st_dev, (uint64_t)st.st_ino);
        error = begin(&c, from, dir, temporary, &st);
        if (!error)
            fill(&c);
        if (!error && !run->error)
            error = mhq_commit_directory(fs, dir, temporary, dir, name, shown2);
        if (error)
            mhq_fail(run, error, MHQ_AT_PATH2);
        mhq_tree_fini(&c.tree);
        if (fs->tree_ends)
            fs->tree_ends(fs->context);
        if (run->error)
            undo(&c, dir, temporary, shown2);
    }
    fs->sys->release(c.entries);
}

/* The operation --------------------------------------------------------------------------- */

void mhq_fs_directory_copy(mhq_fs *fs, const mhq_op *op, mhq_run *run)
{
    mhq_parents parents;
    struct stat st;
    int from;
    int error = mhq_open(fs, AT_FDCWD, op->path, O_RDONLY | O_DIRECTORY, 0, &from);
    if (error) {
        mhq_fail(run, error, MHQ_AT_PATH);
        return;
    }
    error = mhq_stat_fd(fs, from, &st);
    if (!error)
        error = mhq_parents_open(fs, op->path2, &st, &parents);
    if (error) {
        fs->sys->close(from);
        mhq_fail(run, error, error == EINVAL ? MHQ_AT_PATH : MHQ_AT_PATH2);
        return;
    }
    mhq_copy_tree_at(fs, from, op->path, parents.place.dir, parents.place.name, op->path2, NULL, run);
    if (run->error)
        mhq_parents_remove(fs, &parents);
    mhq_parents_close(fs, &parents);
}
