/* fs/win/walk.c - see fs/win/walk.h. names[level.at] is, for every level but the deepest, the name
 * of the level below it. */
#include "fs/win/walk.h"

#include <string.h>

#include "fs/win/io.h"

void mhq_tree_init(mhq_tree *tree, mhq_fs *fs, const char *shown, const char *shown2)
{
    *tree = (mhq_tree){.fs = fs, .shown = shown, .shown2 = shown2};
}

static void close_both(mhq_fs *fs, HANDLE dir, HANDLE to)
{
    if (dir != INVALID_HANDLE_VALUE) /* which rests */
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

/* ---- resting ---- */

int mhq_open_top(mhq_fs *fs, const char *given, HANDLE *dir)
{
    mhq_path path;
    mhq_file_info seen;
    int error = mhq_path_open(fs, given, &path);
    if (error)
        return error;
    error = mhq_open(fs, path.text, FILE_LIST_DIRECTORY | FILE_READ_ATTRIBUTES, MHQ_SHARE_ALL, OPEN_EXISTING,
                     FILE_FLAG_BACKUP_SEMANTICS, dir);
    mhq_path_close(fs, &path);
    if (error) /* what scandir fails with, which searches for the contents */
        return error == MHQ_WIN(ERROR_FILE_NOT_FOUND) ? MHQ_WIN(ERROR_PATH_NOT_FOUND) : error;
    error = mhq_stat_handle(fs, *dir, &seen);
    if (!error && !(seen.attributes & FILE_ATTRIBUTE_DIRECTORY))
        error = MHQ_WIN(ERROR_DIRECTORY);
    if (error)
        fs->sys->close(*dir);
    return error;
}

int mhq_open_below(mhq_fs *fs, HANDLE above, const wchar_t *name, HANDLE *dir)
{
    mhq_file_info seen;
    if (!fs->sys->open_at(above, name, FILE_LIST_DIRECTORY | FILE_READ_ATTRIBUTES, 0, dir))
        return mhq_last();
    int error = mhq_stat_handle(fs, *dir, &seen);
    if (!error && !mhq_is_directory(&seen))
        error = MHQ_WIN(ERROR_DIRECTORY);
    if (error)
        fs->sys->close(*dir);
    return error;
}

int mhq_tree_rest(mhq_tree *tree)
{
    for (size_t i = 0; i < tree->depth; i++) {
        mhq_level *level = &tree->levels[i];
        int error = mhq_stat_handle(tree->fs, level->dir, &level->seen);
        if (error)
            return error;
        tree->fs->sys->close(level->dir);
        level->dir = INVALID_HANDLE_VALUE;
    }
    return 0;
}

static int open_again(mhq_tree *tree, size_t i)
{
    mhq_level *level = &tree->levels[i];
    mhq_file_info seen;
    int error = i == 0 ? mhq_open_top(tree->fs, tree->shown, &level->dir)
                       : mhq_open_below(tree->fs, level[-1].dir, tree->names + level[-1].at, &level->dir);
    if (!error) {
        error = mhq_stat_handle(tree->fs, level->dir, &seen);
        if (!error && !mhq_same(&seen, &level->seen))
            error = MHQ_CHANGED;
        if (!error)
            return 0;
        tree->fs->sys->close(level->dir);
    }
    level->dir = INVALID_HANDLE_VALUE;
    return error;
}

void mhq_tree_wake(mhq_tree *tree, mhq_run *run, int passes, size_t *lost)
{
    *lost = 0;
    for (size_t i = 0; i < tree->depth; i++) {
        int error = open_again(tree, i);
        if (error && i > 0 && (passes || mhq_is_missing(error) || error == MHQ_CHANGED
                               || error == MHQ_WIN(ERROR_DIRECTORY))) {
            *lost = tree->depth - i;
            tree->used = tree->levels[i].first;
            tree->depth = i;
            mhq_tree_skip(tree);
        } else if (error) {
            tree->depth = i > 0 ? i : 1;
            mhq_tree_fail(tree, run, error, 0, i > 0 ? tree->names + tree->levels[i - 1].at : NULL);
            return;
        }
    }
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
