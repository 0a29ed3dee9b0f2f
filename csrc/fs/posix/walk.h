/* fs/posix/walk.h - what the files that work on trees share; nobody else includes it.
 *
 *   fs/posix/walk.c    the stack of a walk: frames, names, climbing, the paths of errors
 *   fs/posix/seen.c    what a move has copied, and may remove
 *   fs/posix/delete.c  deleting trees, looking for mounts: directory_delete
 *   fs/posix/copy_tree.c    copying trees: directory_copy
 *   fs/posix/move.c    file_move, directory_move
 *
 * A walk goes down and up by descriptor. Its stack lives on the heap, one frame for each
 * directory between the top and the place where the walk is. Only the deepest few frames keep
 * their descriptors open, so a tree of any depth costs a constant number of them; a frame that
 * was closed is opened again through its child's "..", and is taken only if it is the directory
 * that was left (dev, ino). Otherwise somebody has moved a part of the tree: ESTALE, and nothing
 * is touched up there. A walk belongs to one thread and holds no lock.
 */
#ifndef MHQ_FS_POSIX_WALK_H
#define MHQ_FS_POSIX_WALK_H

#include "fs/posix/posix.h"
#include "fs/fingerprints.h"

#include <errno.h>

/* A call through the table as 0 or an errno, repeated while it is interrupted. */
#define MHQ_TRY(error, call)                    \
    do {                                        \
        int mhq_result_;                        \
        MHQ_RETRY(mhq_result_, call);           \
        (error) = mhq_result_ == 0 ? 0 : errno; \
    } while (0)

static inline int mhq_stat(mhq_fs *fs, int dir, const char *name, int flags, struct stat *st)
{
    int error;
    MHQ_TRY(error, fs->sys->fstatat(dir, name, st, flags));
    return error;
}

static inline int mhq_stat_fd(mhq_fs *fs, int fd, struct stat *st)
{
    int error;
    MHQ_TRY(error, fs->sys->fstat(fd, st));
    return error;
}

static inline int mhq_unlink(mhq_fs *fs, int dir, const char *name, int flags)
{
    int error;
    MHQ_TRY(error, fs->sys->unlinkat(dir, name, flags));
    return error;
}

static inline int mhq_make_directory(mhq_fs *fs, int dir, const char *name, mode_t mode)
{
    int error;
    MHQ_TRY(error, fs->sys->mkdirat(dir, name, mode));
    return error;
}

static inline int mhq_rename(mhq_fs *fs, int dir, const char *name, int dir2, const char *name2)
{
    int error;
    MHQ_TRY(error, fs->sys->renameat(dir, name, dir2, name2));
    return error;
}

#define MHQ_TREE_OPEN 8 /* ancestors of the current directory that stay open */

typedef struct mhq_frame {
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
} mhq_frame;

typedef struct mhq_tree {
    mhq_fs *fs;
    const char *shown, *shown2; /* the tops, as errors name them; shown2: the target of a copy */
    mhq_frame *frames;
    size_t depth, room;
    char *names;               /* NUL-terminated, the frames' parts one after the other */
    size_t used, size;
} mhq_tree;

/* Every function below that returns int returns 0 or an errno. */

/* fs/posix/walk.c ------------------------------------------------------------------------------- */

void mhq_tree_init(mhq_tree *tree, mhq_fs *fs, const char *shown, const char *shown2);
void mhq_tree_fini(mhq_tree *tree);

static inline mhq_frame *mhq_tree_top(const mhq_tree *tree)
{
    return &tree->frames[tree->depth - 1];
}

/* Goes down. The descriptors are the walk's from now on, also when this fails. `to`: -1 where
 * nothing is built. */
int mhq_tree_enter(mhq_tree *tree, int fd, int to);

/* Sees to it that the frame above the current one has its descriptors open. *target, unless NULL:
 * 1 if it is the one being filled that failed. */
int mhq_tree_climb(mhq_tree *tree, int *target);

/* Goes up, after mhq_tree_climb; the subdirectory that was visited is done. */
void mhq_tree_leave(mhq_tree *tree);

/* The current directory's subdirectories: note one, ask for the next to visit (NULL: none;
 * valid until the next note), pass over it without a visit. */
int mhq_tree_note(mhq_tree *tree, const char *name);
const char *mhq_tree_next(const mhq_tree *tree);
void mhq_tree_skip(mhq_tree *tree);

/* Reports an error at the current directory, or at the entry `leaf` of it; `target`: on the side
 * of what is being built. The top itself is named by MHQ_AT_PATH or MHQ_AT_PATH2. */
void mhq_tree_fail(const mhq_tree *tree, mhq_run *run, int error, int target, const char *leaf);

/* `top`/`name` on the heap, without doubling a slash; NULL: no memory. */
char *mhq_join(mhq_fs *fs, const char *top, const char *name);

/* Reports an error at a path that is none of the operation's own; takes `path` (NULL: the path
 * could not be built, and the error names the operation's). */
void mhq_fail_at(mhq_run *run, int error, int second, char *path);

/* fs/posix/seen.c ------------------------------------------------------------------------------- */

/* All zero: empty. */
typedef mhq_prints mhq_seen;

/* `st`: as it was before it was read. */
int mhq_seen_add(mhq_fs *fs, mhq_seen *seen, const struct stat *st);

/* 0 if it is there and has not changed since, else ESTALE. */
int mhq_seen_check(const mhq_seen *seen, const struct stat *st);

void mhq_seen_fini(mhq_fs *fs, mhq_seen *seen);

/* fs/posix/delete.c ----------------------------------------------------------------------------- */

/* Deletes the tree `name` in `dir`; ENOTDIR where that is no directory. The top has been checked
 * by the caller (no '.' or '..'). `expect`: another top than this one is ESTALE (NULL: any).
 * `shown` is the path that errors name the top by: MHQ_AT_PATH, with MHQ_AT_BUFFER below it.
 * `own`: built by us; directories are made writable on the way. `seen`: what is not in it is
 * ESTALE, and stays (NULL: all goes). */
void mhq_delete_known(mhq_fs *fs, int dir, const char *name, const struct stat *expect,
                      const char *shown, int own, const mhq_seen *seen, mhq_run *run);

/* mhq_check_mount for a whole tree, with the path of what it found. */
void mhq_find_mounts(mhq_fs *fs, int dir, const char *name, const char *shown, mhq_run *run);

/* fs/posix/copy_tree.c ------------------------------------------------------------------------------- */

/* Copies a tree, out of sight and then committed: from the open directory `from` (taken) to `name`
 * in `dir`, which must not exist. A move, which keeps owners, notes what it has copied in `seen`;
 * a copy has NULL. */
void mhq_copy_tree_at(mhq_fs *fs, int from, const char *shown, int dir, const char *name,
                      const char *shown2, mhq_seen *seen, mhq_run *run);

/* Copies what is neither a directory nor a regular file to a name that must not exist: a link
 * as a link, a FIFO or socket as a node; MHQ_ENOTREGULAR for devices. *side as
 * mhq_copy_file_at. On failure nothing is left under name2. */
int mhq_copy_special(mhq_fs *fs, int dir, const char *name, const struct stat *st, int dir2,
                     const char *name2, int ownership, int *side);

#endif
