/* fs/win/walk_steps.c - directory_walk's steps on Windows; see fs/traversal.h. */
#include "fs/traversal.h"

#include <string.h>

#include "fs/win/path.h"

int mhq_walk_has_gone(int error)
{
    return mhq_is_missing(error) || error == MHQ_WIN(ERROR_DIRECTORY) || error == MHQ_CHANGED;
}

static char letter_of(DWORD attributes, DWORD tag)
{
    if (mhq_is_link(attributes, tag))
        return 'l';
    return attributes & FILE_ATTRIBUTE_DIRECTORY ? 'd' : attributes & FILE_ATTRIBUTE_DEVICE ? 'o' : 'f';
}

char mhq_walk_letter(const mhq_dirent *entry)
{
    return letter_of(entry->attributes, entry->tag);
}

const char *mhq_walk_name(const mhq_dirent *entry, char room[MHQ_NAME_BUFFER])
{
    (void)mhq_narrow(entry->name, entry->length, room);
    return room;
}

size_t mhq_walk_bytes(const mhq_name *name)
{
    return mhq_narrow(name, wcslen(name), NULL);
}

void mhq_walk_spell(const mhq_name *name, char *to)
{
    (void)mhq_narrow(name, wcslen(name), to);
}

static int open_entry(mhq_tree *tree, const wchar_t *name, DWORD access, DWORD options, HANDLE *handle)
{
    return tree->fs->sys->open_at(mhq_tree_top(tree)->dir, name, access, options, handle) ? 0 : mhq_last();
}

int mhq_walk_look(mhq_tree *tree, const char *name, char *letter, mhq_status *status)
{
    wchar_t wide[MHQ_NAME_BUFFER];
    HANDLE handle;
    if (mhq_widen(name, wide) < 0)
        return MHQ_WIN(ERROR_INVALID_NAME);
    int error = open_entry(tree, wide, FILE_READ_ATTRIBUTES, 0, &handle);
    if (error)
        return error;
    error = mhq_status_of(tree->fs, handle, 0, status);
    tree->fs->sys->close(handle);
    if (!error)
        *letter = letter_of((DWORD)status->attributes, (DWORD)status->reparse_tag);
    return error;
}

int mhq_walk_note(mhq_tree *tree, const char *name)
{
    wchar_t wide[MHQ_NAME_BUFFER];
    return mhq_widen(name, wide) < 0 ? MHQ_WIN(ERROR_INVALID_NAME) : mhq_tree_note(tree, wide);
}

void mhq_walk_fail(const mhq_tree *tree, mhq_run *run, int error, const char *name)
{
    wchar_t wide[MHQ_NAME_BUFFER];
    mhq_tree_fail(tree, run, error, 0, mhq_widen(name, wide) < 0 ? NULL : wide);
}

int mhq_walk_begin(mhq_tree *tree)
{
    HANDLE dir;
    int error = mhq_open_top(tree->fs, tree->shown, &dir);
    return error ? error : mhq_tree_enter(tree, dir, INVALID_HANDLE_VALUE);
}

int mhq_walk_enter(mhq_tree *tree, const mhq_name *name)
{
    HANDLE dir;
    int error = mhq_open_below(tree->fs, mhq_tree_top(tree)->dir, name, &dir);
    return error ? error : mhq_tree_enter(tree, dir, INVALID_HANDLE_VALUE);
}

/* What is above is open. */
int mhq_walk_climb(mhq_tree *tree)
{
    (void)tree;
    return 0;
}
