/* core/engine.h - an engine from inside: what its two I/O threads, its callers and its takers share.
 * Only the files of core/ include it.
 *
 *   engine.c    opening, references, the end, pausing, counters
 *   io.c        the I/O threads
 *   step.c      whether an operation may start, and how it is stopped, held and watched while it runs
 *   submit.c    callers: jobs, and the way into the ring
 *   taker.c     takers: ports, and the way out
 *
 * Invariants:
 *  E1  Only the baton holder pops, runs and publishes: operation n+1 starts after n has ended.
 *  E2  A completion is published before the next operation's first system call.
 *  E3  Before the holder enters a system call or waits, a parked taker whose port has something due has
 *      been woken, or another thread, awake, is about to do it: the other I/O thread, which has just
 *      passed the baton, or the one that closes the engine when it is quiet.
 *  E4  `undelivered` is raised by the baton holder alone, so a charge that fitted when it was
 *      checked still fits when it is made.
 *  E5  The memory goes with the last of `lives`: one is that of all references together, one is each I/O
 *      thread's. An I/O thread that has the last one joins the other and detaches itself.
 */
#ifndef MHQ_CORE_ENGINE_H
#define MHQ_CORE_ENGINE_H

#include "core/ahead.h"
#include "core/baton.h"
#include "core/control.h"
#include "core/fate.h"
#include "core/intake.h"
#include "core/leftover.h"
#include "core/list.h"
#include "core/port.h"
#include "core/ring.h"
#include "core/turn.h"
#include "fs/block.h"
#include "fs/fs.h"
#include "mhq.h"
#include "sys/calls.h"

typedef struct mhq_io {
    alignas(MHQ_CACHE_LINE) mhq_engine *engine;
    uint32_t me;              /* 0 or 1 */
    mhq_thread thread;
    char name[16];            /* as much as Linux takes */
    mhq_fs fs;
    mhq_turn turn;            /* the present one */
    mhq_job *job;             /* the present one, where it has a fate or a share */
    mhq_fate *fate;           /* of the present operation, or NULL */
    int total_reported;       /* by the present operation */
    uint64_t done;            /* by the present operation, in all */
    uint32_t crowded;         /* large results before which it does not yield */
    /* counters: written by this thread alone */
    _Atomic uint64_t operations, failed, cancelled, skipped, bytes_read, bytes_written, retries;
    _Atomic uint64_t trades, wakes;
    _Atomic uint32_t waking;  /* it has passed the baton, and still touches a port */
} mhq_io;

struct mhq_engine {
    mhq_ring ring;
    mhq_port own;              /* the callback thread's */
    mhq_baton baton;
    mhq_pool pool;
    mhq_blocks blocks;
    mhq_intake intake;
    mhq_parker delivery;       /* the holder waiting for takers */
    mhq_parker pausing;        /* the holder waiting for the end of a pause */
    alignas(MHQ_CACHE_LINE) mhq_ahead ahead; /* the holder's: what comes next */
    /* From here on a cache line for each that writes. A word that one thread writes for each
     * operation, on a line that another looks at in a spin, costs as much as a system call. */
    alignas(MHQ_CACHE_LINE) mhq_config config; /* hardly ever written, as what follows */
    uint64_t spin_ns;
    _Atomic uint32_t paused;
    _Atomic uint32_t finished; /* the I/O threads have nothing more to publish */
    _Atomic uint32_t closing;  /* the callback thread closes the ring once all is quiet, R5 */
    _Atomic uint32_t stopped;  /* futex: the callback thread has delivered everything */
    _Atomic uint32_t references, lives;
    mhq_leftovers leftovers;
    mhq_mutex ports_lock;
    mhq_port *ports;           /* all that are not released, but its own */
    _Atomic(mhq_port *) retired;
    int joined;                /* the callback thread's */
    alignas(MHQ_CACHE_LINE) _Atomic uint64_t undelivered; /* E4; the holder, takers */
    alignas(MHQ_CACHE_LINE) _Atomic uint32_t at_disk; /* the holder: 1 + its number, or 0 */
    _Atomic(const mhq_op *) running; /* the holder: what it is at, or NULL; for reports */
    _Atomic uint64_t overlaps;
    alignas(MHQ_CACHE_LINE) _Atomic uint64_t high_water; /* producers */
    _Atomic uint64_t list_operations, lists, caller_wakes;
    mhq_io io[2];
};

static inline mhq_port *mhq_port_of(mhq_engine *engine, const mhq_job *job)
{
    return job->port != NULL ? job->port : &engine->own;
}

/* ---- io.c ---- */

/* An I/O thread's body; `argument`: its mhq_io. */
void *mhq_io_main(void *argument);
int mhq_io_init(mhq_io *io, mhq_engine *engine, uint32_t me);
void mhq_io_fini(mhq_io *io);
/* The holder: wakes the port's taker if it waits. */
static inline void mhq_io_wake(mhq_io *io, mhq_port *port)
{
    if (port == &io->engine->own ? mhq_unpark(&port->taker) : mhq_port_wake(port))
        mhq_bump(&io->wakes, 1);
}
/* The holder, before it waits for others: what has come back and was not announced is. */
void mhq_io_announce(mhq_engine *engine);

/* ---- engine.c ---- */

/* The callback thread, or the last one that uses the engine: until the I/O threads have ended. */
void mhq_engine_join(mhq_engine *engine);
/* An I/O thread at its end: gives up its life. The engine may be gone then. */
void mhq_io_leave(mhq_io *io);

/* ---- step.c ---- */

/* The holder, before an operation of a job that has a fate or a share, or while the engine is paused:
 * waits while it is paused. 1: it has started; 0: it must not run, and run->error has the reason. */
int mhq_may_start(mhq_io *io, mhq_job *job, mhq_fate *fate, const mhq_op *op, mhq_run *run);
/* The holder, after an operation that mhq_may_start was asked for and that has an outcome: its fate
 * and its control's figures. */
void mhq_has_ended(mhq_io *io, mhq_job *job, mhq_fate *fate);
/* For mhq_fs: see fs/fs.h. */
int mhq_on_step(void *context, uint64_t done);
void mhq_on_total(void *context, uint64_t total);

#endif
