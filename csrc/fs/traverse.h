/* fs/traverse.h - the one driver for all work on trees: deleting, copying, searching, measuring.
 *
 * A walk (fs/posix/walk.h, fs/win/walk.h) is the stack; the driver decides what comes next; a
 * visitor is the work. In each directory the entries are read first, then the subdirectories that
 * were noted are entered, one after the other, then the directory is left. Between two entries the
 * operation may be stopped, paused, and report its progress (mhq_step): here, and nowhere else.
 *
 * This header and its file know neither platform: both have a walk, a reader and an entry of the
 * same names.
 */
#ifndef MHQ_FS_TRAVERSE_H
#define MHQ_FS_TRAVERSE_H

#ifdef _WIN32
#include "fs/win/list.h"
#include "fs/win/walk.h"
typedef wchar_t mhq_name;
#else
#include "fs/posix/list.h"
#include "fs/posix/walk.h"
typedef char mhq_name;
#endif

/* The work on a tree. `context` is the visitor's own. A visit that fails reports it (mhq_tree_fail) and
 * so ends the traversal. */
typedef struct mhq_visitor {
    char *buffer;         /* for entries that are read; fs->entry points into it */
    size_t size;
    size_t names_at_once; /* of subdirectories, in units of their names: so many are noted before
                           * they are visited. 0: all of them */
    /* An entry that was read: dealt with, or noted (mhq_tree_note) to be entered. 0 or an error;
     * *target: it belongs to the side that is built. */
    int (*entry)(void *context, const mhq_dirent *entry, int *target);
    /* A subdirectory that was noted: goes down (mhq_tree_enter), or passes over it. */
    void (*enter)(void *context, const mhq_name *name);
    /* A directory that was read to its end, its subdirectories done: goes up (mhq_tree_leave), or
     * has it read anew (level->ended = 0). */
    void (*leave)(void *context);
    /* Whether the traversal is to rest here. Asked where a directory has been read to its end, or
     * left; NULL: it never rests. */
    int (*rests)(void *context);
    /* It looks at every entry: these come in the order of the inodes, where there are any. */
    int by_inode;
} mhq_visitor;

/* From the directory that was entered until that is left, or until run->error is set, or until it rests:
 * then it goes on with the next call. */
void mhq_traverse(mhq_tree *tree, mhq_run *run, const mhq_visitor *visitor, void *context);

#endif
