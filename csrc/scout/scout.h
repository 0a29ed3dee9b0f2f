/* scout/scout.h - reading ahead in the disk's order.
 *
 * Operations run in the callers' order, one at a time. On a disk that rotates the arm would follow
 * that order. So a scout is given the paths that will be read soon; threads of its own find out
 * where those files lie, sort all their extents by place, and ask the kernel to read them into the
 * page cache in that order. The operations find them there.
 *
 * Invariants:
 *  S1  Nothing that a scout sees is used by an operation, and no operation waits for a scout longer
 *      than its bound: mhq_scout_settle and mhq_scout_tree_file take times. What a scout does wrong
 *      or too late costs time only.
 *  S2  A scout opens nothing for an operation that has ended: each open is preceded by a look, under
 *      the lock, at how far the operations are, and is counted in `busy` until it is closed. So when
 *      nothing is ahead and `busy` is 0 the scout has nothing open, and a file system can be
 *      unmounted.
 *  S3  The threads are detached, and hold the scout by references: an open that never returns
 *      delays no one, neither a shutdown nor an exit.
 *
 * Life of a path: the baton holder makes an mhq_prospect and hands it over; the scout's main thread
 * (scout/posix/sweep.c) gives it to an opener, which fills in where the file lies; then it belongs
 * to the main thread again, which fetches the file and releases it. An opener that does not return in
 * time keeps its prospect, and releases it when it returns.
 *
 * The threads share none of the engine's state, take no part in its protocol of baton, ring and
 * done stack, and so are not in the model: the engine calls in here and looks at nothing afterwards
 * but `mood`, which only decides whether paths are handed over.
 */
#ifndef MHQ_SCOUT_SCOUT_H
#define MHQ_SCOUT_SCOUT_H

#include "sys/calls.h"

/* Files ahead for which it opens anything at all. */
#define MHQ_SCOUT_FEW 8
/* Where all that was looked at lies in the cache, one in so many is looked at. */
#define MHQ_SCOUT_SAMPLE 64
#define MHQ_SCOUT_SETTLE_NS INT64_C(50000000)

typedef struct mhq_scout mhq_scout;
typedef struct mhq_prospect mhq_prospect;

typedef struct mhq_scout_counts {
    uint64_t files, bytes;  /* fetched: files, and bytes that were asked for */
    uint64_t passed_over;   /* files opened that were not worth it */
    uint64_t windows;       /* sweeps over the disk */
} mhq_scout_counts;

enum mhq_mood {
    MHQ_SCOUT_ACTIVE,       /* wants what comes */
    MHQ_SCOUT_CALM,         /* wants one in MHQ_SCOUT_SAMPLE: all is in the cache */
    MHQ_SCOUT_OFF           /* wants nothing for a while: the disk is fast, or memory is short */
};

/* The baton holder, where an operation has just been: does the device, on which `path` lies, rotate
 * (1), or not, or may not be scouted (0)? -1: the path no longer leads there. */
int mhq_scout_rotates(const mhq_calls *sys, const char *path, uint64_t device);

/* The baton holder. Starts a scout: up to `ahead` files in a window, up to `bytes` fetched that are
 * not read yet. NULL: there is none, and no need to try again. */
mhq_scout *mhq_scout_start(const mhq_calls *sys, uint32_t ahead, uint64_t bytes);
/* The owner's last call: the scout ends when it can. Never waits. */
void mhq_scout_leave(mhq_scout *scout);

enum mhq_mood mhq_scout_mood(mhq_scout *scout);

/* A path that will be read as number `serial`; path2: where it will be moved to, which is worth it only
 * across devices, or NULL. Both are copied. NULL: no memory. */
mhq_prospect *mhq_prospect_new(const mhq_calls *sys, uint64_t serial, const char *path,
                               const char *path2);
/* Puts it behind `last` (NULL: it is the first). */
void mhq_prospect_link(mhq_prospect *last, mhq_prospect *next);
/* Releases a chain that is not handed over. */
void mhq_prospect_drop(const mhq_calls *sys, mhq_prospect *first);
/* The baton holder: a chain, taken over. */
void mhq_scout_hand(mhq_scout *scout, mhq_prospect *first);
/* The baton holder: there is nothing more to hand over for now. */
void mhq_scout_no_more(mhq_scout *scout);
/* The baton holder: all below `serial` are done with. */
void mhq_scout_passed(mhq_scout *scout, uint64_t serial);
/* The baton holder: waits until the scout has nothing open for what it was handed, if no more is
 * ahead. 0: the time was up. */
int mhq_scout_settle(mhq_scout *scout, int64_t timeout_ns);

/* The baton holder: a tree is read from now on, a regular file after the other in the order in which
 * directories list them, files before subdirectories. */
void mhq_scout_tree_begin(mhq_scout *scout, const char *path, uint64_t device, uint64_t inode);
/* The next one is about to be read. Waits while the scout makes progress and has not passed it. */
void mhq_scout_tree_file(mhq_scout *scout);
/* No more of it; waits as mhq_scout_settle. */
void mhq_scout_tree_end(mhq_scout *scout);

/* Any thread. */
void mhq_scout_count(mhq_scout *scout, mhq_scout_counts *counts);

#endif
