/* mhddq.pml - the protocol of csrc/: ring, baton, done stack, parking, room, close and the end.
 *
 * Each access to an atomic of the C code is one line here, tagged with its file, its function, the
 * operation of atomic.h, the field, and its labels. run.py compares the tags with the C code in
 * both directions. README.md says what is left out. A scene (run.py) sets:
 *
 *   CAPACITY          of the ring: 1, 2 or 4
 *   PRODUCERS, JOBS   each enqueues so many
 *   FEWER             jobs that the last one enqueues less
 *   OVERDRAW          at most so many jobs that callbacks enqueue
 *   IO                I/O threads: 2, or 1, who always holds the baton
 *   LIST, POOL        operations of a job that is a list (0: none is); records in the pool
 *   BLOCKS            for small results: at most so many are made (0: no result lies in one)
 *   BUDGET            of undelivered bytes; an operation takes 0, 1 or 2 (0: no budget, no bytes)
 *   LEFT              operations that leave a temporary behind, at most
 *   CLOSER            1: a thread closes at any moment; 0: a callback does, the last one
 *   QUIET             1: what closes lets callbacks go on, and the callback thread closes at the end
 *   COUNTER           1: a thread reads the counters
 *   LATE              1: what a seq_cst read-modify-write stores waits in the buffer, too
 *   EARLY             sleeps that may end for no reason, or for a signal
 *   STALL             the jobs of this many numbers are for a port that is not served before all
 *                     others have come back
 *   GIVE_UPS          1: the last producer may leave where it finds the ring full
 */

/* ---- the words that threads share ---- */

#define TAIL 0
#define HEAD 1
#define DONE 2
#define WAITERS 3
#define ROOM 4 /* capacity_epoch */
#define OVERFLOWED 5
#define LOCK 6 /* overflow_lock */
#define SLOT(t) (7 + ((t) & MASK))
#define JOB(t) (11 + ((t) & MASK))
#define CONSUMER 15 /* the state of ring.consumer */
#define CALLBACK 16 /* of done.consumer */
#define DELIVERY 17 /* of engine.delivery */
#define WAITING(io) (18 + (io)) /* of baton.waiting */
#define HOLDER 20
#define OVER 21 /* baton.finished */
#define TOP 24 /* of the done stack */
#define FINISHED 25
#define STOPPED 26
#define AT_DISK 27
#define UNDELIVERED 28
#define RETURNED 29 /* records of the pool */
#define LEFT_TOP 30
#define LISTS 31
#define BLOCKS_BACK 32 /* returned, of the blocks */
#define WHEN_QUIET 33 /* closing, of the engine */
#define UNANNOUNCED 34 /* of the ring */
#define NEXT(id) (35 + (id)) /* run->next; left->next; block->next */
#define WORDS (36 + IDS)

#define FIRST_RECORD (PRODUCERS * JOBS + OVERDRAW) /* ids from 1: jobs, records, left behind */
#define FIRST_LEFT (FIRST_RECORD + POOL)
#define FIRST_BLOCK (FIRST_LEFT + LEFT)
#define IDS (FIRST_BLOCK + BLOCKS)

#define THREADS (PRODUCERS + 1 + IO + CLOSER + COUNTER)

/* Who waits for room need not wait for the jobs under way once it is closed. */
bool released;
#define MAY_SLEEP(w) (!released || (w) != ROOM)

#include "memory.pml"

#define MASK (CAPACITY - 1)
#define CLOSED 128
#define CLOSING 64
#define TICKET(tail) ((tail) & (CLOSING - 1))
#define AWAKE 0
#define PARKED 1
#define NONE 0
#define FULL 0
#define CLAIMED 1
#define REFUSED 2

/* ---- what the model notes, to judge by; no thread decides by it ---- */

mtype = { RING, HOLDERS, STACK, CALLBACKS, BACK };
mtype place[IDS + 1]; /* of a run record; 0: with the caller, or spare */
byte ticket[IDS + 1];
byte stamp[IDS + 1]; /* it was the operation of this number to be run */
byte charged[IDS + 1];
byte accepted;   /* jobs */
byte ran, pushed, told; /* records */
byte delivered;  /* jobs */
byte inside;     /* I/O threads in an operation */
byte owed;       /* threads that are about to wake the callback thread */
byte ended;      /* I/O threads */
bool final;      /* closed: the tail stays as it is */
bool closing;    /* only callbacks enqueue */
byte given_up;   /* jobs of the producer who has left */

#define LAST_OF(producer) \
    ((producer + 1) * JOBS - (producer == PRODUCERS - 1 -> FEWER : 0)) /* id of its last job */
#define ALL_BUT_STALLED \
    (delivered + stalled - overdrawn + given_up == PRODUCERS * JOBS - FEWER)
#define ALL_OVER (delivered - overdrawn + given_up == PRODUCERS * JOBS - FEWER)

#define RECORDS (FIRST_LEFT + 1)

#define TOLD (!SLEEPS(PRODUCERS, CALLBACK) || mem[TOP] == NONE || owed > 0)
#define NOBODY_SLEEPS_OVER_IT assert(TOLD) /* E3 */

/* ---- park.h ---- */

inline park_prepare(p)
{
    STORE_SC(p, PARKED) /* @ park.h mhq_park_prepare store_sc(state) [P1] */
}

inline park_cancel(p)
{
    STORE_RLX(p, AWAKE) /* @ park.h mhq_park_cancel store_rlx(state) */
}

inline park_wait(p)
{
    do
    :: true ->
        LOAD_ACQ(v, p); /* @ park.h mhq_park_wait load_acq(state) */
        if
        :: v == PARKED -> FUTEX_WAIT(p, PARKED)
        :: else -> break
        fi
    od;
    park_cancel(p)
}

/* READY sets `yes`. Each fact that it looks for stays true until the sleeper itself acts; so its
 * looks are as good as one at the moment of the first that finds something, or of the first of
 * all, and are one step here unless a load waits for the thread's own stores. That the sleeper
 * spins is the same as a later look; and what was ready at P2 is so when it looks again. */
#define PARK_UNTIL(p, READY)                                                              \
    do                                                                                    \
    :: true ->                                                                            \
        atomic { READY };                                                                 \
        if                                                                                \
        :: yes -> break                                                                   \
        :: else                                                                           \
        fi;                                                                               \
        park_prepare(p);                                                                  \
        atomic { READY }; /* @ park.h mhq_park_until [P2] */                              \
        if                                                                                \
        :: yes -> park_cancel(p); break                                                   \
        :: else -> park_wait(p)                                                           \
        fi                                                                                \
    od

inline unpark(p)
{
    LOAD_SC(v, p); /* @ park.h mhq_is_parked load_sc(state) [W2] */
    if
    :: v == PARKED ->
        SWAP_SC(v, p, AWAKE); /* @ park.h mhq_unpark swap_sc(state) */
        if
        :: v == PARKED -> FUTEX_WAKE(p)
        :: else
        fi
    :: else
    fi
}

/* ---- ring.c ---- */

#define FREE_FOR(t) (2 * ((t) - ((t) & MASK)))
#define ROOM_AT(tail, done) ((tail) - (done) < CAPACITY)

byte over[OVERDRAW + 1]; /* ring.overflow, under LOCK: ids, the lowest ticket first */
byte overs;

inline has_capacity(tail)
{
    LOAD_SC(w, DONE); /* @ ring.c has_capacity load_sc(done) [done] [P2] */
    yes = ROOM_AT(TICKET(tail), w)
}

inline claimed(id, overdraw)
{
    assert(!final); /* R4 */
    assert(overdraw || !closing); /* R5 */
    assert(overdraw || tail + 1 - delivered <= CAPACITY);
    assert(place[id] == 0 && TICKET(tail) == accepted);
    place[id] = RING;
    ticket[id] = TICKET(tail);
    accepted++
}

inline ring_claim(id, overdraw)
{
    LOAD_RLX(tail, TAIL); /* @ ring.c mhq_ring_claim load_rlx(tail) */
    do
    :: tail & (overdraw -> CLOSED : CLOSED + CLOSING) -> outcome = REFUSED; break
    :: else ->
        yes = true;
        if
        :: overdraw
        :: else -> has_capacity(tail)
        fi;
        if
        :: !yes -> outcome = FULL; break
        :: else
        fi;
        atomic {
            CAS_SC(yes, TAIL, tail, tail + 1); /* @ ring.c mhq_ring_claim cas_sc(tail) */
            if
            :: yes -> claimed(id, overdraw); outcome = CLAIMED; break
            :: else
            fi
        }
    od
}

inline overflow_insert(id)
{
    d_step { FREE(LOCK) && mem[LOCK] == 0; mem[LOCK] = 1 };
    d_step {
        at = overs;
        do
        :: at > 0 && ticket[over[at - 1]] > ticket[id] -> over[at] = over[at - 1]; at--
        :: else -> break
        od;
        over[at] = id;
        overs++;
        assert(overs < 2 || ticket[over[overs - 2]] < ticket[over[overs - 1]]); /* R3 */
        at = 0
    }
    ADD_SC(OVERFLOWED, 1); /* @ ring.c overflow_insert add_sc(overflowed) [W1] */
    STORE_REL(LOCK, 0)
}

inline ring_publish(id, overdraw)
{
    LOAD_ACQ(v, SLOT(tail)); /* @ ring.c mhq_ring_publish load_acq(state) [slot-free] */
    assert(v <= FREE_FOR(tail)); /* R1: it is free for this ticket or still in an earlier lap */
    assert(overdraw || v == FREE_FOR(tail)); /* R2 */
    if
    :: v == FREE_FOR(tail) ->
        STORE_PLAIN(JOB(tail), id);
        STORE_SC(SLOT(tail), FREE_FOR(tail) + 1) /* @ ring.c mhq_ring_publish store_sc(state) [slot-full] [W1] */
    :: else ->
        overflow_insert(id)
    fi;
    unpark(CONSUMER)
}

inline overflow_take(remove)
{
    LOAD_SC(v, OVERFLOWED); /* @ ring.c overflow_take load_sc(overflowed) [P2] */
    found = NONE;
    if
    :: v != 0 ->
        d_step { FREE(LOCK) && mem[LOCK] == 0; mem[LOCK] = 1 };
        d_step {
            if
            :: overs > 0 && ticket[over[0]] == head -> found = over[0]
            :: else
            fi;
            if
            :: found != NONE && remove ->
                overs--;
                for (at : 0 .. OVERDRAW - 1) {
                    over[at] = over[at + 1]
                }
                over[OVERDRAW] = 0;
                at = 0
            :: else
            fi
        }
        if
        :: found != NONE && remove ->
            SUB_SC(OVERFLOWED, 1) /* @ ring.c overflow_search sub_sc(overflowed) */
        :: else
        fi;
        STORE_REL(LOCK, 0)
    :: else
    fi
}

inline ring_pop()
{
    atomic {
        LOAD_RLX(head, HEAD); /* @ ring.c mhq_ring_pop load_rlx(head) */
        LOAD_ACQ(v, SLOT(head)) /* @ ring.c mhq_ring_pop load_acq(state) [slot-full] */
    };
    if
    :: v == FREE_FOR(head) + 1 -> LOAD_RLX(job, JOB(head))
    :: else -> overflow_take(true); job = found
    fi;
    if
    :: job != NONE ->
        STORE_REL(SLOT(head), FREE_FOR(head + CAPACITY)); /* @ ring.c mhq_ring_pop store_rel(state) [slot-free] */
        atomic {
            STORE_REL(HEAD, head + 1); /* @ ring.c mhq_ring_pop store_rel(head) */
            assert(place[job] == RING && ticket[job] == head);
            place[job] = HOLDERS
        }
    :: else
    fi
}

inline ring_ready()
{
    LOAD_RLX(head, HEAD); /* @ ring.c mhq_ring_ready load_rlx(head) */
    LOAD_SC(v, SLOT(head)); /* @ ring.c mhq_ring_ready load_sc(state) [P2] */
    yes = v == FREE_FOR(head) + 1;
    if
    :: !yes -> overflow_take(false); yes = found != NONE
    :: else
    fi
}

inline ring_drained()
{
    LOAD_SC(v, TAIL); /* @ ring.c mhq_ring_drained load_sc(tail) [P2] */
    yes = false;
    if
    :: v & CLOSED ->
        LOAD_ACQ(head, HEAD); /* @ ring.c mhq_ring_drained load_acq(head) */
        yes = head == TICKET(v)
    :: else
    fi
}

inline wake_waiters(most)
{
    ADD_SC(ROOM, 1); /* @ ring.c wake_waiters add_sc(capacity_epoch) */
    FUTEX_WAKE_SOME(ROOM, most)
}

inline ring_announce()
{
    LOAD_SC(v, UNANNOUNCED); /* @ ring.c mhq_ring_announce load_sc(unannounced) */
    if
    :: v != 0 ->
        SWAP_SC(v, UNANNOUNCED, 0); /* @ ring.c mhq_ring_announce swap_sc(unannounced) */
        if
        :: v != 0 ->
            LOAD_SC(v, TAIL); /* @ ring.c mhq_ring_announce load_sc(tail) */
            LOAD_SC(w, DONE); /* @ ring.c mhq_ring_announce load_sc(done) */
            if
            :: TICKET(v) - w < CAPACITY -> wake_waiters(CAPACITY - (TICKET(v) - w))
            :: else
            fi
        :: else
        fi
    :: else
    fi
}

byte pool_unannounced; /* of the credit */

#define TAKEN (TICKET(v) - tail)

inline ring_return()
{
    atomic { ADD_SC(DONE, 1); LOAD_RLX(tail, DONE) }; /* @ ring.c mhq_ring_return add_sc(done) [done] [W1] */
    LOAD_SC(v, WAITERS); /* @ ring.c mhq_ring_return load_sc(waiters) [W2] */
    if
    :: v == 0
    :: else ->
        LOAD_RLX(v, TAIL); /* @ ring.c mhq_ring_return load_rlx(tail) */
        atomic { ADD_SC(UNANNOUNCED, 1); LOAD_RLX(w, UNANNOUNCED) }; /* @ ring.c mhq_ring_return add_sc(unannounced) [W1] */
        if
        :: TAKEN >= CAPACITY || (TAKEN > CAPACITY / 2 && w < CAPACITY / 2)
        :: else -> ring_announce()
        fi
    fi
}

/* taker.c: it rests. While the holder is at work it announces itself, before it waits. */
inline port_announce()
{
    LOAD_SC(v, UNANNOUNCED); /* @ ring.c mhq_ring_unannounced load_sc(unannounced) [P2] */
    if
    :: v != 0 ->
        LOAD_SC(v, CONSUMER);
        LOAD_SC(w, DELIVERY);
        if
        :: v == PARKED || w == PARKED -> ring_announce()
        :: else
        fi
    :: else
    fi;
#if LIST
    if
    :: pool_unannounced > 0 -> pool_unannounced = 0; unpark(DELIVERY)
    :: else
    fi
#endif
}

inline ring_wait_capacity()
{
    LOAD_ACQ(epoch, ROOM); /* @ ring.c mhq_ring_wait_capacity load_acq(capacity_epoch) */
    ADD_SC(WAITERS, 1); /* @ ring.c mhq_ring_wait_capacity add_sc(waiters) [P1] */
    LOAD_SC(tail, TAIL); /* @ ring.c mhq_ring_wait_capacity load_sc(tail) */
    if
    :: tail & (CLOSED + CLOSING)
    :: else ->
        has_capacity(tail); /* @ ring.c mhq_ring_wait_capacity [P2] */
        if
        :: !yes -> FUTEX_WAIT(ROOM, epoch)
        :: else
        fi
    fi;
    SUB_SC(WAITERS, 1) /* @ ring.c mhq_ring_wait_capacity sub_sc(waiters) */
}

inline no_thread_waits_for_capacity()
{
    d_step {
        released = true;
        for (w : 0 .. PRODUCERS - 1) {
            assert(!SLEEPS(w, ROOM))
        }
    }
}

inline ring_close()
{
    atomic {
        OR_SC(TAIL, CLOSED); /* @ ring.c mhq_ring_close or_sc(tail) [W1] */
        final = true
    };
    unpark(CONSUMER);
    LOAD_SC(v, WAITERS); /* @ ring.c mhq_ring_close load_sc(waiters) [W2] */
    if
    :: v != 0 -> wake_waiters(PRODUCERS)
    :: else
    fi;
    no_thread_waits_for_capacity()
}

inline ring_begin_closing()
{
    atomic {
        OR_SC(TAIL, CLOSING); /* @ ring.c mhq_ring_begin_closing or_sc(tail) [W1] */
        closing = true
    };
    LOAD_SC(v, WAITERS); /* @ ring.c mhq_ring_begin_closing load_sc(waiters) [W2] */
    if
    :: v != 0 -> wake_waiters(PRODUCERS)
    :: else
    fi;
    no_thread_waits_for_capacity()
}

inline ring_is_quiet()
{
    LOAD_SC(v, TAIL); /* @ ring.c mhq_ring_is_quiet load_sc(tail) */
    LOAD_SC(w, DONE); /* @ ring.c mhq_ring_is_quiet load_sc(done) [done] [P2] */
    yes = v == w + CLOSING
}

inline ring_close_if_quiet()
{
    atomic { LOAD_SC(w, DONE); w = w + CLOSING }; /* @ ring.c mhq_ring_close_if_quiet load_sc(done) [done] */
    atomic {
        CAS_SC(yes, TAIL, w, w + CLOSED); /* @ ring.c mhq_ring_close_if_quiet cas_sc(tail) [W1] */
        if
        :: yes -> assert(delivered == accepted); final = true /* R5 */
        :: else
        fi
    };
    if
    :: yes -> unpark(CONSUMER)
    :: else
    fi
}

/* What closes calls it once; a second time it would change nothing. */
inline close_engine()
{
#if QUIET
    ring_begin_closing();
    STORE_SC(WHEN_QUIET, 1); /* @ engine.c mhq_close_when_quiet store_sc(closing) [W1] */
    owed++;
    unpark(CALLBACK);
    owed--
#else
    ring_close()
#endif
}

/* ---- done.h ---- */

inline done_push(id)
{
    atomic {
        LOAD_RLX(w, TOP); /* @ port.h mhq_done_push load_rlx(top) */
        assert(place[id] == HOLDERS);
        place[id] = STACK;
        pushed++
    }
    do
    :: true ->
        STORE_PLAIN(NEXT(id), w);
        CAS_SC(yes, TOP, w, id); /* @ port.h mhq_done_push cas_sc(top) [run] [W1] */
        if
        :: yes -> break
        :: else
        fi
    od
}

inline done_ready()
{
    LOAD_SC(v, TOP); /* @ port.h mhq_done_ready load_sc(top) */
    yes = v != NONE
}

/* Turned round: the first pushed is the first of the batch. The links are the taker's own now. */
inline done_take()
{
    SWAP_ACQ(v, TOP, NONE); /* @ port.h mhq_done_take swap_acq(top) [run] */
    d_step {
        batches = 0;
        do
        :: v != NONE ->
            assert(batches < RECORDS && place[v] == STACK); /* D1: none comes twice */
            place[v] = CALLBACKS;
            batch[batches] = v;
            batches++;
            v = mem[NEXT(v)]
        :: else -> break
        od
    }
}

/* ---- list.c: the pool ---- */

#if LIST
byte spare; /* the holder's */

inline pool_take()
{
    rec = spare;
    if
    :: rec == NONE -> SWAP_ACQ(rec, RETURNED, NONE) /* @ list.c mhq_pool_take swap_acq(returned) [record] */
    :: else
    fi;
    if
    :: rec != NONE -> d_step { spare = mem[NEXT(rec)]; assert(place[rec] == 0); place[rec] = HOLDERS } /* K1 */
    :: else
    fi
}

inline pool_ready()
{
    ring_announce();
    yes = spare != NONE;
    if
    :: !yes ->
        LOAD_SC(v, RETURNED); /* @ list.c mhq_credit_ready load_sc(returned) [P2] */
        yes = v != NONE
    :: else
    fi
}

inline pool_give_back(id)
{
    LOAD_RLX(w, RETURNED); /* @ list.c mhq_credit_give_back load_rlx(returned) */
    do
    :: true ->
        STORE_PLAIN(NEXT(id), w);
        CAS_SC(yes, RETURNED, w, id); /* @ list.c mhq_credit_give_back cas_sc(returned) [record] [W1] */
        if
        :: yes -> break
        :: else
        fi
    od;
    pool_unannounced++;
    if
    :: pool_unannounced < POOL / 2
    :: else -> pool_unannounced = 0; announce = true
    fi
}
#endif

/* ---- block.c ---- */

#if BLOCKS
byte spare_block, made; /* the holder's */
byte block_of[IDS + 1]; /* where the record's result lies, 0: elsewhere */

inline block_take()
{
    block = spare_block;
    if
    :: block == NONE ->
        LOAD_RLX(v, BLOCKS_BACK); /* @ block.c mhq_block_take load_rlx(returned) */
        if
        :: v != NONE -> SWAP_ACQ(block, BLOCKS_BACK, NONE) /* @ block.c mhq_block_take swap_acq(returned) [block] */
        :: else
        fi
    :: else
    fi;
    if
    :: block != NONE -> LOAD_RLX(spare_block, NEXT(block))
    :: block == NONE && made < BLOCKS -> made++; block = FIRST_BLOCK + made
    :: else
    fi;
    if
    :: block != NONE -> d_step { assert(place[block] == 0); place[block] = HOLDERS } /* M1 */
    :: else
    fi
}

/* All have come back: as many are spare, or on their way to the holder, as were made. */
inline blocks_counted(first)
{
    v = first;
    do
    :: v != NONE -> w++; assert(w <= made); v = mem[NEXT(v)]
    :: else -> break
    od
}

inline no_block_is_lost()
{
    d_step {
        w = 0;
        blocks_counted(spare_block);
        blocks_counted(mem[BLOCKS_BACK]);
        assert(w == made) /* M1 */
    }
}

/* Nobody but the holder reads this link: so it need not wait in the buffer. */
inline block_put_back()
{
    d_step { mem[NEXT(block)] = spare_block; spare_block = block; place[block] = 0 }
}

inline block_return(id)
{
    d_step { assert(place[id] == HOLDERS); place[id] = 0 } /* M1 */
    LOAD_RLX(w, BLOCKS_BACK); /* @ block.c mhq_block_return load_rlx(returned) */
    do
    :: true ->
        STORE_PLAIN(NEXT(id), w);
        CAS_REL(yes, BLOCKS_BACK, w, id); /* @ block.c mhq_block_return cas_rel(returned) [block] */
        if
        :: yes -> break
        :: else
        fi
    od
}

/* It may turn out that there is no result: then the block is put back. */
inline small_result()
{
    block_take();
    if
    :: block != NONE -> block_of[rec] = block
    :: block != NONE -> block_put_back()
    :: block == NONE
    fi;
    block = NONE
}
#endif

/* ---- baton.c ---- */

inline is_over_or_mine()
{
    LOAD_SC(v, HOLDER); /* @ baton.c is_over_or_mine load_sc(holder) [baton] [P2] */
    yes = v == side;
    if
    :: !yes ->
        LOAD_SC(v, OVER); /* @ baton.c is_over_or_mine load_sc(finished) [P2] */
        yes = v
    :: else
    fi
}

inline baton_pass()
{
    STORE_SC(HOLDER, 1 - side); /* @ baton.c mhq_baton_pass store_sc(holder) [baton] [W1] */
    unpark(WAITING(1 - side))
}

inline baton_finish()
{
    STORE_SC(OVER, 1); /* @ baton.c mhq_baton_finish store_sc(finished) [W1] */
    unpark(WAITING(1 - side))
}

/* ---- engine.c: an operation ---- */

#define wake_callback_thread() unpark(CALLBACK)

/* E3: the callback thread is woken before the wait */
#define WAIT_FOR_DELIVERY(ENOUGH)           \
    wake_callback_thread();                 \
    NOBODY_SLEEPS_OVER_IT;                  \
    PARK_UNTIL(DELIVERY, ENOUGH)

byte undelivered; /* what UNDELIVERED is when all stores have left */

#define CHARGE_FITS(undelivered) \
    ((undelivered) == charged[rec] || (undelivered) + more <= BUDGET)

inline charge_fits_or_announce()
{
    ring_announce();
    charge_fits()
}

inline charge_fits()
{
    LOAD_SC(v, UNDELIVERED); /* @ io.c charge_fits load_sc(undelivered) [P2] */
    yes = CHARGE_FITS(v)
}

inline on_charge()
{
    charge_fits();
    if
    :: yes
    :: else -> WAIT_FOR_DELIVERY(charge_fits_or_announce())
    fi;
    atomic {
        ADD_SC(UNDELIVERED, more); /* @ io.c on_charge add_sc(undelivered) */
        assert(CHARGE_FITS(undelivered)); /* E4 */
        undelivered = undelivered + more;
        charged[rec] = charged[rec] + more
    }
}

byte lefts;

inline on_left_behind()
{
    lefts++;
    left = FIRST_LEFT + lefts;
    LOAD_RLX(w, LEFT_TOP); /* @ leftover.h mhq_leftover_push load_rlx(top) */
    do
    :: true ->
        STORE_PLAIN(NEXT(left), w);
        CAS_REL(yes, LEFT_TOP, w, left); /* @ leftover.h mhq_leftover_push cas_rel(top) [left] */
        if
        :: yes -> break
        :: else
        fi
    od
}

inline run_one()
{
#if IO == 2
    SWAP_AR(v, AT_DISK, side + 1); /* @ io.c run_one swap_ar(at_disk) */
    assert(v == 0);
#endif
    d_step {
        assert(inside == 0); /* E1 */
        assert(pushed == ran); /* E2 */
        NOBODY_SLEEPS_OVER_IT; /* E3 */
        inside++;
        ran++;
        stamp[rec] = ran
    }
#if BUDGET
    if
    :: true
    :: more = 1; on_charge()
    :: more = 2; on_charge()
    :: more = 1; on_charge(); on_charge()
    fi;
#endif
#if BLOCKS
    if
    :: true
    :: small_result()
    fi;
#endif
#if LEFT
    if
    :: lefts < LEFT -> on_left_behind()
    :: true
    fi;
#endif
    atomic {
        assert(inside == 1);
#if IO == 2
        STORE_REL(AT_DISK, 0); /* @ io.c run_one store_rel(at_disk) */
#endif
        inside--
    }
}

inline run_list()
{
    ops = 0;
    do
    :: ops < LIST ->
        ops++;
        pool_take();
        if
        :: rec == NONE -> WAIT_FOR_DELIVERY(pool_ready()); pool_take() /* @ io.c record_returned [P2] */
        :: else
        fi;
        assert(rec != NONE);
        run_one();
        done_push(rec); /* E2 */
        wake_callback_thread() /* E3 */
    :: else -> break
    od
}

inline has_work_or_ended()
{
    ring_announce();
    ring_ready();
    if
    :: yes
    :: else -> ring_drained() /* @ io.c has_work_or_ended [P2] */
    fi
}

/* Is the turn over, and may the holder pass? The clock may say so after any job. */
inline may_trade()
{
    trade = false;
#if IO == 2
    if
    :: true
    :: atomic { ring_ready(); trade = yes }
    fi
#endif
}

/* ---- engine.c: the callback thread ---- */

inline collectable()
{
    done_ready();
    if
    :: yes
    :: else ->
        LOAD_SC(v, FINISHED); /* @ taker.c is_over load_sc(finished) [P2] */
        yes = v;
#if QUIET
        if
        :: yes
        :: else ->
            LOAD_SC(v, WHEN_QUIET); /* @ taker.c is_quiet load_sc(closing) [P2] */
            if
            :: v -> ring_is_quiet()
            :: else
            fi
        fi
#endif
    fi
}

byte overdrawn;

inline callback()
{
    do
    :: overdrawn < OVERDRAW ->
        overdrawn++;
        id = PRODUCERS * JOBS + overdrawn;
        ring_claim(id, true);
        if
        :: outcome == CLAIMED -> ring_publish(id, true)
        :: else
        fi
    :: true -> break
    od
}

inline deliver(rec)
{
    d_step {
        assert(place[rec] == CALLBACKS);
        told++;
        assert(stamp[rec] == told);
        stamp[rec] = 0
    };
    callback();
#if BLOCKS
    if
    :: block_of[rec] != NONE -> block_return(block_of[rec]); block_of[rec] = NONE
    :: else
    fi;
#endif
    announce = false;
    if
    :: charged[rec] > 0 ->
        atomic {
            SUB_SC(UNDELIVERED, charged[rec]); /* @ taker.c mhq_delivered sub_sc(undelivered) [W1] */
            undelivered = undelivered - charged[rec];
            charged[rec] = 0
        };
        announce = true
    :: else
    fi;
    if
#if LIST
    :: rec > FIRST_RECORD -> place[rec] = 0; pool_give_back(rec)
#endif
    :: rec <= FIRST_RECORD && rec <= STALL -> stalled++
    :: rec <= FIRST_RECORD && rec > STALL ->
        d_step { place[rec] = BACK; delivered++ };
        ring_return()
    fi;
    if
    :: announce -> unpark(DELIVERY)
    :: else
    fi
}

byte stalled; /* jobs that the stalled port has */

/* At last it is served. */
inline serve_the_stalled()
{
    do
    :: stalled > 0 && ALL_BUT_STALLED ->
        d_step { stalled--; delivered++ };
        ring_return()
    :: else -> break
    od
}

/* One is told; the others are put back. */
inline take_left_behind()
{
    LOAD_RLX(left, LEFT_TOP); /* @ leftover.h mhq_leftover_take load_rlx(top) */
    if
    :: left == NONE
    :: else ->
        SWAP_ACQ(left, LEFT_TOP, NONE); /* @ leftover.h mhq_leftover_take swap_acq(top) [left] */
        LOAD_RLX(rest, NEXT(left));
        do
        :: rest == NONE -> break
        :: else ->
            LOAD_RLX(next, NEXT(rest));
            LOAD_RLX(w, LEFT_TOP); /* @ leftover.h mhq_leftover_take load_rlx(top) */
            do
            :: true ->
                STORE_PLAIN(NEXT(rest), w);
                CAS_REL(yes, LEFT_TOP, w, rest); /* @ leftover.h mhq_leftover_take cas_rel(top) */
                if
                :: yes -> break
                :: else
                fi
            od;
            rest = next
        od;
        atomic { assert(place[left] == 0); place[left] = BACK }
    fi
}

#define LEAVE given_up = LAST_OF(_pid) - id + 1

/* ---- the threads, in the order of their numbers ---- */

active [PRODUCERS] proctype producer()
{
    byte v, w, tail, epoch, outcome, id = _pid * JOBS;
    bool yes;
    do
    :: id == LAST_OF(_pid) -> break
    :: else ->
        id++;
        do
        :: true ->
            ring_claim(id, false);
            if
            :: outcome != FULL -> break
            :: atomic { outcome == FULL && GIVE_UPS && _pid == PRODUCERS - 1 && !given_up -> LEAVE }; break
            :: outcome == FULL -> ring_wait_capacity()
            fi
        od;
        if
        :: outcome != CLAIMED -> break
        :: else
        fi;
#if COUNTER
        ADD_REL(LISTS, 1); /* @ submit.c count_in add_rel(lists) [lists] */
#endif
        ring_publish(id, false)
    od;
#if GIVE_UPS
    if
    :: given_up && ALL_OVER -> close_engine()
    :: else
    fi
#endif
}

active proctype callback_thread()
{
    byte v, w, tail, outcome, id, i, batches, left, rest, next;
    byte batch[RECORDS];
    bool yes, announce;
    do
    :: true ->
        atomic { collectable() };
        if
        :: yes
        :: else -> port_announce()
        fi;
        PARK_UNTIL(CALLBACK, collectable());
        LOAD_SC(i, FINISHED); /* all jobs are of the engine's own port: is_over */
        done_take();
        if
        :: batches == 0 && i -> break
#if QUIET
        :: batches == 0 && !i -> ring_close_if_quiet()
#endif
        :: batches > 0
        fi;
        do
        :: batches > 0 ->
            /* first pushed, first told */
            deliver(batch[batches - 1]);
            d_step { batches--; batch[batches] = 0 }
        :: else -> break
        od;
#if LEFT
        take_left_behind();
#endif
#if STALL
        serve_the_stalled();
#endif
#if !CLOSER
        if
        :: ALL_OVER -> close_engine()
        :: else
        fi
#endif
    od;
    ended == IO; /* join */
    assert(mem[TAIL] == CLOSED + QUIET * CLOSING + accepted && mem[HEAD] == accepted && mem[DONE] <= accepted);
    assert(delivered == accepted && told == ran && pushed == ran);
    assert(mem[TOP] == NONE && overs == 0 && undelivered == 0);
    STORE_REL(STOPPED, 1); /* @ taker.c mhq_stop store_rel(stopped) */
    FUTEX_WAKE(STOPPED);
#if BLOCKS
    no_block_is_lost();
#endif
#if LEFT
    /* mhq_engine_free */
    do
    :: mem[LEFT_TOP] != NONE -> take_left_behind()
    :: else -> break
    od;
    for (i : FIRST_LEFT + 1 .. FIRST_LEFT + lefts) {
        assert(place[i] == BACK)
    }
#endif
}

active [IO] proctype io()
{
    byte side = _pid - PRODUCERS - 1;
    byte v, w, head, job, found, rec, ops, more, left, block;
    bool yes, trade;
#if LIST
    d_step {
        spare = FIRST_RECORD + 1;
        for (w : FIRST_RECORD + 1 .. FIRST_RECORD + POOL - 1) {
            mem[NEXT(w)] = w + 1
        }
    };
#endif
waiting:
#if IO == 2
    PARK_UNTIL(WAITING(side), is_over_or_mine());
    LOAD_ACQ(v, HOLDER); /* @ baton.c mhq_baton_wait load_acq(holder) [baton] */
    if
    :: v == side
    :: else -> goto out
    fi;
#endif
    do
    :: true ->
        assert(IO == 1 || mem[HOLDER] == side); /* B1 */
        ring_pop();
        if
        :: job == NONE ->
            NOBODY_SLEEPS_OVER_IT; /* E3 */
            PARK_UNTIL(CONSUMER, has_work_or_ended());
            atomic { ring_ready() };
            if
            :: yes
            :: else -> break
            fi
        :: else ->
#if LIST
            run_list();
            atomic { ran++; stamp[job] = ran }; /* the list's end is told, too */
#else
            rec = job;
            run_one();
#endif
            may_trade();
            if
            :: trade -> owed++
            :: else
            fi;
            done_push(job); /* E2 */
            if
            :: trade -> goto trades
            :: else -> wake_callback_thread() /* E3 */
            fi
        fi
    od;
    STORE_SC(FINISHED, 1); /* @ io.c mhq_io_main store_sc(finished) [W1] */
#if IO == 2
    baton_finish();
#endif
    wake_callback_thread();
    goto out;
trades:
#if IO == 2
    baton_pass();
    wake_callback_thread(); /* E3 */
    owed--;
    goto waiting;
#endif
out:
    atomic { ALL_PLAIN(me); ended++ }
}

#if CLOSER
active proctype closer()
{
    byte v, w;
    close_engine();
    do
    :: true ->
        LOAD_ACQ(v, STOPPED); /* @ taker.c mhq_wait_stopped load_acq(stopped) */
        if
        :: v -> break
        :: else -> FUTEX_WAIT(STOPPED, 0)
        fi
    od;
    assert(delivered == accepted)
}
#endif

#if COUNTER
active proctype counter()
{
    byte done, lists, tail;
    LOAD_ACQ(done, DONE); /* @ engine.c mhq_count load_acq(done) [done] */
    LOAD_ACQ(lists, LISTS); /* @ engine.c mhq_count load_acq(lists) [lists] */
    LOAD_ACQ(tail, TAIL); /* @ engine.c mhq_count load_acq(tail) */
    tail = TICKET(tail);
    assert(done <= tail && lists <= tail)
}
#endif

/* Last, so that the threads' numbers are those of their buffers. */
active proctype memory()
{
end:
    do
    LEAVES(0)
    LEAVES(1)
    LEAVES(2)
#if THREADS > 3
    LEAVES(3)
#endif
#if THREADS > 4
    LEAVES(4)
#endif
#if THREADS > 5
    LEAVES(5)
#endif
    od
}
