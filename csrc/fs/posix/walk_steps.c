/* fs/posix/walk_steps.c - directory_walk's steps on Linux and macOS; see fs/traversal.h. */
#include "fs/traversal.h"

#include <string.h>

int mhq_walk_has_gone(int error)
{
    return error == ENOENT || error == ENOTDIR || error == ELOOP;
}

char mhq_walk_letter(const mhq_dirent *entry)
{
    switch (entry->type) {
    case DT_DIR: return 'd';
    case DT_REG: return 'f';
    case DT_LNK: return 'l';
    case DT_UNKNOWN: return MHQ_UNKNOWN;
    default: return 'o';
    }
}

const char *mhq_walk_name(const mhq_dirent *entry, char room[MHQ_NAME_BUFFER])
{
    (void)room;
    return entry->name;
}

size_t mhq_walk_bytes(const mhq_name *name)
{
    return strlen(name);
}

void mhq_walk_spell(const mhq_name *name, char *to)
{
    memcpy(to, name, strlen(name) + 1);
}

int mhq_walk_look(mhq_tree *tree, const char *name, char *letter, mhq_status *status)
{
    struct stat st;
    int error = mhq_stat(tree->fs, mhq_tree_top(tree)->fd, name, AT_SYMLINK_NOFOLLOW, &st);
    if (error)
        return error;
    *letter = S_ISDIR(st.st_mode) ? 'd' : S_ISREG(st.st_mode) ? 'f' : S_ISLNK(st.st_mode) ? 'l' : 'o';
    mhq_status_of(&st, status);
    return 0;
}

int mhq_walk_note(mhq_tree *tree, const char *name)
{
    return mhq_tree_note(tree, name);
}

void mhq_walk_fail(const mhq_tree *tree, mhq_run *run, int error, const char *name)
{
    mhq_tree_fail(tree, run, error, 0, name);
}

int mhq_walk_begin(mhq_tree *tree)
{
    int fd, error = mhq_open(tree->fs, AT_FDCWD, tree->shown, O_RDONLY | O_DIRECTORY, 0, &fd);
    return error ? error : mhq_tree_enter(tree, fd, -1);
}

int mhq_walk_enter(mhq_tree *tree, const mhq_name *name)
{
    int fd, error = mhq_open(tree->fs, mhq_tree_top(tree)->fd, name,
                             O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, &fd);
    return error ? error : mhq_tree_enter(tree, fd, -1);
}

int mhq_walk_climb(mhq_tree *tree)
{
    return mhq_tree_climb(tree, NULL);
}
