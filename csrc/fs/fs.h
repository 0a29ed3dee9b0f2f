/* fs/fs.h - the seam to the file system: a primitive per operation.
 *
 * Each I/O thread owns one mhq_fs. A primitive runs with no lock held, touches nothing but its
 * mhq_fs, the operation (read-only) and the run record, may block in the disk, and reports
 * through run->error, run->where and the result fields; it returns nothing, prints nothing and
 * never aborts. EINTR and short counts are dealt with inside.
 */
#ifndef MHQ_FS_FS_H
#define MHQ_FS_FS_H

#include "op.h"

struct mhq_blocks;
struct mhq_calls;

typedef struct mhq_fs {
    const struct mhq_calls *sys;
    struct mhq_blocks *blocks; /* memory for small results of file_read. NULL in tests: malloc */
    size_t head, tail;     /* space that results of file_read leave before and after the bytes:
                            * buffer = alloc(head + length + tail), bytes start at buffer + head.
                            * Results of directory_contents leave none. */
    /* Asks for `more` bytes of the budget of undelivered results, on top of run->charged, and
     * adds them to run->charged; may wait. NULL in tests: no budget. */
    void (*charge)(void *context, mhq_run *run, size_t more);
    /* Reports that the operation is going to take long (tens of microseconds and more), before
     * its long system calls. May be called more than once. NULL in tests. */
    void (*lengthy)(void *context);
    /* An operation that can be stopped calls this between slices: at most `slice` bytes, or one
     * entry of a tree. `done`: what was done since the last call, in bytes (deletes: in entries). It
     * may wait. 0: go on; ECANCELED: stop. Then everything is undone, and the operation fails with
     * ECANCELED. Not called while something is undone, nor once a move has committed its target.
     * file_write runs to its end whatever it returns. NULL: no steps. */
    int (*step)(void *context, uint64_t done);
    /* How much there is to do, in the same unit, as soon as it gets known; trees are measured before
     * they are copied only if `measure` is set. May be NULL. */
    void (*total)(void *context, uint64_t total);
    int measure;
    int unwatched;         /* no thread can stop the operation, and none asks how far it is: a step
                            * would be for a pause alone, and none is taken at the end */
    void *context;
    /* A leftover temporary, which could not be removed, is under this path: reported on stderr by
     * the owner. NULL in tests. `path` belongs to the caller and must be copied. */
    void (*report_leftover)(void *context, const char *path);
    /* A tree is copied from here on, by this path, device and inode; its next regular file is about to
     * be read, which may wait a little; no more of it. For a scout, which reads ahead. May be NULL. */
    void (*tree_begins)(void *context, const char *path, uint64_t device, uint64_t inode);
    void (*tree_file)(void *context);
    void (*tree_ends)(void *context);
    char *scratch;         /* MHQ_SCRATCH bytes, this thread's own, warm; no result lives here */
    uint64_t device;       /* where the file of the last stat lies; 0: none yet */
    uint64_t sized;        /* the device that `exact` is of: see mhq_size_is_exact */
    int exact;
    /* Counted by the primitives; read and reset by the owner. retries: calls made again because
     * another program had the file for a moment (Windows). */
    uint64_t bytes_read, bytes_written, retries;
    size_t slice;          /* the most bytes between two steps: MHQ_SLICE, but in tests */
    uint64_t done;         /* since the last step */
    uint64_t files;        /* regular files copied; read and reset by the owner at each step */
    int masked;            /* no steps: what is being undone, or finished, is not stopped */
    const void *entry;     /* at a step: the name of a tree's entry that is being dealt with; or NULL */
} mhq_fs;

/* The most that is done between two steps. */
#define MHQ_SLICE ((size_t)16 << 20)

#define MHQ_SCRATCH ((size_t)262144)

/* Result of directory_contents: for each entry one byte 'd' or 'f', the name, a NUL;
 * run->length is the sum. */

/* For primitives: memory for a result of `bytes`, head and tail included; or `buffer`, the run's
 * result so far, moved to that much memory, of which the first `keep` bytes are kept. NULL: no
 * memory, and `buffer` is as before. */
char *mhq_result_grow(mhq_fs *fs, mhq_run *run, char *buffer, size_t keep, size_t bytes);
/* The result is not to be. */
void mhq_result_drop(mhq_fs *fs, mhq_run *run, char *buffer);

/* 0, or ENOMEM. `sys` NULL: the real system. */
int mhq_fs_init(mhq_fs *fs, const struct mhq_calls *sys);
void mhq_fs_fini(mhq_fs *fs);

/* The name of fs->entry, in UTF-8 on Windows: its length, 0 where there is none. `to`: MHQ_ENTRY bytes. */
size_t mhq_fs_entry(const mhq_fs *fs, char *to);

/* Runs op into run, whose results, `holds` and charge included, are zero on entry. */
void mhq_fs_run(mhq_fs *fs, const mhq_op *op, mhq_run *run);

/* Completes it as cancelled, without running it. But file_close, which closes in any case, and leaves
 * nothing of an atomic file then. */
void mhq_fs_pass_over(mhq_fs *fs, const mhq_op *op, mhq_run *run);

#endif
