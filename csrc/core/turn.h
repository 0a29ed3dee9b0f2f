/* core/turn.h - one turn at the disk, and when it has lasted long enough. Only the holder uses it.
 *
 * A turn is a slice of time, or one long operation. Passing the baton costs the holder a wake-up
 * and the disk a thread switch, five to fifty microseconds. Besides, the other I/O thread may be
 * woken on a processor that another of the queue's threads is using, where the two hinder each other
 * for a while. Reading the clock is cheap but not free, so short operations are timed in groups.
 */
#ifndef MHQ_CORE_TURN_H
#define MHQ_CORE_TURN_H

#include "core/park.h"

#define MHQ_SLICE_NS UINT64_C(4000000)
/* After an operation that took this long the two threads trade whenever it is worth it. */
#define MHQ_LONG_NS UINT64_C(1000000)
/* Shorter operations do not come from a disk: the other thread has nothing to prepare meanwhile, so
 * turns are long. */
#define MHQ_SHORT_NS UINT64_C(20000)
#define MHQ_SHORT_SLICE_NS UINT64_C(50000000)
/* So many short operations are timed together. */
#define MHQ_GROUP 64u

typedef struct mhq_turn {
    uint64_t began;
    uint64_t timed;           /* when the clock was last read */
    uint32_t since_timed;     /* jobs since then */
    uint32_t time_every;      /* so many jobs; kept from turn to turn */
    int lengthy;              /* set during a long operation: read the clock after it in any case */
} mhq_turn;

/* Before the first turn: operations count as long until they have been timed. */
static inline void mhq_turn_init(mhq_turn *turn)
{
    turn->time_every = 1;
}

static inline void mhq_turn_begin(mhq_turn *turn)
{
    turn->began = turn->timed = mhq_now();
    turn->since_timed = 0;
}

/* There was nothing to do for `ns`: the time of waiting is no part of the turn. */
static inline void mhq_turn_idle(mhq_turn *turn, uint64_t ns)
{
    turn->began += ns;
    turn->timed += ns;
}

/* Where a long operation follows short ones, the callback thread shows it: it has gone to sleep. */
static inline int mhq_turn_is_timed_now(mhq_turn *turn, mhq_parker *callback_thread)
{
    if (++turn->since_timed >= turn->time_every || turn->lengthy)
        return 1;
    return mhq_is_parked(callback_thread) && mhq_now() - turn->timed > MHQ_LONG_NS;
}

/* After each job: has the turn lasted long enough? */
static inline int mhq_turn_is_over(mhq_turn *turn, mhq_parker *callback_thread)
{
    if (!mhq_turn_is_timed_now(turn, callback_thread))
        return 0;
    uint64_t now = mhq_now(), each = (now - turn->timed) / turn->since_timed;
    if (each > MHQ_SHORT_NS)
        turn->time_every = 1;
    else if (turn->time_every < MHQ_GROUP)
        turn->time_every *= 2;
    turn->timed = now;
    turn->since_timed = 0;
    turn->lengthy = 0;
    if (each > MHQ_LONG_NS)
        return 1;
    return now - turn->began > (each > MHQ_SHORT_NS ? MHQ_SLICE_NS : MHQ_SHORT_SLICE_NS);
}

#endif
