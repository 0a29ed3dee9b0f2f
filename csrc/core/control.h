/* core/control.h - cancel, pause and progress of all operations that were given the same control.
 *
 * A control is shared by jobs of any engine and port. Its part in one port's jobs is a share, which holds
 * the one progress record that may be due there. The record is pushed by the holder onto the stack of
 * the port, before the completion of the operation it is about; so it is delivered before, with the
 * latest figures.
 *
 * Invariants:
 *  C2  `due` is set by the holder, which then pushes the record, and cleared by the taker, which has
 *      taken it and then reads the figures: so the record is in one place at a time. Both store one
 *      word and then load the other's (figures, due): seq_cst, so the last figures are reported.
 *  C3  A holder that waits for a pause to end is in `halted`, put there under the lock before it looks;
 *      a thread that resumes or cancels wakes all that are in it after it has stored its word.
 */
#ifndef MHQ_CORE_CONTROL_H
#define MHQ_CORE_CONTROL_H

#include "core/park.h"
#include "fs/fs.h"
#include "mhq.h"

typedef struct mhq_share {
    mhq_run record;               /* first: the record is its share */
    mhq_control *control;
    mhq_port *port;
    struct mhq_share *next;       /* of the control's */
    uint32_t users;               /* under the control's lock: jobs; 0: it may serve another port */
    _Atomic uint32_t due;
    uint64_t reported;            /* the holder's: when it last was due */
} mhq_share;

/* A holder that waits for a pause to end. */
typedef struct mhq_halted {
    mhq_parker *parker;
    struct mhq_halted *next;
} mhq_halted;

struct mhq_control {
    mhq_mutex lock;
    mhq_share *shares;
    mhq_halted *halted;
    int64_t interval_ns;          /* negative: no progress */
    _Atomic uint32_t references, cancelled, paused;
    _Atomic uint32_t wants_entry; /* from when one was asked for on */
    size_t entry_length;          /* under the lock, as are the bytes */
    char entry[MHQ_ENTRY];
    alignas(MHQ_CACHE_LINE) _Atomic uint64_t accepted, finished, done, total, files;
    _Atomic uint64_t started, reported; /* operations; those that have reported their total */
};

/* The owner of a job: a part in the control, for a job that is delivered at the port; or NULL. */
mhq_share *mhq_share_take(mhq_control *control, mhq_port *port);
void mhq_share_give_back(mhq_share *share);

/* A holder, at a step: notes where in a tree it is, if that was asked for. */
void mhq_control_note_entry(mhq_control *control, const mhq_fs *fs);

/* A holder, around its wait for the end of a pause. */
void mhq_control_halt(mhq_control *control, mhq_halted *halted);
void mhq_control_go_on(mhq_control *control, mhq_halted *halted);

#endif
