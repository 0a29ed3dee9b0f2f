/* fs/posix/walk.h - the stack of a walk through a tree: levels, names, climbing, the paths of errors.
 *
 * A walk goes down and up by descriptor. Its stack lives on the heap, one level for each
 * directory between the top and the place where the walk is. Only the deepest few levels keep
 * their descriptors open, so a tree of any depth costs a constant number of them; a level that
 * was closed is opened again through its child's "..", and is taken only if it is the directory
 * that was left (dev, ino). Otherwise a part of the tree has been moved: ESTALE, and nothing
 * is touched up there. A walk belongs to one thread and holds no lock.
 */
#ifndef MHQ_FS_POSIX_WALK_H
#define MHQ_FS_POSIX_WALK_H

#include "fs/posix/list.h"

#define MHQ_TREE_OPEN 8 /* ancestors of the current directory that stay open */

typedef struct mhq_level {
    int fd;                    /* the directory; -1: closed for the time being */
    int to;                    /* copying: the directory being filled; follows fd */
    dev_t dev, to_dev;         /* of both, known from the moment they are closed */
    ino_t ino, to_ino;
    size_t first;              /* where the names of its subdirectories begin in tree->names */
    size_t at;                 /* the one that is visited, or comes next */
    struct stat st;            /* copying: the directory as it was before it was read */
    unsigned passes;           /* deleting: readings begun anew */
    unsigned char ended;       /* the reading has reached the end */
    unsigned char changed;     /* deleting: the reading removed something, or met a change */
} mhq_level;

typedef struct mhq_tree {
    mhq_fs *fs;
    const char *shown, *shown2; /* the tops, as errors name them; shown2: the target of a copy */
    mhq_level *levels;
    size_t depth, capacity;
    char *names;               /* NUL-terminated, the levels' parts one after the other */
    size_t used, size;
} mhq_tree;

void mhq_tree_init(mhq_tree *tree, mhq_fs *fs, const char *shown, const char *shown2);
void mhq_tree_fini(mhq_tree *tree);

static inline mhq_level *mhq_tree_top(const mhq_tree *tree)
{
    return &tree->levels[tree->depth - 1];
}

/* Reads the entries of the current directory. */
static inline mhq_reader mhq_tree_reader(const mhq_tree *tree, char *buffer, size_t size, int by_inode)
{
    return (mhq_reader){
        .fd = mhq_tree_top(tree)->fd, .buffer = buffer, .size = size, .by_inode = by_inode
    };
}

/* Goes down. The descriptors are the walk's from now on, also when this fails. `to`: -1 where
 * nothing is built. */
int mhq_tree_enter(mhq_tree *tree, int fd, int to);

/* Sees to it that the level above the current one has its descriptors open. *target, unless NULL:
 * 1 if it is the one being filled that failed. */
int mhq_tree_climb(mhq_tree *tree, int *target);

/* Goes up, after mhq_tree_climb; the subdirectory that was visited is done. */
void mhq_tree_leave(mhq_tree *tree);

/* Closes all descriptors; every directory is remembered by its identity. 0, or an errno: then some may
 * be open. */
int mhq_tree_rest(mhq_tree *tree);

/* Opens a tree that rests, from the top down, each directory only if it is the one that was left. One
 * that has gone, or is another one now, is passed over with all that is below it; with `passes` also one
 * that cannot be opened. *lost: how many levels went. ESTALE: the top is another one. */
void mhq_tree_wake(mhq_tree *tree, mhq_run *run, int passes, size_t *lost);

/* The current directory's subdirectories: note one, ask for the next to visit (NULL: none;
 * valid until the next note), pass over it without a visit. */
int mhq_tree_note(mhq_tree *tree, const char *name);
const char *mhq_tree_next(const mhq_tree *tree);
void mhq_tree_skip(mhq_tree *tree);

/* Reports an error at the current directory, or at the entry `leaf` of it; `target`: on the side
 * of what is being built. The top itself is named by MHQ_AT_PATH or MHQ_AT_PATH2. */
void mhq_tree_fail(const mhq_tree *tree, mhq_run *run, int error, int target, const char *leaf);

/* Reports that `leaf`, an entry of the current directory, could not be removed. */
void mhq_tree_report_leftover(const mhq_tree *tree, const char *leaf);

/* `top`/`name` on the heap, without doubling a slash; NULL: no memory. */
char *mhq_join(mhq_fs *fs, const char *top, const char *name);

#endif
