/* fs/win/walk.c - see fs/win/walk.h. names[level.at] is, for every level but the deepest, the name
 * of the level below it. */
#include "fs/win/walk.h"

#include <string.h>

void mhq_tree_init(mhq_tree *tree, mhq_fs *fs, const char *shown, const char *shown2)
{
    *tree = (mhq_tree){.fs = fs, .shown = shown, .shown2 = shown2};
}

static void close_both(mhq_fs *fs, HANDLE dir, HANDLE to)
{
    fs->sys->close(dir);
    if (to != INVALID_HANDLE_VALUE)
        fs->sys->close(to);
}

void mhq_tree_fini(mhq_tree *tree)
{
    for (size_t i = tree->depth; i-- > 0;)
        close_both(tree->fs, tree->levels[i].dir, tree->levels[i].to);
    tree->fs->sys->release(tree->levels);
    tree->fs->sys->release(tree->names);
    mhq_tree_init(tree, tree->fs, tree->shown, tree->shown2);
}

int mhq_tree_enter(mhq_tree *tree, HANDLE dir, HANDLE to)
{
    if (tree->depth == tree->capacity) {
        size_t capacity = tree->capacity ? tree->capacity * 2 : 16;
        mhq_level *levels = tree->fs->sys->resize(tree->levels, capacity * sizeof *levels);
        if (levels == NULL) {
            close_both(tree->fs, dir, to);
            return ENOMEM;
        }
        tree->levels = levels;
        tree->capacity = capacity;
    }
    tree->levels[tree->depth++] =
        (mhq_level){.dir = dir, .to = to, .first = tree->used, .at = tree->used};
    return 0;
}

void mhq_tree_leave(mhq_tree *tree)
{
    mhq_level *level = mhq_tree_top(tree);
    close_both(tree->fs, level->dir, level->to);
    tree->used = level->first;
    tree->depth--;
    if (tree->depth > 0)
        mhq_tree_skip(tree);
}

int mhq_tree_note(mhq_tree *tree, const wchar_t *name)
{
    size_t n = wcslen(name) + 1;
    if (tree->size - tree->used < n) {
        size_t size = 2 * tree->size + n + 1024;
        wchar_t *names = tree->fs->sys->resize(tree->names, size * sizeof *names);
        if (names == NULL)
            return ENOMEM;
        tree->names = names;
        tree->size = size;
    }
    memcpy(tree->names + tree->used, name, n * sizeof *name);
    tree->used += n;
    return 0;
}

const wchar_t *mhq_tree_next(const mhq_tree *tree)
{
    const mhq_level *level = mhq_tree_top(tree);
    return level->at < tree->used ? tree->names + level->at : NULL;
}

void mhq_tree_skip(mhq_tree *tree)
{
    mhq_level *level = mhq_tree_top(tree);
    level->at += wcslen(tree->names + level->at) + 1;
    if (level->at == tree->used)
        level->at = tree->used = level->first;
}

int mhq_tree_path(const mhq_tree *tree, const mhq_path *top, const wchar_t *leaf, mhq_path *path)
{
    mhq_path longer;
    int error = mhq_path_join(tree->fs, top, L"", path);
    if (!error)
        path->text[path->length = top->length] = 0; /* as it was, without the backslash */
    for (size_t i = 0; !error && i < tree->depth; i++) {
        const wchar_t *name = i + 1 < tree->depth ? tree->names + tree->levels[i].at : leaf;
        if (name == NULL)
            break;
        error = mhq_path_join(tree->fs, path, name, &longer);
        mhq_path_close(tree->fs, path);
        if (!error)
            mhq_path_take(path, &longer);
    }
    return error;
}

void mhq_tree_fail(const mhq_tree *tree, mhq_run *run, int error, int target, const wchar_t *leaf)
{
    const char *shown = target ? tree->shown2 : tree->shown;
    char *path = NULL;
    for (size_t i = 0; i < tree->depth; i++) {
        const wchar_t *name = i + 1 < tree->depth ? tree->names + tree->levels[i].at : leaf;
        if (name == NULL)
            break;
        char *longer = mhq_join(tree->fs, path ? path : shown, name);
        tree->fs->sys->release(path);
        path = longer;
        if (path == NULL)
            break;
    }
    mhq_fail_at(run, error, target, path);
}
