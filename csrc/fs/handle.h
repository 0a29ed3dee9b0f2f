/* fs/handle.h - an open file that operations are given instead of a path.
 *
 * A handle is lent to operations of several queues at the same time, and one of them closes it. So the
 * number of the descriptor must not be given to another file while an operation uses it.
 *
 * Invariants:
 *   H1  `uses` counts the operations between mhq_handle_enter and mhq_handle_leave. With MHQ_HANDLE_SHUT
 *       in it no operation enters any more.
 *   H2  The descriptor is closed once: by the thread whose leaving brings `uses` to MHQ_HANDLE_SHUT
 *       exactly, or, where it was never shut, by the owner, which frees the handle.
 *
 *   H3  `version` is taken out once, by the thread that ends it.
 *
 *   enter:  uses += 1, unless it is shut (sc)      close:  uses |= SHUT (sc)
 *   leave:  uses -= 1 (sc): SHUT alone is left?    then leave
 */
#ifndef MHQ_FS_HANDLE_H
#define MHQ_FS_HANDLE_H

#include "fs/version.h"
#include "sys/calls.h"

#define MHQ_HANDLE_SHUT UINT32_C(0x80000000)

typedef struct mhq_handle {
    const struct mhq_calls *sys;
    _Atomic uint32_t uses;
    uint32_t mode;         /* enum mhq_open_mode; never changes */
    intptr_t descriptor;   /* a HANDLE on Windows; never changes */
    _Atomic(mhq_version *) version; /* of an atomic file, until a thread takes it to end it */
    _Atomic int32_t spoiled;        /* the first error of what was to change the file, or 0 */
} mhq_handle;

/* A handle of an open descriptor; NULL: no memory, and the descriptor is the caller's as before. */
mhq_handle *mhq_handle_new(mhq_fs *fs, intptr_t descriptor, uint32_t mode);

/* A handle of the new version of an atomic file. */
int mhq_handle_open_version(mhq_fs *fs, const char *path, uint32_t mode, mhq_handle **handle);

/* The same of a descriptor that was opened elsewhere: see mhq.h. */
mhq_handle *mhq_handle_adopt(intptr_t descriptor, uint32_t mode);

/* 1: the descriptor may be used until mhq_handle_leave; 0: the handle is closed. */
static inline int mhq_handle_enter(mhq_handle *handle)
{
    uint32_t uses = mhq_load_rlx(&handle->uses);
    do {
        if (uses & MHQ_HANDLE_SHUT)
            return 0;
    } while (!mhq_cas_sc(&handle->uses, &uses, uses + 1));
    return 1;
}

/* Whether all that is written by this operation's handle goes to the end of its file. */
static inline int mhq_appends(const mhq_op *op)
{
    return op->handle != NULL && (op->handle->mode & MHQ_OPEN_APPENDS) != 0;
}

/* 0, or what closing failed with, which is this thread's part if the handle was closed meanwhile. */
int mhq_handle_leave(mhq_handle *handle);

/* Of one that was entered: closes it when all have left. 0, or what closing failed with. */
int mhq_handle_shut(mhq_handle *handle);

/* What was to change the file failed, or never ran: an atomic one is not committed any more. */
void mhq_handle_spoil(mhq_handle *handle, int error);

/* The same, of one that was entered, and commits the file where it is atomic, unless it is to be discarded
 * or was spoiled: then that is the error. */
int mhq_handle_end(mhq_fs *fs, mhq_handle *handle, int discard);

/* The owner's, and the child's after a fork: see mhq.h. */
intptr_t mhq_handle_descriptor(mhq_handle *handle);
void mhq_handle_discard(mhq_handle *handle);
void mhq_handle_drop(mhq_handle *handle);
void mhq_handle_forget_uses(mhq_handle *handle);

/* Each platform's: 0 or an error of its own. */
int mhq_descriptor_close(const struct mhq_calls *sys, intptr_t descriptor);

#endif
