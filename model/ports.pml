/* ports.pml - a port beside the engine's own, and what decides whether an operation runs: the done stack that
 * can be closed, the bell, retiring, fates, pauses, progress, and the line of those that wait for
 * bytes. What mhddq.pml has already is left out: the jobs are there, and their order is the holder's.
 * Lines are tagged as there. A scene sets one of:
 *
 *   BELL      1: the taker waits for its descriptor, and looks once more when it rests
 *   SHUTS     1: the taker closes after its first delivery; what is left goes to the engine's own port
 *   ENDS      1: the engine is closed, and the callback thread ends once all jobs have come back
 *   HOLDERS   2: the baton is passed between the push and the wake-up
 *   CANCELS   threads that try to cancel the first operation
 *   PAUSED    1: the engine is paused, and a thread resumes it; 2: by a control; 3: what cancels
 *             the control ends it; 4: closing does
 *   WATCHED   1: progress is reported
 *             5: only what cancels the operation does
 *   LIVES     1: the last of three parts releases the engine; the rest is left out then
 *   LINE      callers that wait for bytes, one job each (0: none): the rest is left out then
 *   JOBS      all for the port
 */

#define TOP 0
#define TAKER 1
#define OWN_TOP 2
#define OWN 3
#define RETIRED 4
#define CONSUMER 5
#define WAKING 6
#define BATON 7
#define FATE 8
#define PAUSES 9
#define PAUSING 10
#define CANCELLED 11
#define CLOSES 12
#define DUE 13
#define FIGURE 14
#define HELD 15
#define WAITING 16
#define EPOCH 17
#define LOCK 18
#define REFERENCES 19 /* and, with LIVES, the engine's lives */
#define REFUSES 20
#define FINISHED 21
#define DONE 22
#define NEXT(id) (23 + (id))
#define RECORD (JOBS + 1) /* the progress record */
#define WORDS (25 + JOBS)

#define THREADS 6

#define MAY_SLEEP(w) true
#include "memory.pml"

#define NONE 0
#define SHUT 100
#define AWAKE 0
#define PARKED 1
#define ARMED 2
#define QUEUED 0
#define RUNNING 1
#define STOPPING 2
#define ENDED 3
#define OVER_BEFORE 4 /* cancelled */

/* ---- what is noted, to judge by ---- */
bool bell;         /* the descriptor is readable: the kernel's, behind full barriers */
bool released;     /* the port's memory */
bool shut;
byte inside;       /* threads that touch the port as holders */
byte seen[RECORD + 1];
byte delivered, pushed, delivered_last;
byte ran, cancelled_by, reported, last_seen;
byte figure;

#define TOUCHES assert(!released) /* D3 */

inline ring_bell() { d_step { ALL_PLAIN(me); take_plain_along(me); bell = true } }
inline hush_bell() { d_step { ALL_PLAIN(me); take_plain_along(me); bell = false } }

inline unpark(p)
{
    LOAD_SC(v, p);
    if
    :: v == PARKED ->
        SWAP_SC(v, p, AWAKE);
        if
        :: v == PARKED -> FUTEX_WAKE(p)
        :: else
        fi
    :: else
    fi
}

#define PARK_UNTIL(p, READY)                        \
    do                                              \
    :: true ->                                      \
        READY;                                      \
        if                                          \
        :: yes -> break                             \
        :: else                                     \
        fi;                                         \
        STORE_SC(p, PARKED);                        \
        READY;                                      \
        if                                          \
        :: yes -> STORE_RLX(p, AWAKE); break        \
        :: else ->                                  \
            do                                      \
            :: true ->                              \
                LOAD_ACQ(v, p);                     \
                if                                  \
                :: v == PARKED -> FUTEX_WAIT(p, PARKED) \
                :: else -> break                    \
                fi                                  \
            od;                                     \
            STORE_RLX(p, AWAKE)                     \
        fi                                          \
    od

/* ---- taker.c: the holder's side ---- */

/* yes: pushed */
inline port_try_push(id)
{
    TOUCHES;
    LOAD_RLX(w, TOP); /* @ taker.c mhq_port_try_push load_rlx(top) */
    do
    :: w == SHUT -> yes = false; break
    :: else ->
        STORE_PLAIN(NEXT(id), w);
        CAS_SC(yes, TOP, w, id); /* @ taker.c mhq_port_try_push cas_sc(top) [run] [W1] */
        if
        :: yes -> break
        :: else
        fi
    od
}

/* The same function, on the engine's own port. */
inline own_push(id)
{
    LOAD_RLX(w, OWN_TOP);
    do
    :: true ->
        STORE_PLAIN(NEXT(id), w);
        CAS_SC(yes, OWN_TOP, w, id);
        if
        :: yes -> break
        :: else
        fi
    od
}

inline port_wake()
{
    TOUCHES;
    LOAD_SC(v, TAKER); /* @ taker.c mhq_port_wake load_sc(state) [W2] */
    if
    :: v == AWAKE
    :: else ->
        TOUCHES;
        SWAP_SC(v, TAKER, AWAKE); /* @ taker.c mhq_port_wake swap_sc(state) */
        if
        :: v == PARKED -> FUTEX_WAKE(TAKER)
        :: v == ARMED -> ring_bell()
        :: v == AWAKE
        fi
    fi;
    TOUCHES
}

inline ports_retired()
{
    LOAD_SC(v, RETIRED); /* @ taker.c mhq_ports_retired load_sc(retired) [P2] */
    yes = v != 0
}

inline ports_reap()
{
    SWAP_ACQ(v, RETIRED, 0); /* @ taker.c mhq_ports_reap swap_acq(retired) [retired] */
    if
    :: v != 0 ->
        do
        :: true ->
            LOAD_ACQ(w, WAKING); /* @ taker.c mhq_ports_reap load_acq(waking) [waking] */
            if
            :: w == 0 -> break
            :: w != 0 -> mem[WAKING] == 0
            fi
        od;
        skip;
        d_step { assert(!released && inside == 0); released = true } /* D3 */
    :: else
    fi
}

inline port_drop()
{
    /* counted upwards here: the owner's and the jobs' */
    d_step { FREE(REFERENCES); take_plain_along(me); mem[REFERENCES] = mem[REFERENCES] + 1; yes = mem[REFERENCES] == 1 + JOBS }
    if
    :: yes ->
        LOAD_RLX(w, RETIRED); /* @ taker.c mhq_port_drop load_rlx(retired) */
        CAS_SC(yes, RETIRED, w, 1); /* @ taker.c mhq_port_drop cas_sc(retired) [retired] [W1] */
        assert(yes);
        unpark(CONSUMER)
    :: else
    fi
}

/* ---- fate.h ---- */

inline fate_move(from, to)
{
    w = from;
    CAS_SC(yes, FATE, w, to) /* @ fate.h mhq_fate_move cas_sc(state) [fate] [W1] */
}

inline fate_is_over()
{
    LOAD_SC(v, FATE); /* @ fate.h mhq_fate_is_over load_sc(state) [fate] */
    over = v != QUEUED && v != RUNNING
}

/* ---- step.c ---- */

inline is_cancelled()
{
    fate_is_over();
    if
    :: over
    :: else ->
        LOAD_SC(v, CANCELLED); /* @ step.c is_cancelled load_sc(cancelled) [P2] */
        over = v != 0
    fi
}

inline is_paused()
{
    LOAD_SC(v, PAUSES); /* @ step.c is_paused load_sc(paused) [P2] */
    yes = PAUSED && v == 0; /* it begins paused */
    if
    :: yes ->
        LOAD_SC(v, CLOSES); /* @ ring.c mhq_ring_is_closing load_sc(tail) [P2] */
        yes = v == 0 /* @ step.c is_paused [P2] */
    :: else
    fi
}

inline may_go_on()
{
    is_cancelled();
    is_paused();
    yes = over || !yes
}

inline progress()
{
    LOAD_SC(v, DUE); /* @ step.c report load_sc(due) [W2] */
    if
    :: v != 0
    :: else ->
        STORE_RLX(DUE, 1); /* @ step.c report store_rlx(due) */
        assert(!seen[RECORD]); /* C2 */
        seen[RECORD] = 1;
        port_try_push(RECORD);
        if
        :: yes
        :: else -> seen[RECORD] = 0; STORE_SC(DUE, 0) /* @ step.c report store_sc(due) */
        fi;
        port_wake()
    fi
}

inline more_done()
{
#if WATCHED
    atomic {
        ADD_SC(FIGURE, 1); /* @ step.c add_done add_sc(done) [W1] */
        figure++
    };
    progress()
#else
    skip
#endif
}

inline may_start()
{
    is_cancelled();
    if
    :: over
    :: else ->
        is_paused();
        if
        :: yes -> 
#if PAUSED >= 2
            /* control.c: under the lock before it looks */
            d_step { FREE(LOCK) && mem[LOCK] == 0; halted = true };
#endif
            PARK_UNTIL(PAUSING, may_go_on());
            assert(PAUSED < 2 || PAUSED > 3 || halted); /* C3 */
            is_cancelled()
        :: else
        fi
    fi;
    if
    :: over -> fate_move(QUEUED, OVER_BEFORE); yes = false
    :: else -> fate_move(QUEUED, RUNNING)
    fi;
    if
    :: yes -> ran++; more_done(); more_done(); fate_move(RUNNING, ENDED);
        if
        :: yes
        :: else -> fate_move(STOPPING, ENDED)
        fi
    :: else
    fi;
    assert(ran + cancelled_by <= 1) /* C1 */
}

bool halted; /* C3: the holder is among those that are woken */

inline control_wakes()
{
    d_step { FREE(LOCK) && mem[LOCK] == 0; yes = halted };
    if
    :: yes -> unpark(PAUSING)
    :: else
    fi
}

/* ---- the threads ---- */

#if !LINE && !LIVES
active proctype holder()
{
    byte v, w, id;
    bool yes, over;
    for (id : 1 .. JOBS) {
        if
        :: id == 1 -> may_start()
        :: else
        fi;
        d_step { inside++; pushed++ };
        port_try_push(id);
        if
        :: yes ->
#if HOLDERS == 2
            if
            :: id == JOBS ->
                STORE_RLX(WAKING, 1); /* @ io.c pass_baton store_rlx(waking) */
                d_step { inside-- }
                STORE_SC(BATON, 1);
                port_wake();
                STORE_REL(WAKING, 0) /* @ io.c pass_baton store_rel(waking) [waking] */
            :: else -> port_wake(); inside--
            fi
#else
            port_wake();
            inside--
#endif
        :: else ->
            assert(shut); /* D2 */
            inside--;
            own_push(id);
            unpark(OWN);
#if HOLDERS == 2
            if
            :: id == JOBS -> STORE_SC(BATON, 1)
            :: else
            fi
#endif
        fi
    }
#if ENDS
    STORE_SC(FINISHED, 1);
    unpark(OWN)
#else
#if HOLDERS != 2
    PARK_UNTIL(CONSUMER, ports_retired());
    ports_reap();
#endif
    assert(HOLDERS == 2 || released)
#endif
}

inline is_over()
{
    LOAD_SC(v, FINISHED);
    over = v;
    if
    :: over ->
        LOAD_SC(v, DONE); /* @ ring.c mhq_ring_is_all_back load_sc(done) [done] [P2] */
        over = v == JOBS
    :: else
    fi
}

inline is_back()
{
#if ENDS
    ADD_SC(DONE, 1);
    is_over();
    if
    :: over -> unpark(OWN)
    :: else
    fi
#else
    skip
#endif
}

/* Delivers one record. */
#define DELIVER(x)                                                         \
    if                                                                     \
    :: x == RECORD -> seen[RECORD] = 0;                                    \
        STORE_SC(DUE, 0);                                                  \
        LOAD_SC(last, FIGURE);                                             \
        last_seen = last                                                   \
    :: else ->                                                             \
        d_step {                                                           \
            assert(!seen[x] && x == delivered_last + 1); /* a list's end last */ \
            seen[x] = 1;                                                   \
            delivered_last = x;                                            \
            delivered++                                                    \
        };                                                                 \
        assert(!WATCHED || shut || x != 1 || last_seen == figure);         \
        port_drop();                                                       \
        is_back()                                                          \
    fi

/* What is linked behind v, first pushed first. */
#define TURN_ROUND                                                         \
    d_step {                                                               \
        n = 0;                                                             \
        do                                                                 \
        :: v != NONE && v != SHUT -> batch[n] = v; n++; v = mem[NEXT(v)]   \
        :: else -> break                                                   \
        od                                                                 \
    }

inline port_collect()
{
    LOAD_RLX(w, TOP); /* @ taker.c mhq_port_collect load_rlx(top) */
    v = NONE;
    do
    :: w == NONE || w == SHUT -> break
    :: else ->
        v = w;
        CAS_SC(yes, TOP, w, NONE); /* @ taker.c mhq_port_collect cas_sc(top) [run] */
        if
        :: yes -> break
        :: else -> v = NONE
        fi
    od;
    skip;
    TURN_ROUND
}

inline is_due()
{
    LOAD_SC(v, TOP);
    yes = v != NONE
}

inline rest()
{
    is_due();
    if
    :: yes -> ring_bell()
    :: else ->
        LOAD_ACQ(v, TAKER); /* @ taker.c put_bell_right load_acq(state) */
        if
        :: v == ARMED
        :: else ->
            hush_bell();
            STORE_SC(TAKER, ARMED); /* @ taker.c arm store_sc(state) [P1] */
            is_due(); /* @ taker.c arm [P2] */
            if
            :: yes ->
                SWAP_SC(v, TAKER, AWAKE); /* @ taker.c put_bell_right swap_sc(state) */
                ring_bell()
            :: else
            fi
        fi
    fi
}

inline hand_on()
{
    any = false;
    do
    :: n > 0 ->
        rec = batch[n - 1];
        batch[n - 1] = 0;
        n--;
        if
        :: rec == RECORD -> seen[RECORD] = 0; STORE_SC(DUE, 0) /* @ control.c mhq_progress_of store_sc(due) [due] [W1] */
        :: else -> own_push(rec); any = true
        fi
    :: else -> break
    od;
    if
    :: any -> unpark(OWN)
    :: else
    fi
}

active proctype taker()
{
    byte v, w, n, rec, last;
    byte batch[RECORD + 1];
    bool yes, over, any;
    do
    :: true ->
#if BELL
        rest();
        bell; /* poll */
#else
        PARK_UNTIL(TAKER, is_due());
#endif
        port_collect();
        do
        :: n > 0 ->
            rec = batch[n - 1];
            batch[n - 1] = 0;
            n--;
            DELIVER(rec)
        :: SHUTS && delivered > 0 && n > 0 -> break /* they are in hand */
        :: n == 0 -> break
        od;
        if
        :: delivered == JOBS || (SHUTS && delivered > 0) -> break
        :: else
        fi
    od;
    STORE_REL(REFUSES, 1); /* @ taker.c mhq_port_close store_rel(refuses) [refuses] */
    hand_on();
    do
    :: true ->
        LOAD_RLX(w, TOP); /* @ taker.c collect_or_shut load_rlx(top) */
        do
        :: true ->
            v = w;
            atomic {
                CAS_SC(yes, TOP, w, (v == NONE -> SHUT : NONE)); /* @ taker.c collect_or_shut cas_sc(top) [run] [W1] */
                shut = yes && v == NONE
            };
            if
            :: yes -> break
            :: else
            fi
        od;
        if
        :: shut -> break
        :: else -> TURN_ROUND; hand_on()
        fi
    od;
    port_drop()
}

inline own_is_due()
{
    LOAD_SC(v, OWN_TOP);
    yes = v != NONE
}

inline collectable()
{
    own_is_due();
    if
    :: yes
    :: else -> is_over(); yes = over
    fi
}

active proctype callback_thread()
{
    byte v, w, n, rec, last;
    byte batch[RECORD + 1];
    bool yes, over, is_last;
    do
#if ENDS
    :: true ->
        PARK_UNTIL(OWN, collectable());
        is_over();
        is_last = over;
#else
    :: SHUTS && mem[OWN_TOP] != NONE ->
#endif
        SWAP_ACQ(v, OWN_TOP, NONE);
        if
        :: v != NONE -> LOAD_ACQ(w, REFUSES); assert(w == 1) /* D2 */
        :: else
        fi;
        TURN_ROUND;
        do
        :: n > 0 ->
            rec = batch[n - 1];
            batch[n - 1] = 0;
            n--;
            DELIVER(rec)
        :: else -> break
        od;
#if ENDS
        if
        :: is_last -> break
        :: else
        fi
    od;
    assert(delivered == JOBS && mem[OWN_TOP] == NONE)
#else
    :: delivered == JOBS && shut -> break
    od
#endif
}

#if HOLDERS == 2
active proctype other()
{
    byte v, w;
    bool yes;
    mem[BATON] == 1;
    PARK_UNTIL(CONSUMER, ports_retired());
    ports_reap();
    assert(released)
}
#endif

#if CANCELS
active [CANCELS] proctype canceller()
{
    byte v, w;
    bool yes;
    atomic {
        fate_move(QUEUED, OVER_BEFORE);
        if
        :: yes -> cancelled_by++; assert(ran + cancelled_by <= 1) /* C1 */
        :: else
        fi
    };
    if
    :: yes -> unpark(PAUSING) /* @ submit.c mhq_cancel [W1] */
    :: else ->
        fate_move(RUNNING, STOPPING);
        if
        :: yes -> unpark(PAUSING)
        :: else
        fi
    fi
}
#endif

#if PAUSED
active proctype resumer()
{
    byte v;
    bool yes;
    if
    :: PAUSED == 1 ->
        STORE_SC(PAUSES, 1); /* @ engine.c mhq_resume store_sc(paused) [W1] */
        unpark(PAUSING)
    :: PAUSED == 2 ->
        STORE_SC(PAUSES, 1); /* @ control.c mhq_control_resume store_sc(paused) [W1] */
        control_wakes()
    :: PAUSED == 3 ->
        STORE_SC(CANCELLED, 1); /* @ control.c mhq_control_cancel store_sc(cancelled) [W1] */
        control_wakes()
    :: PAUSED == 5
    :: PAUSED == 4 ->
        OR_SC(CLOSES, 1); /* @ engine.c mhq_close [W1] */
        unpark(PAUSING)
    fi
}
#endif

#endif

#if LIVES
byte parts, released_engines;

/* It begins at 0, and goes down: the third one finds 254. */
active [3] proctype part()
{
    byte v;
    assert(!released_engines);
    parts++;
    SUB_AR(v, REFERENCES, 1); /* @ engine.c mhq_io_leave sub_ar(lives) [lives] */
    if
    :: v == 254 -> released_engines++; assert(parts == 3 && released_engines == 1) /* E5 */
    :: else
    fi
}
#endif

#if LINE
/* ---- intake.c: each caller has one job of one byte, and the budget is one ---- */

byte line[LINE + 1], lines; /* under LOCK: who is in it, the first first */
byte order[LINE + 1], orders, served; /* in which they came into it */
byte held, given, returned;

inline lock() { d_step { FREE(LOCK) && mem[LOCK] == 0; mem[LOCK] = 1 } }
inline unlock() { STORE_REL(LOCK, 0) }

inline fits()
{
    LOAD_SC(v, HELD); /* @ intake.c fits load_sc(held) [P2] */
    yes = v == 0
}

inline try_to_hold()
{
    LOAD_SC(w, HELD); /* @ intake.c try_to_hold load_sc(held) [P2] */
    do
    :: w != 0 -> yes = false; break
    :: else ->
        atomic {
            CAS_SC(yes, HELD, w, 1); /* @ intake.c try_to_hold cas_sc(held) */
            if
            :: yes -> held++; assert(held == 1); break /* Q1 */
            :: else
            fi
        }
    od
}

inline notify_first()
{
    if
    :: lines > 0 ->
        fits();
        if
        :: yes ->
            ADD_SC(EPOCH, 1); /* @ intake.c wake add_sc(epoch) */
            FUTEX_WAKE(EPOCH)
        :: else
        fi
    :: else
    fi
}

active [LINE] proctype caller()
{
    byte v, w, epoch;
    bool yes, in_line, has;
    do
    :: true ->
        yes = false;
        if
        :: !in_line ->
            LOAD_SC(v, WAITING); /* @ intake.c mhq_intake_take load_sc(waiting) */
            if
            :: v == 0 -> try_to_hold()
            :: else
            fi
        :: else
        fi;
        has = yes;
        assert(!has || in_line || v == 0); /* Q2 */
        if
        :: has -> break
        :: else
        fi;
        lock();
        if
        :: !in_line ->
            d_step { line[lines] = _pid + 1; lines++; order[orders] = _pid + 1; orders++; in_line = true }
            ADD_SC(WAITING, 1) /* @ intake.c append add_sc(waiting) [P1] */
        :: else
        fi;
        if
        :: line[0] == _pid + 1 -> try_to_hold(); has = yes
        :: else
        fi;
        if
        :: has ->
            d_step {
                assert(order[served] == _pid + 1); /* Q2 */
                served++;
                for (w : 0 .. LINE - 1) { line[w] = line[w + 1] }
                w = 0;
                lines--
            }
            SUB_SC(WAITING, 1); /* @ intake.c leave_line sub_sc(waiting) */
            notify_first()
        :: else
        fi;
        unlock();
        if
        :: has -> break
        :: else
        fi;
        LOAD_ACQ(epoch, EPOCH); /* @ intake.c mhq_intake_wait load_acq(epoch) */
        lock();
        yes = false;
        if
        :: line[0] == _pid + 1 -> fits()
        :: else
        fi;
        has = yes;
        unlock();
        if
        :: has -> has = false
        :: else -> FUTEX_WAIT(EPOCH, epoch)
        fi
    od;
    given++
}

active proctype deliverer()
{
    byte v;
    bool yes;
    do
    :: returned == LINE -> break
    :: given > returned ->
        returned++;
        atomic {
            SUB_SC(HELD, 1); /* @ intake.c mhq_intake_give_back sub_sc(held) [W1] */
            held--
        };
        LOAD_SC(v, WAITING); /* @ intake.c mhq_intake_give_back load_sc(waiting) [W2] */
        if
        :: v == 0
        :: else -> lock(); notify_first(); unlock()
        fi
    od
}
#endif

active proctype memory()
{
end:
    do
    LEAVES(0)
    LEAVES(1)
    LEAVES(2)
    LEAVES(3)
    LEAVES(4)
    LEAVES(5)
    od
}
