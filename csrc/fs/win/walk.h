/* fs/win/walk.h - the stack of a walk through a tree: one level for each directory between the top
 * and the place where the walk is, with its handle open. Windows sets no limit to handles that a
 * tree could reach, and has no way up from a directory, so unlike on POSIX none is closed before
 * the walk comes back. A walk belongs to one thread and holds no lock. */
#ifndef MHQ_FS_WIN_WALK_H
#define MHQ_FS_WIN_WALK_H

#include "fs/win/io.h"
#include "fs/win/list.h"
#include "fs/win/path.h"

typedef struct mhq_level {
    HANDLE dir, to;            /* to: copying: the directory being filled */
    mhq_file_info seen;             /* copying: the directory before it was read */
    size_t first;              /* where the names of its subdirectories begin in tree->names */
    size_t at;                 /* the one that is visited, or comes next */
    int tries;                 /* deleting: see mhq_again */
    unsigned passes;           /* deleting: readings begun anew */
    unsigned char ended;       /* the reading has reached the end */
    unsigned char changed;     /* deleting: the reading removed something, or met a change */
} mhq_level;

typedef struct mhq_tree {
    mhq_fs *fs;
    const char *shown, *shown2; /* the tops, as errors name them; shown2: the target of a copy */
    mhq_level *levels;
    size_t depth, capacity;
    wchar_t *names;            /* NUL-terminated, the levels' parts one after the other */
    size_t used, size;
} mhq_tree;

void mhq_tree_init(mhq_tree *tree, mhq_fs *fs, const char *shown, const char *shown2);
void mhq_tree_fini(mhq_tree *tree);

static inline mhq_level *mhq_tree_top(const mhq_tree *tree)
{
    return &tree->levels[tree->depth - 1];
}

/* Reads the entries of the current directory, from the first one on. */
static inline mhq_reader mhq_tree_reader(const mhq_tree *tree, char *buffer, size_t size, int by_inode)
{
    (void)by_inode;
    return (mhq_reader){.dir = mhq_tree_top(tree)->dir, .buffer = buffer, .size = (DWORD)size};
}

/* Goes down. The handles are the walk's from now on, also when this fails. */
int mhq_tree_enter(mhq_tree *tree, HANDLE dir, HANDLE to);
/* Closes the current directory and goes up. */
void mhq_tree_leave(mhq_tree *tree);

/* A directory to be listed: the top, links followed, and an entry of an open one, never through a link. */
int mhq_open_top(mhq_fs *fs, const char *given, HANDLE *dir);
int mhq_open_below(mhq_fs *fs, HANDLE above, const wchar_t *name, HANDLE *dir);

/* Closes all handles; every directory is remembered by its identity. Then nothing but mhq_tree_wake and
 * mhq_tree_fini may follow. */
int mhq_tree_rest(mhq_tree *tree);

/* Opens a tree that rests, from the top down, each directory only if it is the one that was left. One
 * that has gone, or is another one now, is passed over with all that is below it; with `passes` also one
 * that cannot be opened. *lost: how many levels went. MHQ_CHANGED: the top is another one. */
void mhq_tree_wake(mhq_tree *tree, mhq_run *run, int passes, size_t *lost);

/* The current directory's subdirectories: note one, ask for the next to visit (NULL: none; valid
 * until the next note), pass over it. */
int mhq_tree_note(mhq_tree *tree, const wchar_t *name);
const wchar_t *mhq_tree_next(const mhq_tree *tree);
void mhq_tree_skip(mhq_tree *tree);

/* The path of the current directory, or of the entry `leaf` of it (NULL: of itself), below `top`. */
int mhq_tree_path(const mhq_tree *tree, const mhq_path *top, const wchar_t *leaf, mhq_path *path);

/* Reports an error there; `target`: on the side of what is being built. The top itself is named by
 * MHQ_AT_PATH or MHQ_AT_PATH2. */
void mhq_tree_fail(const mhq_tree *tree, mhq_run *run, int error, int target, const wchar_t *leaf);

#endif
