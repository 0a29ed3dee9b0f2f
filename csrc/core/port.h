/* core/port.h - a port: where the completions of its jobs wait for the one thread that delivers them.
 *
 * Its heart is the done stack, linked through the run records themselves: a push cannot fail and does not
 * allocate. The taker takes everything at once and turns it round, so it sees completions in the order
 * in which they were pushed. An engine has a port of its own, whose taker is the callback thread;
 * others are opened by threads that deliver in their own main loop. Those may wait in three ways, one
 * word says which (`taker.state`):
 *
 *   AWAKE    the taker delivers, or polls: a push wakes nothing
 *   PARKED   it sleeps on the word (core/park.h)
 *   ARMED    it sleeps in a select of its own: the bell is rung
 *
 * The bell. When the taker stops delivering (mhq_port_rest) and nothing is due, it hushes the bell, arms,
 * and looks again: it stores the state and then looks at the stack, as the holder pushes and then
 * looks at the state; all four are seq_cst, as in core/park.h [P1] [P2] [W1] [W2]. Where something
 * is due it rings itself. So the bell rings while something is due, and once in a while with nothing.
 * The holder rings at most once for each time the taker has armed: once a batch.
 *
 * Closing hands on what is due to the engine's own port, and puts a mark into the stack once that is empty:
 * from then on what is pushed goes to the engine's own port, too. In this order, for a list's end must not
 * be delivered before its other records: with it the job is its owner's again.
 *
 * Lifetime. The opener, each job that names the port, and nothing else have references; but the holder
 * reads the port after its push, when the record may have been taken, delivered and released, and the
 * port, too. So with the last reference a port is retired, and the holder itself releases it where it
 * touches no port; `waking` shows whether the other I/O thread still does.
 *
 * Invariants:
 *  D1  Records are pushed by the holder, and by the thread that closes a port onto the engine's own; all
 *      are taken at once, by the port's one taker: so a record cannot leave and come back between a
 *      load and its compare-and-swap in a way that matters (no ABA): a push that succeeds has linked
 *      to what is the top then.
 *  D2  A stack that is closed stays closed: `top` is the mark for good. `refuses` is set before anything is
 *      handed on, so that a taker of the engine's own port finds the port of such a record closed.
 *  D3  The holder alone releases ports, and only while neither I/O thread touches any.
 */
#ifndef MHQ_CORE_PORT_H
#define MHQ_CORE_PORT_H

#include "core/list.h"
#include "core/park.h"
#include "mhq.h"

enum { MHQ_ARMED = 2 };

/* The mark of a closed stack: no record. */
#define MHQ_SHUT ((mhq_run *)(uintptr_t)1)

struct mhq_port {
    alignas(MHQ_CACHE_LINE) _Atomic(mhq_run *) top;
    mhq_parker taker;             /* the taker waiting for completions */
    mhq_credit credit;
    mhq_engine *engine;
    mhq_bell bell;                /* the taker makes it; */
    _Atomic uint32_t has_bell;    /* set after it was made */
    _Atomic uint32_t nudged;      /* its wait is to end */
    _Atomic uint32_t refuses;     /* it is closed, or being closed; D2 */
    alignas(MHQ_CACHE_LINE) _Atomic uint64_t pending; /* jobs accepted and not yet delivered */
    _Atomic uint64_t references;
    struct mhq_port *next;        /* of the engine's ports, under its lock */
    struct mhq_port *next_retired;
};

/* The baton holder, on the engine's own port. Publishes; does not wake. */
static inline void mhq_done_push(mhq_port *port, mhq_run *run)
{
    mhq_run *top = mhq_load_rlx(&port->top);
    do
        run->next = top;
    while (!mhq_cas_sc(&port->top, &top, run)); /* [run] released; [W1] */
}

/* The taker. [P2] */
static inline int mhq_done_ready(mhq_port *port)
{
    return mhq_load_sc(&port->top) != NULL;
}

static inline mhq_run *mhq_turned_round(mhq_run *run)
{
    mhq_run *first = NULL;
    while (run != NULL) {
        mhq_run *next = run->next;
        run->next = first;
        first = run;
        run = next;
    }
    return first;
}

/* The callback thread, from the engine's own port: everything that is ready, first pushed first, or
 * NULL. */
static inline mhq_run *mhq_done_take(mhq_port *port)
{
    return mhq_turned_round(mhq_swap_acq(&port->top, NULL)); /* [run] acquired */
}

/* The engine's own port, and the others. The memory is zeroed. */
void mhq_port_init(mhq_port *port, mhq_engine *engine);

/* The holder. 1: pushed; 0: the port is closed. */
int mhq_port_try_push(mhq_port *port, mhq_run *run);
/* The holder: pushes onto any port, or, where that is closed, onto the engine's own. Returns the one that
 * it went to, which is to be woken. */
mhq_port *mhq_port_push(mhq_port *port, mhq_run *run);
/* The holder, after a push: wakes the taker if it waits. 1: a wake-up was paid for. */
int mhq_port_wake(mhq_port *port);
/* The taker, which has nothing to deliver: what it gave back is announced to those that wait. */
void mhq_port_announce(mhq_port *port);
/* The holder, where it touches no port: releases those that are retired. */
void mhq_ports_reap(mhq_engine *engine);
/* The holder: is there one to be released? [P2] of the wait for work. */
int mhq_ports_retired(mhq_engine *engine);
/* The holder, which has found no record for a list of this port: what other ports do not use goes back
 * to the pool. */
void mhq_ports_reclaim(mhq_engine *engine, const mhq_port *but);
/* The holder: has a record come back to any port? */
int mhq_ports_returned(mhq_engine *engine);
/* The last thing an I/O thread does with ports: all that wait find the engine ended. */
void mhq_ports_wake(mhq_engine *engine);
/* When no thread uses the engine any more. */
void mhq_ports_release(mhq_engine *engine);

#endif
