/* fs/posix/copy_tree.c - copying trees.
 *
 * A copy is built out of sight, under a random name with mode 0700 next to its target, and gets
 * the target's name when it is complete. A directory gets its metadata when its contents are
 * complete: its mode may forbid writing, and its times must be the last thing to be set.
 * Invariants: nothing is resolved by path but the two tops; links below the top are copied, never
 * followed; mounts below the source are copied like any directory; on failure everything that
 * was built is removed again, made parents included, and what cannot be is told (of parents that
 * stay one within the other, the deepest).
 */
#include "fs/posix/walk.h"

#include <fcntl.h>
#include <string.h>

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

/* Links and nodes ------------------------------------------------------------------------- */

/* The times go by name: they do no harm. */
static int dress(mhq_fs *fs, const struct stat *st, int dir2, const char *name2, int ownership)
{
    struct timespec times[2] = { st->st_atim, st->st_mtim };
    int error = 0;
    if (ownership || !S_ISLNK(st->st_mode))
        error = mhq_dress_node(fs, st, dir2, name2, ownership);
    if (error)
        return error;
    MHQ_TRY(error, fs->sys->utimensat(dir2, name2, times, AT_SYMLINK_NOFOLLOW));
    return mhq_unsupported(error) || error == EPERM ? 0 : error;
}

static int copy_link(mhq_fs *fs, int dir, const char *name, int dir2, const char *name2, int *side)
{
    char *text = fs->scratch;
    *side = 0;
    ssize_t n;
    MHQ_RETRY(n, fs->sys->readlinkat(dir, name, text, MHQ_SCRATCH));
    if (n < 0)
        return errno;
    if ((size_t)n >= MHQ_SCRATCH)
        return ENAMETOOLONG;
    text[n] = '\0';
    *side = 1;
    int error;
    MHQ_TRY(error, fs->sys->symlinkat(text, dir2, name2));
    return error;
}

int mhq_copy_special(mhq_fs *fs, int dir, const char *name, const struct stat *st, int dir2,
                     const char *name2, int ownership, int *side)
{
    int error;
    *side = 0;
    if (S_ISLNK(st->st_mode)) {
        error = copy_link(fs, dir, name, dir2, name2, side);
    } else if (S_ISFIFO(st->st_mode) || S_ISSOCK(st->st_mode)) {
        *side = 1;
        MHQ_TRY(error, fs->sys->mknodat(dir2, name2, st->st_mode & (S_IFMT | 0777), 0));
    } else {
        return MHQ_ENOTREGULAR;
    }
    if (error)
        return error;
    error = dress(fs, st, dir2, name2, ownership);
    if (error)
        mhq_unlink(fs, dir2, name2, 0);
    return error;
}

/* The walk -------------------------------------------------------------------------------- */

static int try_entry(copier *c, const mhq_frame *frame, const mhq_dirent *entry, int *side)
{
    struct stat st;
    *side = 0;
    if (entry->type == DT_DIR)
        return mhq_tree_note(&c->tree, entry->name);
    int error = mhq_stat(c->fs, frame->fd, entry->name, AT_SYMLINK_NOFOLLOW, &st);
    if (error)
        return error;
    if (S_ISDIR(st.st_mode))
        return mhq_tree_note(&c->tree, entry->name);
    if (c->seen)
        error = mhq_seen_add(c->fs, c->seen, &st);
    if (error)
        return error;
    if (S_ISREG(st.st_mode))
        return mhq_copy_file_at(c->fs, frame->fd, entry->name, &st, frame->to, entry->name,
                                c->seen != NULL, side);
    return mhq_copy_special(c->fs, frame->fd, entry->name, &st, frame->to, entry->name,
                            c->seen != NULL, side);
}

/* A file that is replaced between the look at it and its opening (ESTALE) is no failure: the new
 * one is as good. */
static int copy_entry(copier *c, const mhq_frame *frame, const mhq_dirent *entry, int *side)
{
    int error = ESTALE;
    for (int tries = 0; error == ESTALE && tries < 8; tries++)
        error = try_entry(c, frame, entry, side);
    return error;
}

/* All of it before any subdirectory is visited: its place in the directory is lost with the
 * descriptor. */
static void copy_entries(copier *c)
{
    mhq_frame *frame = mhq_tree_top(&c->tree);
    mhq_reader reader = { .fd = frame->fd, .buffer = c->entries, .size = ENTRIES };
    mhq_dirent entry;
    int got, side;
    while ((got = mhq_read_entry(c->fs, &reader, &entry)) > 0) {
        int error = copy_entry(c, frame, &entry, &side);
        if (error) {
            mhq_tree_fail(&c->tree, c->run, error, side, entry.name);
            return;
        }
    }
    if (got < 0)
        mhq_tree_fail(&c->tree, c->run, -got, 0, NULL);
    frame->ended = 1;
}

/* A mount can show one of its own ancestors, and what is being built. The latter is looked for
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
    const struct stat *other = &c->tree.frames[mark - 1].st;
    return mhq_same(st, other) ? ELOOP : 0;
}

static int enter(copier *c, int fd, int to, const struct stat *st)
{
    int error = mhq_tree_enter(&c->tree, fd, to);
    if (!error)
        mhq_tree_top(&c->tree)->st = *st;
    return error;
}

static void visit(copier *c, const char *name)
{
    const mhq_frame *frame = mhq_tree_top(&c->tree);
    struct stat st;
    int fd, to = -1;
    int target = 0;
    int error = mhq_open(c->fs, frame->fd, name, OPEN_TREE, 0, &fd);
    if (!error)
        error = mhq_stat_fd(c->fs, fd, &st);
    if (!error)
        error = check_source(c, &st);
    if (!error && c->seen)
        error = mhq_seen_add(c->fs, c->seen, &st);
    if (!error) {
        target = 1;
        error = mhq_make_directory(c->fs, frame->to, name, 0700);
    }
    if (!error)
        error = mhq_open(c->fs, frame->to, name, OPEN_TREE, 0, &to);
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
static void finish(copier *c)
{
    int side;
    int error = mhq_tree_climb(&c->tree, &side);
    const mhq_frame *frame = mhq_tree_top(&c->tree);
    if (!error)
        error = mhq_copy_metadata(c->fs, frame->fd, &frame->st, frame->to, c->seen != NULL, &side);
    if (error)
        mhq_tree_fail(&c->tree, c->run, error, side, NULL);
    else
        mhq_tree_leave(&c->tree);
}

static void fill(copier *c)
{
    while (c->tree.depth > 0 && !c->run->error) {
        const char *name = mhq_tree_next(&c->tree);
        if (name != NULL)
            visit(c, name);
        else if (!mhq_tree_top(&c->tree)->ended)
            copy_entries(c);
        else
            finish(c);
    }
}

/* The target ------------------------------------------------------------------------------ */

/* EINVAL where `dir` is the directory `st` or lies below it. Only spares work: where the way up
 * cannot be seen, or a mount hides it, the walk notices. */
static int check_outside(mhq_fs *fs, int dir, const struct stat *st)
{
    struct stat here, above;
    int fd = -1;
    int error = mhq_stat_fd(fs, dir, &here);
    while (!error && !mhq_same(&here, st)) {
        int up;
        error = mhq_open(fs, fd < 0 ? dir : fd, "..", MHQ_O_PLACE, 0, &up);
        if (error)
            break;
        if (fd >= 0)
            fs->sys->close(fd);
        fd = up;
        error = mhq_stat_fd(fs, fd, &above);
        if (!error && mhq_same(&above, &here))
            error = ENOENT; /* the root */
        here = above;
    }
    if (fd >= 0)
        fs->sys->close(fd);
    return error ? 0 : EINVAL;
}

/* Only what we built goes with its contents; somebody may have put something else in its place. */
static void undo(const copier *c, int dir, const char *temporary, const char *shown2)
{
    mhq_run run = { .error = 0 };
    struct stat made = { .st_dev = c->dev, .st_ino = c->ino };
    if (c->begun)
        mhq_delete_known(c->fs, dir, temporary, &made, temporary, 1, NULL, &run);
    else
        run.error = mhq_unlink(c->fs, dir, temporary, AT_REMOVEDIR);
    c->fs->sys->release(run.buffer);
    if (run.error)
        mhq_tell_left(c->fs, shown2, temporary);
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
    if (!error)
        error = check_outside(c->fs, dir, st);
    if (!error) {
        c->entries = c->fs->sys->alloc(ENTRIES);
        error = c->entries != NULL ? 0 : ENOMEM;
    }
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
        fs->lengthy(fs->who);
    mhq_tree_init(&c.tree, fs, shown, shown2);
    if (check_target(&c, from, dir, name, &st) != 0) {
        fs->sys->close(from);
        return;
    }
    int error = mhq_temporary_name(fs, temporary);
    if (!error)
        error = mhq_make_directory(fs, dir, temporary, 0700);
    if (error) {
        mhq_fail(run, error, MHQ_AT_PATH2);
        fs->sys->close(from);
    } else {
        error = begin(&c, from, dir, temporary, &st);
        if (!error)
            fill(&c);
        if (!error && !run->error)
            error = mhq_commit_directory(fs, dir, temporary, dir, name, shown2);
        if (error)
            mhq_fail(run, error, MHQ_AT_PATH2);
        mhq_tree_fini(&c.tree);
        if (run->error)
            undo(&c, dir, temporary, shown2);
    }
    fs->sys->release(c.entries);
}

/* Parents --------------------------------------------------------------------------------- */

/* The way to a target: its parent, open, and which of the directories on the way we made. */
typedef struct way {
    mhq_place place;
    const char *path;  /* as given */
    char **names;      /* those that were made, in order; inside place.storage, where in `path` */
    size_t made;
} way;

static void close_way(mhq_fs *fs, way *w)
{
    mhq_place_close(fs, &w->place);
    fs->sys->release(w->names);
}

/* `name` was made, and could not be removed again. Ends the use of w->names: its storage gets
 * back the slashes before the name, which needs no memory. */
static void tell_unmade(mhq_fs *fs, way *w, const char *name, int error)
{
    if (!mhq_stays(error) || !fs->left_behind)
        return;
    memcpy(w->place.storage, w->path, (size_t)(name - w->place.storage));
    fs->left_behind(fs->who, w->place.storage);
}

/* Removes the last directory that was made, which is w->place.dir, and goes up. */
static int unmake_last(mhq_fs *fs, way *w, const char *name)
{
    struct stat below, seen;
    int up;
    int error = mhq_open(fs, w->place.dir, "..", MHQ_O_PLACE, 0, &up);
    if (error)
        return error;
    error = mhq_stat_fd(fs, w->place.dir, &below);
    if (!error)
        error = mhq_stat(fs, up, name, AT_SYMLINK_NOFOLLOW, &seen);
    if (!error)
        error = mhq_same(&below, &seen) ? mhq_unlink(fs, up, name, AT_REMOVEDIR) : ENOENT;
    fs->sys->close(w->place.dir);
    w->place.dir = up;
    return error;
}

/* The directories are empty, or somebody else has found a use for them; then they stay. */
static void unmake(mhq_fs *fs, way *w)
{
    while (w->made > 0) {
        const char *name = w->names[--w->made];
        int error = unmake_last(fs, w, name);
        if (error) {
            tell_unmade(fs, w, name, error);
            return;
        }
    }
}

/* Makes the components of `rest` below w->place.dir, and goes down. A '..' in what does not exist
 * stays an error: the system would not resolve it either. */
static int make_rest(mhq_fs *fs, way *w, char *rest)
{
    char *mark;
    for (char *name = strtok_r(rest, "/", &mark); name; name = strtok_r(NULL, "/", &mark)) {
        int fd;
        if (strcmp(name, ".") == 0)
            continue;
        if (strcmp(name, "..") == 0)
            return ENOENT;
        int error = mhq_make_directory(fs, w->place.dir, name, 0777);
        int made = !error;
        if (error && error != EEXIST)
            return error;
        error = mhq_open(fs, w->place.dir, name,
                         MHQ_O_PLACE | (made ? O_NOFOLLOW : 0), 0, &fd);
        if (error && made) {
            int failure = mhq_unlink(fs, w->place.dir, name, AT_REMOVEDIR);
            if (failure) {
                tell_unmade(fs, w, name, failure);
                w->made = 0; /* it is in them */
            }
        }
        if (error)
            return error;
        fs->sys->close(w->place.dir);
        w->place.dir = fd;
        if (made)
            w->names[w->made++] = name;
        else
            w->made = 0; /* somebody else's in between: not ours to climb over */
    }
    return 0;
}

/* Opens the longest part of `parent` (n bytes) that exists; *rest is what is missing. */
static int open_existing(mhq_fs *fs, char *parent, size_t n, int *fd, char **rest)
{
    for (;;) {
        while (n > 0 && parent[n - 1] != '/')
            n--;
        /* `n` is behind a slash, or 0 */
        char kept = parent[n];
        parent[n] = '\0';
        int error = mhq_open(fs, AT_FDCWD, n ? parent : ".", MHQ_O_PLACE, 0, fd);
        parent[n] = kept;
        *rest = parent + n;
        if (error != ENOENT || n == 0)
            return error;
        while (n > 0 && parent[n - 1] == '/')
            n--;
    }
}

/* The parent of path2, made where it is missing. */
static int open_way(mhq_fs *fs, const char *path, way *w)
{
    *w = (way){ .path = path };
    int error = mhq_place_open(fs, path, &w->place);
    if (error != ENOENT || path[0] == '\0')
        return error;
    size_t n = strlen(path);
    char *copy = fs->sys->alloc(n + 1);
    w->names = fs->sys->alloc((n / 2 + 1) * sizeof *w->names);
    w->place.dir = -1;
    w->place.storage = copy;
    if (copy == NULL || w->names == NULL) {
        error = ENOMEM;
    } else {
        char *rest;
        memcpy(copy, path, n + 1);
        while (n > 0 && copy[n - 1] == '/')
            copy[--n] = '\0';
        while (n > 0 && copy[n - 1] != '/')
            n--;
        w->place.name = copy + n;
        if (n > 0)
            copy[n - 1] = '\0'; /* ends the parent; not the root: that exists */
        error = n > 0 ? open_existing(fs, copy, n - 1, &w->place.dir, &rest) : ENOENT;
        if (!error)
            error = make_rest(fs, w, rest);
    }
    if (error) {
        unmake(fs, w);
        close_way(fs, w);
    }
    return error;
}

/* The operation --------------------------------------------------------------------------- */

void mhq_fs_directory_copy(mhq_fs *fs, const mhq_op *op, mhq_run *run)
{
    way w;
    int from;
    int error = mhq_open(fs, AT_FDCWD, op->path, O_RDONLY | O_DIRECTORY, 0, &from);
    if (error) {
        mhq_fail(run, error, MHQ_AT_PATH);
        return;
    }
    error = open_way(fs, op->path2, &w);
    if (error) {
        fs->sys->close(from);
        mhq_fail(run, error, MHQ_AT_PATH2);
        return;
    }
    mhq_copy_tree_at(fs, from, op->path, w.place.dir, w.place.name, op->path2, NULL, run);
    if (run->error)
        unmake(fs, &w);
    close_way(fs, &w);
}
