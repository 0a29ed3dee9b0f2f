/* fs/posix/copier.h - a copy under way, for fs/posix/copy.c and for the steps of it that each system has its
 * own way for (fs/linux/copy.c, fs/macos/copy.c); no other file includes it.
 *
 * Every function that returns int returns 0 or an errno, and has set `side` in case of failure,
 * unless its comment differs.
 */
#ifndef MHQ_FS_POSIX_COPIER_H
#define MHQ_FS_POSIX_COPIER_H

#include "fs/posix/copy.h"
#include "fs/posix/place.h"

typedef struct mhq_copier {
    mhq_fs *fs;
    int from, to;
    const struct stat *st; /* the source's, or: */
    struct stat latest;    /* as it was copied again */
    const char *path2; /* the target's, as given */
    int ownership;
    int bare;          /* nothing is inherited: no ACL has to be looked for */
    int renewed;       /* a new version of the source: it keeps its own times */
    mode_t without;    /* permission bits that the target does not get */
    int replaces;      /* the target may exist */
    int fallback;      /* the kernel does not copy ranges between this pair */
    int cloned;        /* the target came with all contents */
    off_t counted;     /* so much of the file is in fs->done: what is copied again is not counted again */
    size_t since;      /* bytes since the last step */
    int side;          /* of the last failure: 0 the source, 1 the target */
} mhq_copier;

static inline int mhq_failed(mhq_copier *c, int side, int error)
{
    c->side = side;
    return error;
}

/* Not supported, not permitted, or just gone: the copy does without. */
static inline int mhq_attribute_forgiven(int error)
{
    return mhq_unsupported(error) || error == EPERM || error == EACCES || error == EINVAL ||
           error == ENODATA;
}

/* fs/posix/copy.c ------------------------------------------------------------------------------- */

/* The copy has come to `at`, by n bytes. The end of a slice is a step: 0 or ECANCELED. */
int mhq_copied(mhq_copier *c, off_t at, size_t n);
/* Contents and metadata, into the open target. */
int mhq_copy_all(mhq_copier *c);
/* Closes the target; `error`, or what closing failed with. */
int mhq_close_target(mhq_copier *c, int error);
/* Takes a name back after a failure; what cannot be removed is reported. */
void mhq_remove_name(mhq_copier *c, const mhq_place *place, const char *name);

/* fs/linux/copy.c, fs/macos/copy.c -------------------------------------------------------- */

/* Makes the file that the copy goes into, for its owner alone, and opens it: EEXIST where the name
 * is taken. */
int mhq_make_target(mhq_copier *c, int dir, const char *name);
/* Whether the system gave the target all contents at one stroke: 1 or 0. */
int mhq_clone_contents(mhq_copier *c);
/* Lets the kernel copy as far as it does: moves *at towards `end`. What is left, reading and
 * writing copies. Fails with ECANCELED only. */
int mhq_copy_range(mhq_copier *c, off_t *at, off_t end);
/* Extended attributes and ACLs, those that a copy gets. */
int mhq_copy_attributes(mhq_copier *c);
/* An ACL that came from the directory around it would let in more than the source does. */
int mhq_drop_inherited(mhq_copier *c);
/* file_copy by way of a file without a name that is linked in when it is complete. *again: this
 * cannot be done here, but under a temporary name it might. */
int mhq_copy_tmpfile(mhq_copier *c, const mhq_place *place, int *again);

#endif
