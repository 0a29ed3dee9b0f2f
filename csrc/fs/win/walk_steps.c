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

const char *mhq_walk_name(const mhq_dirent *entry, char room[MHQ_NAME_ROOM])
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

/* Since 1601 there, in 100 ns; since 1970 here. */
static int64_t nanoseconds(FILETIME time)
{
    uint64_t ticks = (uint64_t)time.dwHighDateTime << 32 | time.dwLowDateTime;
    return ((int64_t)ticks - INT64_C(116444736000000000)) * 100;
}

/* As os.lstat has it there. */
static uint32_t mode_of(char letter, DWORD attributes)
{
    uint32_t kind = letter == 'd' ? 0040000 : letter == 'l' ? 0120000 : 0100000;
    uint32_t bits = attributes & FILE_ATTRIBUTE_READONLY ? 0444 : 0666;
    return kind | bits | (letter == 'd' ? 0111u : 0);
}

static int open_entry(mhq_tree *tree, const wchar_t *name, DWORD access, DWORD options, HANDLE *handle)
{
    return tree->fs->sys->open_at(mhq_tree_top(tree)->dir, name, access, options, handle) ? 0 : mhq_last();
}

int mhq_walk_look(mhq_tree *tree, const char *name, char *letter, mhq_status *status)
{
    wchar_t wide[MHQ_NAME_ROOM];
    BY_HANDLE_FILE_INFORMATION info;
    mhq_file_info seen;
    HANDLE handle;
    if (mhq_widen(name, wide) < 0)
        return MHQ_WIN(ERROR_INVALID_NAME);
    int error = open_entry(tree, wide, FILE_READ_ATTRIBUTES, 0, &handle);
    if (error)
        return error;
    error = tree->fs->sys->about(handle, &info) ? mhq_stat_handle(tree->fs, handle, &seen) : mhq_last();
    tree->fs->sys->close(handle);
    if (error)
        return error;
    *letter = letter_of(seen.attributes, seen.tag);
    *status = (mhq_status){
        .device = seen.volume,
        .inode = seen.file,
        .links = info.nNumberOfLinks,
        .mode = mode_of(*letter, seen.attributes),
        .size = (int64_t)seen.size,
        .accessed_ns = nanoseconds(info.ftLastAccessTime),
        .modified_ns = nanoseconds(info.ftLastWriteTime),
        .changed_ns = nanoseconds(info.ftCreationTime), /* what Python calls so there */
    };
    return 0;
}

int mhq_walk_note(mhq_tree *tree, const char *name)
{
    wchar_t wide[MHQ_NAME_ROOM];
    return mhq_widen(name, wide) < 0 ? MHQ_WIN(ERROR_INVALID_NAME) : mhq_tree_note(tree, wide);
}

void mhq_walk_fail(const mhq_tree *tree, mhq_run *run, int error, const char *name)
{
    wchar_t wide[MHQ_NAME_ROOM];
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
