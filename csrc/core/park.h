/* core/park.h - how a thread sleeps until another has something for it. One sleeper per parker.
 *
 * The sleeper                         The waker
 *   prepare: state = PARKED  (sc) [P1]  makes the condition true      (sc) [W1]
 *   loads the condition      (sc) [P2]  unpark: loads the state       (sc) [W2]
 *   wait, or cancel                     if PARKED: state = AWAKE, wake
 *
 * mhq_park_until is all that the sleeper does. Before it sleeps it spins for a while, provided that
 * its latest waits were shorter than a wake-up takes. So in a stream of short operations no thread
 * sleeps, and none pays for a wake-up; from idle the sleeper sleeps at once.
 *
 * Invariant: if the condition became true, the sleeper sees it at P2, or the waker sees PARKED
 * at W2. Each side stores one word and then loads the other's, so all four are seq_cst: with
 * release and acquire both may read the old value, and the wake-up is lost.
 */
#ifndef MHQ_CORE_PARK_H
#define MHQ_CORE_PARK_H

#include <stdalign.h>

#include "sys/sys.h"

enum { MHQ_AWAKE = 0, MHQ_PARKED = 1 };

/* Wakers load the state after each thing they do. What the sleeper writes for its own use stands on
 * another cache line; else each of these writes would take the line of the state away from them. */
typedef struct mhq_parker {
    alignas(MHQ_CACHE_LINE) _Atomic uint32_t state;
    alignas(MHQ_CACHE_LINE) _Atomic uint64_t parks; /* times slept, counted by the sleeper */
    uint64_t usual;         /* the sleeper's: nanoseconds that its waits have taken lately */
    uint32_t crowded;       /* the sleeper's: waits for which it does not spin */
    uint32_t yields;        /* the sleeper's: its latest spin was ended by a yield, so the thread that it
                             * waited for has the same processor */
} mhq_parker;

static inline void mhq_park_prepare(mhq_parker *parker)
{
    mhq_store_sc(&parker->state, MHQ_PARKED); /* [P1] */
}

static inline void mhq_park_cancel(mhq_parker *parker)
{
    mhq_store_rlx(&parker->state, MHQ_AWAKE);
}

/* Sleeps until unparked or until timeout_ns (negative: for ever) have passed once. */
static inline void mhq_park_wait(mhq_parker *parker, int64_t timeout_ns)
{
    mhq_bump(&parker->parks, 1);
    while (mhq_load_acq(&parker->state) == MHQ_PARKED) {
        mhq_futex_wait(&parker->state, MHQ_PARKED, timeout_ns);
        if (timeout_ns >= 0)
            break;
    }
    mhq_park_cancel(parker);
}

/* Pauses between two checks while spinning: about a fifth of a microsecond (25 ns each on an AMD
 * EPYC). A check takes the word's cache line away from the thread that is going to write it, and a
 * pause leaves the core to its other hardware thread. */
#define MHQ_PAUSES 8
/* Checks between two readings of the clock: some three microseconds. */
#define MHQ_CHECKS 16
/* A yield that takes longer has let another thread run: there is no processor to spare. */
#define MHQ_YIELD_NS 50000
/* After that, so many waits pass before the next one that spins. */
#define MHQ_CROWDED 16

/* The sleeper calls this when it has woken a thread that needs a processor: if the sleeper waits
 * next, that thread can have its processor. A spinning sleeper would seem busy to the system, which
 * would then put that thread onto the processor of the one that the sleeper waits for. */
static inline void mhq_park_make_way(mhq_parker *parker)
{
    if (parker->crowded == 0)
        parker->crowded = 1;
}

/* A kernel may put two threads onto one processor, and leave another one idle. Then what comes comes by a
 * yield, and so the next spin begins with one: it looks in vain as long as it looks. */
static inline int mhq_spin(mhq_parker *parker, uint64_t now, uint64_t spin_ns,
                           int (*ready)(void *), void *what)
{
    uint64_t until = now + spin_ns, before;
    uint32_t yields = parker->yields;
    parker->yields = 0;
    do {
        for (int i = yields ? MHQ_CHECKS : 0; i < MHQ_CHECKS; i++) {
            for (int pause = 0; pause < MHQ_PAUSES; pause++)
                mhq_relax();
            if (ready(what))
                return 1;
        }
        yields = 0;
        before = now;
        mhq_yield(); /* to a thread that could do what is waited for */
        now = mhq_now();
        if (ready(what)) {
            parker->yields = 1;
            return 1;
        }
        if (now - before > MHQ_YIELD_NS) {
            parker->crowded = MHQ_CROWDED;
            return 0;
        }
    } while (now < until);
    return 0;
}

/* The sleeper waits until ready(what) is true; with timeout_ns >= 0 no longer than that, nor beyond
 * a signal. It returns what ready(what) answered last. It spins for up to spin_ns. */
static inline int mhq_park_until(mhq_parker *parker, uint64_t spin_ns, int64_t timeout_ns,
                                 int (*ready)(void *), void *what)
{
    if (ready(what))
        return 1;
    uint64_t began = mhq_now();
    int yes = 0;
    if (parker->crowded)
        parker->crowded--;
    else if (parker->usual < spin_ns)
        yes = mhq_spin(parker, began, spin_ns, ready, what);
    while (!yes) {
        mhq_park_prepare(parker);
        if (ready(what)) /* [P2] */
            mhq_park_cancel(parker);
        else
            mhq_park_wait(parker, timeout_ns);
        yes = ready(what);
        if (timeout_ns >= 0)
            break;
    }
    /* One long wait counts as a few short ones, however long it was: so a stream that begins again
     * is soon recognised. */
    uint64_t waited = mhq_now() - began;
    parker->usual = (3 * parker->usual + (waited < 4 * spin_ns ? waited : 4 * spin_ns)) / 4;
    return yes;
}

static inline int mhq_is_parked(mhq_parker *parker)
{
    return mhq_load_sc(&parker->state) == MHQ_PARKED; /* [W2] */
}

/* Wakes the sleeper if there is one. 1: this took a wake-up. */
static inline int mhq_unpark(mhq_parker *parker)
{
    if (mhq_is_parked(parker) && mhq_swap_sc(&parker->state, MHQ_AWAKE) == MHQ_PARKED) {
        mhq_futex_wake(&parker->state, 1);
        return 1;
    }
    return 0;
}

#endif
