/* core/turn.h - one turn at the disk, and when it has lasted long enough. The holder's alone.
 *
 * A turn is a slice of time, or one long operation. Passing the baton costs the holder a wake-up
 * and the disk a thread switch, five to fifty microseconds, and the sister may be woken on a
 * processor that another of the queue's threads is using, where they get into each other's way for
 * a while. Reading the clock is cheap but not free, so short operations are looked at in groups.
 */
#ifndef MHQ_CORE_TURN_H
#define MHQ_CORE_TURN_H

#include "core/park.h"

#define MHQ_SLICE_NS UINT64_C(4000000)
/* After an operation that took this long they trade whenever it is worth it. */
#define MHQ_LONG_NS UINT64_C(1000000)
/* Shorter ones do not come from a disk: the sister has nothing to prepare, and turns are long. */
#define MHQ_SHORT_NS UINT64_C(20000)
#define MHQ_SHORT_SLICE_NS UINT64_C(50000000)
/* So many short ones are looked at at once. */
#define MHQ_GROUP 64u

typedef struct mhq_turn {
    uint64_t began;
    uint64_t looked;          /* when the clock was last read */
    uint32_t since_look;      /* jobs */
    uint32_t look_every;      /* so many; kept from turn to turn */
    int lengthy;              /* set by whoever knows: look at the clock, however few it were */
} mhq_turn;

/* Before the first: operations are long until they have shown otherwise. */
static inline void mhq_turn_init(mhq_turn *turn)
{
    turn->look_every = 1;
}

static inline void mhq_turn_begin(mhq_turn *turn)
{
    turn->began = turn->looked = mhq_now();
    turn->since_look = 0;
}

/* There was nothing to do for so long: waiting is not working. */
static inline void mhq_turn_idle(mhq_turn *turn, uint64_t ns)
{
    turn->began += ns;
    turn->looked += ns;
}

/* Where long ones follow short ones the callback thread tells: it has gone to sleep. */
static inline int mhq_turn_worth_a_look(mhq_turn *turn, mhq_parker *callback_thread)
{
    if (++turn->since_look >= turn->look_every || turn->lengthy)
        return 1;
    return mhq_is_parked(callback_thread) && mhq_now() - turn->looked > MHQ_LONG_NS;
}

/* After each job: has the turn lasted long enough? */
static inline int mhq_turn_is_over(mhq_turn *turn, mhq_parker *callback_thread)
{
    if (!mhq_turn_worth_a_look(turn, callback_thread))
        return 0;
    uint64_t now = mhq_now(), each = (now - turn->looked) / turn->since_look;
    if (each > MHQ_SHORT_NS)
        turn->look_every = 1;
    else if (turn->look_every < MHQ_GROUP)
        turn->look_every *= 2;
    turn->looked = now;
    turn->since_look = 0;
    turn->lengthy = 0;
    if (each > MHQ_LONG_NS)
        return 1;
    return now - turn->began > (each > MHQ_SHORT_NS ? MHQ_SLICE_NS : MHQ_SHORT_SLICE_NS);
}

#endif
