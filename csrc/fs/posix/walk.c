/* fs/posix/walk.c - the stack of a walk through a tree. See fs/posix/walk.h.
 *
 * Invariants: the open levels are the deepest ones, without a gap, at most MHQ_TREE_OPEN + 1;
 * names[level.at] is, for every level but the deepest, the name of the level below it; a
 * level's names begin where those of the level above end.
 */
#include "fs/posix/walk.h"

#include <fcntl.h>
#include <string.h>

void mhq_tree_init(mhq_tree *tree, mhq_fs *fs, const char *shown, const char *shown2)
{
    memset(tree, 0, sizeof *tree);
    tree->fs = fs;
    tree->shown = shown;
    tree->shown2 = shown2;
}

static void close_level(const mhq_tree *tree, mhq_level *level)
{
    if (level->fd >= 0)
        tree->fs->sys->close(level->fd);
    if (level->to >= 0)
        tree->fs->sys->close(level->to);
    level->fd = level->to = -1;
}

void mhq_tree_fini(mhq_tree *tree)
{
    for (size_t i = 0; i < tree->depth; i++)
        close_level(tree, &tree->levels[i]);
    tree->fs->sys->release(tree->levels);
    tree->fs->sys->release(tree->names);
    mhq_tree_init(tree, tree->fs, tree->shown, tree->shown2);
}

/* The identity is taken from the descriptor that has been in use all along, so nothing can have
 * slipped in between. */
static int park(const mhq_tree *tree, mhq_level *level)
{
    struct stat st;
    int error = mhq_stat_fd(tree->fs, level->fd, &st);
    if (error)
        return error;
    level->dev = st.st_dev;
    level->ino = st.st_ino;
    if (level->to >= 0) {
        error = mhq_stat_fd(tree->fs, level->to, &st);
        if (error)
            return error;
        level->to_dev = st.st_dev;
        level->to_ino = st.st_ino;
    }
    close_level(tree, level);
    return 0;
}

static int grow_levels(mhq_tree *tree)
{
    size_t capacity = tree->capacity ? tree->capacity * 2 : 16;
    if (capacity > SIZE_MAX / sizeof(mhq_level) / 2)
        return ENOMEM;
    mhq_level *levels = tree->fs->sys->resize(tree->levels, capacity * sizeof *levels);
    if (levels == NULL)
        return ENOMEM;
    tree->levels = levels;
    tree->capacity = capacity;
    return 0;
}

int mhq_tree_enter(mhq_tree *tree, int fd, int to)
{
    int error = tree->depth == tree->capacity ? grow_levels(tree) : 0;
    if (!error && tree->depth > MHQ_TREE_OPEN) {
        mhq_level *old = &tree->levels[tree->depth - 1 - MHQ_TREE_OPEN];
        error = old->fd >= 0 ? park(tree, old) : 0;
    }
    if (error) {
        tree->fs->sys->close(fd);
        if (to >= 0)
            tree->fs->sys->close(to);
        return error;
    }
    mhq_level *level = &tree->levels[tree->depth++];
    memset(level, 0, sizeof *level);
    level->fd = fd;
    level->to = to;
    level->first = level->at = tree->used;
    return 0;
}

static int open_above(mhq_fs *fs, int below, dev_t dev, ino_t ino, int *fd)
{
    struct stat st;
    int error = mhq_open(fs, below, "..", O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, fd);
    if (error)
        return error;
    error = mhq_stat_fd(fs, *fd, &st);
    if (!error && (st.st_dev != dev || st.st_ino != ino))
        error = ESTALE;
    if (error) {
        fs->sys->close(*fd);
        *fd = -1;
    }
    return error;
}

int mhq_tree_climb(mhq_tree *tree, int *target)
{
    if (tree->depth < 2)
        return 0;
    const mhq_level *level = mhq_tree_top(tree);
    mhq_level *above = &tree->levels[tree->depth - 2];
    int error = 0;
    if (above->fd < 0)
        error = open_above(tree->fs, level->fd, above->dev, above->ino, &above->fd);
    if (target)
        *target = !error;
    if (!error && level->to >= 0 && above->to < 0)
        error = open_above(tree->fs, level->to, above->to_dev, above->to_ino, &above->to);
    return error;
}

void mhq_tree_leave(mhq_tree *tree)
{
    mhq_level *level = mhq_tree_top(tree);
    close_level(tree, level);
    tree->used = level->first;
    tree->depth--;
    if (tree->depth > 0)
        mhq_tree_skip(tree);
}

int mhq_tree_note(mhq_tree *tree, const char *name)
{
    size_t n = strlen(name) + 1;
    if (tree->size - tree->used < n) {
        size_t size = tree->size ? tree->size : 1024;
        while (size - tree->used < n) {
            if (size > SIZE_MAX / 4)
                return ENOMEM;
            size *= 2;
        }
        char *names = tree->fs->sys->resize(tree->names, size);
        if (names == NULL)
            return ENOMEM;
        tree->names = names;
        tree->size = size;
    }
    memcpy(tree->names + tree->used, name, n);
    tree->used += n;
    return 0;
}

const char *mhq_tree_next(const mhq_tree *tree)
{
    const mhq_level *level = mhq_tree_top(tree);
    return level->at < tree->used ? tree->names + level->at : NULL;
}

void mhq_tree_skip(mhq_tree *tree)
{
    mhq_level *level = mhq_tree_top(tree);
    level->at += strlen(tree->names + level->at) + 1;
    if (level->at == tree->used)
        level->at = tree->used = level->first;
}

int mhq_tree_rest(mhq_tree *tree)
{
    for (size_t i = 0; i < tree->depth; i++) {
        int error = tree->levels[i].fd >= 0 ? park(tree, &tree->levels[i]) : 0;
        if (error)
            return error;
    }
    return 0;
}

/* Whether it has gone, or is no directory any more. */
static int has_gone(int error)
{
    return error == ENOENT || error == ENOTDIR || error == ELOOP || error == ESTALE;
}

static int open_again(const mhq_tree *tree, size_t i)
{
    mhq_level *level = &tree->levels[i];
    struct stat st;
    int error = i == 0 ? mhq_open(tree->fs, AT_FDCWD, tree->shown, O_RDONLY | O_DIRECTORY, 0, &level->fd)
                       : mhq_open(tree->fs, level[-1].fd, tree->names + level[-1].at,
                                  O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, &level->fd);
    if (error)
        return error;
    error = mhq_stat_fd(tree->fs, level->fd, &st);
    if (!error && (st.st_dev != level->dev || st.st_ino != level->ino))
        error = ESTALE;
    if (error)
        close_level(tree, level);
    return error;
}

/* The levels from this one on go; the one above passes over what it was in. */
static void lose(mhq_tree *tree, size_t i)
{
    tree->used = tree->levels[i].first;
    tree->depth = i;
    if (i > 0)
        mhq_tree_skip(tree);
}

void mhq_tree_wake(mhq_tree *tree, mhq_run *run, int passes, size_t *lost)
{
    *lost = 0;
    for (size_t i = 0; i < tree->depth; i++) {
        int error = open_again(tree, i);
        if (error && i > 0 && (passes || has_gone(error))) {
            *lost = tree->depth - i;
            lose(tree, i);
        } else if (error) {
            tree->depth = i > 0 ? i : 1;
            mhq_tree_fail(tree, run, error, 0, i > 0 ? tree->names + tree->levels[i - 1].at : NULL);
            return;
        } else if (i > MHQ_TREE_OPEN) {
            close_level(tree, &tree->levels[i - 1 - MHQ_TREE_OPEN]);
        }
    }
}

static size_t append(char *to, size_t at, const char *name)
{
    size_t n = strlen(name);
    if (at > 0 && (to == NULL || to[at - 1] != '/')) {
        if (to != NULL)
            to[at] = '/';
        at++;
    }
    if (to != NULL)
        memcpy(to + at, name, n + 1);
    return at + n;
}

/* With `to` NULL only measures; then the result may be too long by one. */
static size_t write_path(const mhq_tree *tree, const char *shown, const char *leaf, char *to)
{
    size_t at = append(to, 0, shown);
    for (size_t i = 0; i + 1 < tree->depth; i++)
        at = append(to, at, tree->names + tree->levels[i].at);
    return leaf != NULL ? append(to, at, leaf) : at;
}

void mhq_tree_fail(const mhq_tree *tree, mhq_run *run, int error, int target, const char *leaf)
{
    char *path = NULL;
    if (tree->depth > 1 || leaf != NULL) {
        const char *shown = target ? tree->shown2 : tree->shown;
        path = tree->fs->sys->alloc(write_path(tree, shown, leaf, NULL) + 1);
        if (path != NULL)
            write_path(tree, shown, leaf, path);
    }
    mhq_fail_at(run, error, target, path);
}

void mhq_tree_report_leftover(const mhq_tree *tree, const char *leaf)
{
    if (!tree->fs->report_leftover)
        return;
    char *path = tree->fs->sys->alloc(write_path(tree, tree->shown, leaf, NULL) + 1);
    if (path != NULL)
        write_path(tree, tree->shown, leaf, path);
    tree->fs->report_leftover(tree->fs->context, path ? path : leaf);
    tree->fs->sys->release(path);
}

char *mhq_join(mhq_fs *fs, const char *top, const char *name)
{
    char *path = fs->sys->alloc(append(NULL, append(NULL, 0, top), name) + 1);
    if (path != NULL)
        append(path, append(path, 0, top), name);
    return path;
}
