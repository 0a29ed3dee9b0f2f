/* core/taker.c - takers: what is due, how they wait for it, and how it comes back; see core/port.h for
 * the invariants D1 to D3.
 */
#include "core/engine.h"
#include "fs/handle.h"

#include <errno.h>
#include <string.h>

/* ---- the holder's side --------------------------------------------------------------------- */

int mhq_port_try_push(mhq_port *port, mhq_run *run)
{
    mhq_run *top = mhq_load_rlx(&port->top);
    do {
        if (top == MHQ_SHUT)
            return 0;
        run->next = top;
    } while (!mhq_cas_sc(&port->top, &top, run)); /* [run] released; [W1] */
    return 1;
}

mhq_port *mhq_port_push(mhq_port *port, mhq_run *run)
{
    if (mhq_port_try_push(port, run))
        return port;
    mhq_port *own = &port->engine->own; /* which is never closed */
    (void)mhq_port_try_push(own, run);
    return own;
}

int mhq_port_wake(mhq_port *port)
{
    if (mhq_load_sc(&port->taker.state) == MHQ_AWAKE) /* [W2] */
        return 0;
    switch (mhq_swap_sc(&port->taker.state, MHQ_AWAKE)) {
    case MHQ_PARKED:
        mhq_futex_wake(&port->taker.state, 1);
        return 1;
    case MHQ_ARMED:
        mhq_bell_ring(&port->bell);
        return 1;
    default:
        return 0;
    }
}

int mhq_ports_retired(mhq_engine *engine)
{
    return mhq_load_sc(&engine->retired) != NULL; /* [P2] */
}

static void release(mhq_engine *engine, mhq_port *port)
{
    if (mhq_load_rlx(&port->has_bell))
        mhq_bell_close(&port->bell);
    engine->config.calls->release_aligned(port);
}

static void unlist(mhq_engine *engine, const mhq_port *port)
{
    mhq_mutex_lock(&engine->ports_lock);
    mhq_port **at = &engine->ports;
    while (*at != port)
        at = &(*at)->next;
    *at = port->next;
    mhq_mutex_unlock(&engine->ports_lock);
}

void mhq_ports_reap(mhq_engine *engine)
{
    mhq_port *port = mhq_swap_acq(&engine->retired, NULL); /* [retired] */
    if (port == NULL)
        return;
    for (int i = 0; i < 2; i++)
        while (mhq_load_acq(&engine->io[i].waking)) /* [waking]: for the time of a wake-up */
            mhq_yield();
    for (mhq_port *next; port != NULL; port = next) {
        next = port->next_retired;
        unlist(engine, port);
        mhq_pool_reclaim(&engine->pool, &port->credit);
        release(engine, port);
    }
}

void mhq_ports_reclaim(mhq_engine *engine, const mhq_port *but)
{
    mhq_mutex_lock(&engine->ports_lock);
    for (mhq_port *port = engine->ports; port != NULL; port = port->next)
        if (port != but)
            mhq_pool_reclaim(&engine->pool, &port->credit);
    mhq_mutex_unlock(&engine->ports_lock);
    if (but != &engine->own)
        mhq_pool_reclaim(&engine->pool, &engine->own.credit);
}

int mhq_ports_returned(mhq_engine *engine)
{
    int yes = mhq_credit_ready(&engine->own.credit);
    mhq_mutex_lock(&engine->ports_lock);
    for (mhq_port *port = engine->ports; port != NULL && !yes; port = port->next)
        yes = mhq_credit_ready(&port->credit);
    mhq_mutex_unlock(&engine->ports_lock);
    return yes;
}

void mhq_ports_wake(mhq_engine *engine)
{
    mhq_mutex_lock(&engine->ports_lock);
    for (mhq_port *port = engine->ports; port != NULL; port = port->next)
        (void)mhq_port_wake(port);
    mhq_mutex_unlock(&engine->ports_lock);
}

void mhq_ports_release(mhq_engine *engine)
{
    for (mhq_port *port = engine->ports, *next; port != NULL; port = next) {
        next = port->next;
        release(engine, port);
    }
}

/* ---- opening and closing ------------------------------------------------------------------- */

void mhq_port_init(mhq_port *port, mhq_engine *engine)
{
    port->engine = engine;
    mhq_store_rlx(&port->references, 1);
}

int mhq_port_open(mhq_engine *engine, mhq_port **out)
{
    mhq_port *port = engine->config.calls->aligned(alignof(mhq_port), sizeof *port);
    if (port == NULL)
        return ENOMEM;
    memset(port, 0, sizeof *port);
    mhq_port_init(port, engine);
    mhq_engine_hold(engine);
    mhq_mutex_lock(&engine->ports_lock);
    port->next = engine->ports;
    engine->ports = port;
    mhq_mutex_unlock(&engine->ports_lock);
    *out = port;
    return 0;
}

void mhq_port_hold(mhq_port *port)
{
    mhq_add_rlx(&port->references, 1);
}

void mhq_port_drop(mhq_port *port)
{
    if (mhq_sub_ar(&port->references, 1) != 1)
        return;
    mhq_engine *engine = port->engine;
    port->next_retired = mhq_load_rlx(&engine->retired);
    while (!mhq_cas_sc(&engine->retired, &port->next_retired, port)) /* [retired]; [W1] */
        continue;
    mhq_unpark(&engine->ring.consumer);
    mhq_engine_drop(engine);
}

int mhq_port_is_closed(const mhq_port *port)
{
    return mhq_load_acq(&port->refuses) != 0; /* [refuses] */
}

uint64_t mhq_port_pending(const mhq_port *port)
{
    return mhq_load_acq(&port->pending);
}

void mhq_port_nudge(mhq_port *port)
{
    mhq_store_sc(&port->nudged, 1); /* [W1] */
    (void)mhq_port_wake(port);
}

/* In order; progress is not reported any more. */
static void hand_on(mhq_engine *engine, mhq_run *run)
{
    int any = 0;
    for (mhq_run *next; run != NULL; run = next) {
        next = run->next;
        if (run->progress) {
            (void)mhq_progress_of(run);
            continue;
        }
        (void)mhq_port_try_push(&engine->own, run);
        any = 1;
    }
    if (any)
        (void)mhq_port_wake(&engine->own);
}

/* What is due, or NULL: nothing is, and the stack is closed. */
static mhq_run *collect_or_shut(mhq_port *port)
{
    mhq_run *due = mhq_load_rlx(&port->top);
    while (due != MHQ_SHUT && !mhq_cas_sc(&port->top, &due, due == NULL ? MHQ_SHUT : NULL)) /* [run]; [W1] */
        continue;
    return due == MHQ_SHUT ? NULL : mhq_turned_round(due);
}

uint64_t mhq_port_close(mhq_port *port, mhq_run *in_hand)
{
    mhq_store_rel(&port->refuses, 1); /* [refuses] */
    hand_on(port->engine, in_hand);
    for (mhq_run *due; (due = collect_or_shut(port)) != NULL;)
        hand_on(port->engine, due);
    mhq_port_announce(port);
    (void)mhq_port_wake(port);
    return mhq_port_pending(port);
}

/* ---- waiting and taking -------------------------------------------------------------------- */

static int is_due(mhq_port *port)
{
    return mhq_done_ready(port) || mhq_load_sc(&port->nudged); /* [P2] */
}

static int has_come(void *what)
{
    mhq_port *port = what;
    return is_due(port) || mhq_load_sc(&port->engine->finished); /* [P2] */
}

void mhq_port_announce(mhq_port *port)
{
    mhq_engine *engine = port->engine;
    /* While the holder is at work more is to come back, and it announces the rest before it waits. */
    if (mhq_ring_unannounced(&engine->ring)
        && (mhq_is_parked(&engine->ring.consumer) || mhq_is_parked(&engine->delivery)
            || mhq_is_parked(&engine->pausing)))
        mhq_io_announce(engine);
    if (mhq_load_rlx(&port->credit.unannounced)) {
        mhq_store_rlx(&port->credit.unannounced, 0);
        if (mhq_unpark(&engine->delivery))
            mhq_add_rlx(&engine->caller_wakes, 1);
    }
}

int mhq_port_wait(mhq_port *port, int64_t timeout_ns)
{
    if (!has_come(port))
        mhq_port_announce(port);
    return mhq_park_until(&port->taker, port->engine->spin_ns, timeout_ns, has_come, port);
}

int mhq_port_linger(mhq_port *port, int64_t ns)
{
    if (has_come(port))
        return 1;
    mhq_port_announce(port);
    if (port->engine->spin_ns == 0 || ns <= 0)
        return 0;
    if (port->taker.crowded) {
        port->taker.crowded--;
        return 0;
    }
    return mhq_spin(&port->taker, mhq_now(), (uint64_t)ns, has_come, port);
}

mhq_run *mhq_port_collect(mhq_port *port)
{
    if (mhq_load_rlx(&port->nudged))
        mhq_store_sc(&port->nudged, 0);
    mhq_run *run = mhq_load_rlx(&port->top);
    do
        if (run == NULL || run == MHQ_SHUT)
            return NULL;
    while (!mhq_cas_sc(&port->top, &run, NULL)); /* [run] acquired */
    return mhq_turned_round(run);
}

/* 1: armed, and nothing has come since. */
static int arm(mhq_port *port)
{
    mhq_bell_hush(&port->bell);
    mhq_store_sc(&port->taker.state, MHQ_ARMED); /* [P1] */
    return !is_due(port);                        /* [P2] */
}

static void put_bell_right(mhq_port *port, int in_hand)
{
    uint32_t state = mhq_load_acq(&port->taker.state);
    if (!in_hand && !is_due(port) && (state == MHQ_ARMED || arm(port)))
        return;
    (void)mhq_swap_sc(&port->taker.state, MHQ_AWAKE);
    mhq_bell_ring(&port->bell);
}

void mhq_port_rest(mhq_port *port, int in_hand)
{
    mhq_port_announce(port);
    if (mhq_load_rlx(&port->has_bell))
        put_bell_right(port, in_hand);
}

int mhq_port_descriptor(mhq_port *port, int in_hand, intptr_t *descriptor)
{
    if (!mhq_load_rlx(&port->has_bell)) {
        int error = port->engine->config.calls->bell_open(&port->bell);
        if (error)
            return error;
        mhq_store_rel(&port->has_bell, 1); /* the holder rings only what was armed since */
        put_bell_right(port, in_hand);
    }
    *descriptor = port->bell.ear;
    return 0;
}

/* ---- the engine's own port ----------------------------------------------------------------- */

/* `closing` is read before the tail, whose cache line is the producers'. */
static int is_quiet(mhq_engine *engine)
{
    return mhq_load_sc(&engine->closing) && mhq_ring_is_quiet(&engine->ring); /* [P2] */
}

/* Nothing can come any more, of ports that are still to be closed either. */
static int is_over(mhq_engine *engine)
{
    return mhq_load_sc(&engine->finished) && mhq_ring_is_all_back(&engine->ring); /* [P2] */
}

static int collectable(void *what)
{
    mhq_engine *engine = what;
    return mhq_done_ready(&engine->own) || is_over(engine) || is_quiet(engine);
}

int mhq_wait_done(mhq_engine *engine, int64_t timeout_ns)
{
    if (!collectable(engine))
        mhq_port_announce(&engine->own);
    return mhq_park_until(&engine->own.taker, engine->spin_ns, timeout_ns, collectable, engine);
}

mhq_run *mhq_collect(mhq_engine *engine)
{
    for (;;) {
        mhq_wait_done(engine, -1);
        int over = is_over(engine);
        mhq_run *run = mhq_done_take(&engine->own);
        if (run != NULL)
            return run;
        if (over)
            break;
        mhq_ring_close_if_quiet(&engine->ring); /* what else the wait can have ended for */
    }
    mhq_engine_join(engine);
    return NULL;
}

/* ---- coming back --------------------------------------------------------------------------- */

/* Its place in the ring. */
static inline void place_is_back(mhq_engine *engine, const mhq_job *job)
{
    if (mhq_ring_return(&engine->ring)) { /* [W1] of the callback thread's wait */
        mhq_add_rlx(&engine->caller_wakes, 1);
        mhq_park_make_way(&mhq_port_of(engine, job)->taker);
    }
}

/* A job that has bytes of the budget or is watched. Where another thread than the callback thread
 * delivers it, that one may be waiting for it. */
static MHQ_APART void marked_one_is_back(mhq_engine *engine, mhq_job *job)
{
    if (job->marks & MHQ_BYTES_HELD)
        mhq_intake_give_back(&engine->intake, job);
    if (job->port != NULL)
        mhq_sub_sc(&job->port->pending, 1);
    place_is_back(engine, job);
    if (job->port != NULL && (is_quiet(engine) || is_over(engine)))
        mhq_unpark(&engine->own.taker); /* which closes, or ends */
}

static void drop_result(mhq_engine *engine, mhq_run *run)
{
    if (run->holds == MHQ_HOLDS_BLOCK)
        mhq_block_return(&engine->blocks, run->buffer);
    else if (run->holds == MHQ_HOLDS_HANDLE)
        mhq_handle_drop((mhq_handle *)run->buffer);
    else
        engine->config.calls->release(run->buffer);
    run->buffer = NULL;
}

static void announce_delivery(mhq_engine *engine)
{
    if (mhq_unpark(&engine->delivery))
        mhq_add_rlx(&engine->caller_wakes, 1);
}

int mhq_delivered(mhq_engine *engine, mhq_run *run)
{
    mhq_job *job = run->job;
    if (run->buffer != NULL)
        drop_result(engine, run);
    if (run->charged) {
        mhq_sub_sc(&engine->undelivered, run->charged); /* [W1] of the wait for deliveries */
        run->charged = 0;
        announce_delivery(engine);
    }
    if (run != &job->run) {
        mhq_port *port = mhq_port_of(engine, job);
        /* The taker of a closed port's records is the engine's own, which rests without a look at that
         * port. */
        if (mhq_credit_give_back(&port->credit, run) || (job->port != NULL && mhq_port_is_closed(port)))
            announce_delivery(engine);
        return 0;
    }
    if (job->marks == 0)
        place_is_back(engine, job);
    else
        marked_one_is_back(engine, job);
    return 1;
}

void mhq_stop(mhq_engine *engine)
{
    mhq_store_rel(&engine->stopped, 1);
    mhq_futex_wake(&engine->stopped, 1 << 30);
}

int mhq_wait_stopped(mhq_engine *engine, int64_t timeout_ns)
{
    if (!mhq_load_acq(&engine->stopped) && timeout_ns != 0)
        mhq_futex_wait(&engine->stopped, 0, timeout_ns);
    return mhq_load_acq(&engine->stopped) != 0;
}

char *mhq_take_leftover(mhq_engine *engine)
{
    return mhq_leftover_take(&engine->leftovers);
}
