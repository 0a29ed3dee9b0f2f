/* core/ahead.h - what comes next, for the scout: the baton holder's, and passed on with the baton.
 *
 * Where the last file lay on a device that does not rotate, or nothing is known of, an operation costs
 * a comparison here (mhq_ahead_is_plain). Else a cursor goes ahead of the operations, through the
 * ring and through the lists in it, and hands the scout the files that will be read.
 *
 * Invariant A1: the cursor is never behind the operations where it looks at anything: a job behind
 * them may have been delivered and freed. Ahead of them, all that it looks at is published
 * and stays until it has run.
 *
 * Files are numbered in the order in which they are run: those of reads, copies and moves.
 */
#ifndef MHQ_CORE_AHEAD_H
#define MHQ_CORE_AHEAD_H

#include "core/list.h"
#include "core/ring.h"
#include "scout/scout.h"

#define MHQ_AHEAD_DEVICES 8

typedef struct mhq_ahead {
    uint64_t plain;            /* the device that files were last seen on, and no scout is wanted for */
    uint64_t plain_until;      /* a clock: look again then; 0: never */
    uint32_t files;            /* a window's; 0: no scout at all */
    uint64_t bytes;
    const mhq_calls *sys;
    _Atomic(mhq_scout *) scout; /* NULL: not started. [scout] written by the holder */
    struct {
        uint64_t device;
        int rotates;
    } devices[MHQ_AHEAD_DEVICES]; /* what is known; the oldest is forgotten */
    uint32_t known;
    uint64_t running;          /* number of the next file */
    uint64_t handed;           /* number of the next to be handed over */
    uint64_t ticket;           /* the cursor: the job that it looks at next */
    mhq_walk *walk;            /* the list it is in; level 0: in none */
    uint32_t frames;           /* that `walk` has room for */
    const mhq_walk *list;      /* of the list that is running, or NULL */
    uint32_t countdown;        /* operations until the next look where the scout is calm */
    uint32_t barren;           /* operations until the next look where the last found too few files */
    int lost;                  /* the cursor is to begin anew where the operations are */
    int unsettled;             /* a wait for the scout was in vain: no more of them while it hangs */
    int in_tree;               /* a tree is under way that the scout knows of */
} mhq_ahead;

void mhq_ahead_init(mhq_ahead *ahead, const mhq_calls *sys, uint32_t files, uint64_t bytes);
void mhq_ahead_fini(mhq_ahead *ahead);

static inline int mhq_ahead_is_plain(const mhq_ahead *ahead, uint64_t device)
{
    return ahead->plain == device;
}

/* The holder, after each operation where it is not plain. `device`: of the last file that was looked
 * at, by an operation. */
void mhq_ahead_after(mhq_ahead *ahead, mhq_ring *ring, const mhq_op *op, uint64_t device);

/* The holder: an operation completes without having run. */
void mhq_ahead_skips(mhq_ahead *ahead, const mhq_op *op);

/* The holder, now and then: is the time up for which a device was taken for plain? */
void mhq_ahead_renew(mhq_ahead *ahead);

/* The holder, inside an operation: a tree is read from here on; its next file; no more. */
void mhq_ahead_tree_begins(mhq_ahead *ahead, const char *path, uint64_t device, uint64_t inode);
void mhq_ahead_tree_file(mhq_ahead *ahead);
void mhq_ahead_tree_ends(mhq_ahead *ahead);

/* Any thread. */
void mhq_ahead_count(mhq_ahead *ahead, mhq_scout_counts *counts);

#endif
