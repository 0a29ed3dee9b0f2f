/* fs/posix/walk.c - the stack of a walk through a tree. See fs/posix/walk.h.
 *
 * Invariants: the open frames are the deepest ones, without a gap, at most MHQ_TREE_OPEN + 1;
 * names[frame.at] is, for every frame but the deepest, the name of the frame below it; a
 * frame's names begin where those of the frame above end.
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

static void close_frame(const mhq_tree *tree, mhq_frame *frame)
{
    if (frame->fd >= 0)
        tree->fs->sys->close(frame->fd);
    if (frame->to >= 0)
        tree->fs->sys->close(frame->to);
    frame->fd = frame->to = -1;
}

void mhq_tree_fini(mhq_tree *tree)
{
    for (size_t i = 0; i < tree->depth; i++)
        close_frame(tree, &tree->frames[i]);
    tree->fs->sys->release(tree->frames);
    tree->fs->sys->release(tree->names);
    mhq_tree_init(tree, tree->fs, tree->shown, tree->shown2);
}

/* The identity is taken from the descriptor that has been in use all along, so nothing can have
 * slipped in between. */
static int park(const mhq_tree *tree, mhq_frame *frame)
{
    struct stat st;
    int error = mhq_stat_fd(tree->fs, frame->fd, &st);
    if (error)
        return error;
    frame->dev = st.st_dev;
    frame->ino = st.st_ino;
    if (frame->to >= 0) {
        error = mhq_stat_fd(tree->fs, frame->to, &st);
        if (error)
            return error;
        frame->to_dev = st.st_dev;
        frame->to_ino = st.st_ino;
    }
    close_frame(tree, frame);
    return 0;
}

static int grow_frames(mhq_tree *tree)
{
    size_t room = tree->room ? tree->room * 2 : 16;
    if (room > SIZE_MAX / sizeof(mhq_frame) / 2)
        return ENOMEM;
    mhq_frame *frames = tree->fs->sys->resize(tree->frames, room * sizeof *frames);
    if (frames == NULL)
        return ENOMEM;
    tree->frames = frames;
    tree->room = room;
    return 0;
}

int mhq_tree_enter(mhq_tree *tree, int fd, int to)
{
    int error = tree->depth == tree->room ? grow_frames(tree) : 0;
    if (!error && tree->depth > MHQ_TREE_OPEN) {
        mhq_frame *old = &tree->frames[tree->depth - 1 - MHQ_TREE_OPEN];
        error = old->fd >= 0 ? park(tree, old) : 0;
    }
    if (error) {
        tree->fs->sys->close(fd);
        if (to >= 0)
            tree->fs->sys->close(to);
        return error;
    }
    mhq_frame *frame = &tree->frames[tree->depth++];
    memset(frame, 0, sizeof *frame);
    frame->fd = fd;
    frame->to = to;
    frame->first = frame->at = tree->used;
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
    const mhq_frame *frame = mhq_tree_top(tree);
    mhq_frame *above = &tree->frames[tree->depth - 2];
    int error = 0;
    if (above->fd < 0)
        error = open_above(tree->fs, frame->fd, above->dev, above->ino, &above->fd);
    if (target)
        *target = !error;
    if (!error && frame->to >= 0 && above->to < 0)
        error = open_above(tree->fs, frame->to, above->to_dev, above->to_ino, &above->to);
    return error;
}

void mhq_tree_leave(mhq_tree *tree)
{
    mhq_frame *frame = mhq_tree_top(tree);
    close_frame(tree, frame);
    tree->used = frame->first;
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
    const mhq_frame *frame = mhq_tree_top(tree);
    return frame->at < tree->used ? tree->names + frame->at : NULL;
}

void mhq_tree_skip(mhq_tree *tree)
{
    mhq_frame *frame = mhq_tree_top(tree);
    frame->at += strlen(tree->names + frame->at) + 1;
    if (frame->at == tree->used)
        frame->at = tree->used = frame->first;
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
        at = append(to, at, tree->names + tree->frames[i].at);
    return leaf != NULL ? append(to, at, leaf) : at;
}

void mhq_fail_at(mhq_run *run, int error, int second, char *path)
{
    if (path == NULL) {
        mhq_fail(run, error, second ? MHQ_AT_PATH2 : MHQ_AT_PATH);
        return;
    }
    run->buffer = path;
    run->length = strlen(path);
    mhq_fail(run, error, second ? MHQ_AT_BUFFER2 : MHQ_AT_BUFFER);
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

char *mhq_join(mhq_fs *fs, const char *top, const char *name)
{
    char *path = fs->sys->alloc(append(NULL, append(NULL, 0, top), name) + 1);
    if (path != NULL)
        append(path, append(path, 0, top), name);
    return path;
}
