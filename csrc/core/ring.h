/* core/ring.h - the op ring: bounded, many producers, one consumer at a time (the baton holder).
 *
 * Tickets are 64 bits and never wrap. Three counters: `tail` is the next ticket to be claimed,
 * `head` the next to be run, `done` how many have come all the way back (called back).
 *
 * Invariants:
 *  R1  The slot of ticket t is t & mask. With lap = t & ~mask its state is 2*lap when it is free
 *      for t and 2*lap + 1 when t is published: different at every capacity, 1 included.
 *      (The index is left out so that zeroed memory is a ring whose slots are all free.)
 *  R2  A producer claims t only while t - done < capacity. `done` is a count, not a prefix: several
 *      takers deliver, each at its own pace. But what was delivered was popped, and the popped tickets
 *      are a prefix: so at least t - capacity + 1 of them have been popped, that of t - capacity
 *      among them: the slot of t is free for it. So between claim and publish there is nothing to
 *      wait for, and a producer that is descheduled there delays no other producer until the ring
 *      is full.
 *  R3  An overdraft (by a thread that must never wait for room) claims whatever the capacity.
 *      Where its slot is not free the job goes to the overflow list, ordered by ticket. tail then
 *      is ahead of done by more than capacity, so all others find the ring full.
 *  R4  "Closed" is the top bit of `tail`: a claim is one compare-and-swap, so after the bit is set
 *      no ticket is given out, and the tail is final.
 *  R5  "Closing" is the bit below it: only overdrafts are claimed any more, until the callback
 *      thread closes the ring with one compare-and-swap of the tail that it finds at `done`.
 *      A job is counted in `done` after its callback has returned, whichever taker ran it: so at
 *      that moment no job is accepted and no callback is running.
 *
 * Room. A return wakes no more waiters than there are free slots: of a crowd before a ring of one
 * all the others would wake up for nothing. So a wake-up must not be wasted. A thread that comes back
 * from the wait, for whatever reason, claims again before anything else; only if the ring is full
 * then may it give up. And a wake-up for each return would cost more than the operations: returns that
 * are not announced are counted (`unannounced`), and announced together: when half the ring is free
 * or has been given back; and when nothing more will come by itself: by the holder before it waits, for
 * work, for takers or for the end of a pause, or, where it waits already, by a taker that rests. So a
 * port that keeps its jobs for ever costs the others their places, not the announcement of what is
 * free. Hence:
 *  - Beside a free slot no thread sleeps unless a woken one is on its way to it, or the holder is at
 *    work or a taker delivers, and they will announce it. A thread that finds the ring full
 *    has been overtaken by a claimer, whose job's return wakes anew; it sees all sleepers, for they
 *    were counted before they looked [P1], [P2].
 *  - The holder stores that it is parked and then looks at `unannounced`; a taker counts there and then
 *    looks whether the holder is parked: one of them sees the other [P1] [P2] [W1] [W2].
 *  - No thread sleeps for ever while others deliver. If any sleeps, the last return of all, which leaves
 *    every slot free, wakes one; it claims, and it was not the last.
 * A thread that sees that `capacity_epoch` has moved does not sleep, so it uses up no wake-up; closing wakes
 * all.
 */
#ifndef MHQ_CORE_RING_H
#define MHQ_CORE_RING_H

#include <stdalign.h>

#include "sys/atomic.h"
#include "sys/calls.h"
#include "op.h"
#include "core/park.h"
#include "sys/sys.h"

#define MHQ_CLOSED_BIT (UINT64_C(1) << 63)
#define MHQ_CLOSING_BIT (UINT64_C(1) << 62)
/* The ticket in a tail. */
#define MHQ_TICKET(tail) ((tail) & ~(MHQ_CLOSED_BIT | MHQ_CLOSING_BIT))

typedef struct mhq_slot {
    _Atomic uint64_t state;
    mhq_job *job;
} mhq_slot;

typedef struct mhq_ring {
    mhq_slot *slots;
    uint64_t mask, capacity;
    alignas(MHQ_CACHE_LINE) _Atomic uint64_t tail;     /* producers */
    alignas(MHQ_CACHE_LINE) _Atomic uint64_t head;     /* the baton holder */
    alignas(MHQ_CACHE_LINE) _Atomic uint64_t done;     /* takers */
    alignas(MHQ_CACHE_LINE) _Atomic uint32_t waiters;  /* producers waiting for room */
    _Atomic uint32_t unannounced;                      /* takers: given back while one waited */
    _Atomic uint32_t capacity_epoch;                       /* futex: moves when there is room again */
    alignas(MHQ_CACHE_LINE) _Atomic uint32_t overflowed; /* jobs in the overflow list */
    mhq_mutex overflow_lock;
    mhq_job *overflow;                                 /* by ticket, lowest first */
    mhq_job *overflow_last;                            /* where it is not empty */
    mhq_parker consumer;                               /* the holder waiting for work */
} mhq_ring;

enum mhq_claim { MHQ_CLAIMED, MHQ_FULL, MHQ_CLOSED };

/* capacity: a power of two. 0 or ENOMEM. */
int mhq_ring_init(mhq_ring *ring, uint64_t capacity, const mhq_calls *sys);
void mhq_ring_fini(mhq_ring *ring, const mhq_calls *sys);

/* Any thread. Claims job->ticket; overdraw: never MHQ_FULL. */
enum mhq_claim mhq_ring_claim(mhq_ring *ring, mhq_job *job, int overdraw);
/* The claimer, at once after the claim. 1: a wake-up was paid for. */
int mhq_ring_publish(mhq_ring *ring, mhq_job *job);

/* The baton holder: the next job in ticket order, or NULL. */
mhq_job *mhq_ring_pop(mhq_ring *ring);
/* The baton holder: is there one to pop? [P2] of the consumer's parker. */
int mhq_ring_ready(mhq_ring *ring);
/* The baton holder: the ticket of the next job. */
uint64_t mhq_ring_next(mhq_ring *ring);
/* The baton holder: the job `ahead` places behind the next one, if it is published in its slot. */
const mhq_job *mhq_ring_peek(mhq_ring *ring, uint64_t ahead);
/* The baton holder: has the next job's memory brought near. A producer on another core wrote it,
 * and an operation stands behind its job as often as not. */
void mhq_ring_prefetch(mhq_ring *ring);
/* Any thread: closed, and everything that was accepted has been popped. */
int mhq_ring_drained(mhq_ring *ring);

/* A taker: a job has come all the way back; wakes as many of those that wait for room as there is room
 * for, when half the ring is free or has been given back. 1: a wake-up was paid for. */
int mhq_ring_return(mhq_ring *ring);
/* Any thread: has anything come back that was not announced? [P2] of the holder's waits, [W1]. */
int mhq_ring_unannounced(mhq_ring *ring);
/* Any thread: announces it. 1: a wake-up was paid for. */
int mhq_ring_announce(mhq_ring *ring);
/* Any thread: waits until there may be room, a signal came, or the time is up. The caller claims
 * again at once: it may be the only one that was woken for this room. */
void mhq_ring_wait_capacity(mhq_ring *ring, int64_t timeout_ns);

/* Any thread. No claim succeeds from here on; wakes all threads that wait. */
void mhq_ring_close(mhq_ring *ring);
/* Any thread. Only overdrafts are claimed from here on; wakes all that wait for room. */
void mhq_ring_begin_closing(mhq_ring *ring);
/* The callback thread: closing, not closed, and everything that was claimed has come back. */
int mhq_ring_is_quiet(mhq_ring *ring);
/* The callback thread, where the ring was quiet: closes it unless more was claimed meanwhile. */
void mhq_ring_close_if_quiet(mhq_ring *ring);
/* Any thread: closed, and everything that was claimed has come back. */
int mhq_ring_is_all_back(mhq_ring *ring);
/* Any thread: it is closed, or closing. */
int mhq_ring_is_closing(mhq_ring *ring);
/* Any thread. */
int mhq_ring_is_closed(mhq_ring *ring);

#endif
