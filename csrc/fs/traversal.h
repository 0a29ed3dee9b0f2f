/* fs/traversal.h - where directory_walk stands between two batches.
 *
 * A directory is listed whole, so that what is renamed and removed beside the walk neither hides an
 * entry nor shows one twice. What does not go into the batch any more waits, packed: the memory is
 * that of the names of one directory, and of the subdirectories on the way that are still to be
 * entered, however large the tree is. No descriptor is kept: the way down is opened anew, by name, and
 * each directory is taken only if it is the one that was left.
 *
 * A traversal is with one operation at a time, or with its owner, which has it move on by lending it to
 * the next one.
 */
#ifndef MHQ_FS_TRAVERSAL_H
#define MHQ_FS_TRAVERSAL_H

#include "fs/traverse.h"

/* Bytes that grow. */
typedef struct mhq_packed {
    char *bytes;
    size_t length, room;
} mhq_packed;

typedef struct mhq_traversal {
    const struct mhq_calls *sys;   /* whose memory it is */
    mhq_tree tree;
    char *path;                    /* the top, as given */
    size_t top;                    /* its length */
    mhq_packed where;              /* the path of the current directory, without a NUL */
    mhq_packed waiting;            /* of the current directory: for each entry its type, name, NUL */
    size_t at;                     /* the next one of those */
    uint64_t runs;
    int begun, ended;
    int error, error_at;           /* what the next batch fails with: it came behind the last one's end */
    char *error_path;
} mhq_traversal;

/* fs/traversal.c ---------------------------------------------------------------------------------- */

/* Sees to it that `more` bytes fit; 0 or ENOMEM. */
int mhq_packed_reserve(mhq_fs *fs, mhq_packed *packed, size_t more);
int mhq_packed_add(mhq_fs *fs, mhq_packed *packed, const char *bytes, size_t n);

/* Goes down to a subdirectory, and up again: in `where`. */
int mhq_traversal_down(mhq_fs *fs, mhq_traversal *t, const mhq_name *name);
void mhq_traversal_up(mhq_traversal *t);
/* Nothing is to come any more. */
void mhq_traversal_end(mhq_fs *fs, mhq_traversal *t);

/* The owner's: see mhq.h. */
mhq_traversal *mhq_traversal_new(const char *path);
void mhq_traversal_free(mhq_traversal *t);
const char *mhq_traversal_path(const mhq_traversal *t);
uint64_t mhq_traversal_runs(const mhq_traversal *t);
int mhq_traversal_ended(const mhq_traversal *t);

/* fs/posix/walk_steps.c, fs/win/walk_steps.c: 0 or an error, unless noted otherwise ------------------- */

#ifdef _WIN32
#define MHQ_SEPARATOR '\\'
#define MHQ_NAME_BUFFER (3 * MAX_PATH + 1) /* a name in UTF-8 */
#else
#define MHQ_SEPARATOR '/'
#define MHQ_NAME_BUFFER 1 /* it is taken as it is */
#endif

#define MHQ_UNKNOWN 'u' /* the file system gives no type */

static inline int mhq_is_separator(char c)
{
    return c == '/' || c == MHQ_SEPARATOR;
}

/* 'd', 'f', 'l', 'o', or MHQ_UNKNOWN; and its name, `room` bytes of the caller's where it needs any. */
char mhq_walk_letter(const mhq_dirent *entry);
const char *mhq_walk_name(const mhq_dirent *entry, char room[MHQ_NAME_BUFFER]);
/* How many bytes a noted name has, and those, with a NUL. */
size_t mhq_walk_bytes(const mhq_name *name);
void mhq_walk_spell(const mhq_name *name, char *to);
/* lstat of an entry of the current directory. */
int mhq_walk_look(mhq_tree *tree, const char *name, char *letter, mhq_status *status);
/* A subdirectory that is to be entered. */
int mhq_walk_note(mhq_tree *tree, const char *name);
void mhq_walk_fail(const mhq_tree *tree, mhq_run *run, int error, const char *name);
/* Opens the top, a subdirectory, or what is above. */
int mhq_walk_begin(mhq_tree *tree);
int mhq_walk_enter(mhq_tree *tree, const mhq_name *name);
int mhq_walk_climb(mhq_tree *tree);
/* Whether the error means that it is not there any more, or is no directory any more. */
int mhq_walk_has_gone(int error);

#endif
