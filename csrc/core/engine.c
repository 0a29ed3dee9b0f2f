/* core/engine.c - two I/O threads that take turns, and everything they share.
 *
 * The baton holder pops a job, runs its operations, publishes each completion before the next
 * system call. Her sister sleeps, or keeps house: she wakes the callback thread and hints the
 * kernel at what comes next. They trade when the holder has worked for a slice of time, or has run
 * one long operation, and there is more to do; so a lone small operation costs nobody a second
 * wake-up, and under long ones they alternate every time.
 *
 * Invariants:
 *  E1  Only the baton holder pops, runs and publishes: operation n+1 starts after n has ended.
 *  E2  A completion is published before the next operation's first system call.
 *  E3  Before the holder enters a system call or waits, a parked callback thread has been woken,
 *      or another thread, awake, is about to do it: the other I/O thread, which has just passed the
 *      baton, or the one that closes the engine when it is quiet.
 *  E4  `undelivered` is raised by the baton holder alone, so a charge that fitted when it was
 *      checked still fits when it is made.
 */
#include <errno.h>
#include <string.h>

#include "core/baton.h"
#include "fs/block.h"
#include "sys/calls.h"
#include "core/done.h"
#include "fs/fs.h"
#include "hint/hint.h"
#include "core/leftover.h"
#include "mhq.h"
#include "core/ring.h"
#include "core/turn.h"
#include "core/list.h"

/* So many undelivered bytes fit into a cache. With each as many more the holder yields once: if the
 * callback thread is behind because it shares her processor, it catches up; if others want the
 * processor, little is lost. */
#define PILE_BYTES UINT64_C(4194304)

typedef struct mhq_io {
    alignas(MHQ_CACHE_LINE) mhq_engine *engine;
    uint32_t me;              /* 0 or 1 */
    mhq_thread thread;
    mhq_fs fs;
    mhq_hints hints;
    mhq_turn turn;            /* the present one */
    /* counters: written by this thread alone */
    _Atomic uint64_t operations, failed, bytes_read, bytes_written, retries, trades, wakes;
} mhq_io;

struct mhq_engine {
    mhq_ring ring;
    mhq_done done;
    mhq_baton baton;
    mhq_pool pool;
    mhq_blocks blocks;
    mhq_parker delivery;       /* the holder waiting for the callback thread */
    /* From here on a cache line for each that writes. A word that one thread writes for each
     * operation, on a line that another looks at in a spin, costs as much as a system call. */
    alignas(MHQ_CACHE_LINE) mhq_config config; /* nobody: or hardly ever */
    uint64_t spin_ns;
    _Atomic uint32_t finished; /* the I/O threads have nothing more to publish */
    _Atomic uint32_t closing;  /* the callback thread closes the ring once all is quiet, R5 */
    _Atomic uint32_t stopped;  /* futex: the callback thread has delivered everything */
    mhq_left_behinds left;
    int joined;                /* the callback thread's */
    alignas(MHQ_CACHE_LINE) _Atomic uint64_t undelivered; /* E4; the holder, the callback thread */
    alignas(MHQ_CACHE_LINE) _Atomic uint32_t at_disk; /* the holder: 1 + her number, or 0 */
    _Atomic(const mhq_op *) running; /* the holder: what it is at, or NULL; for reports */
    _Atomic uint64_t overlaps;
    alignas(MHQ_CACHE_LINE) _Atomic uint64_t high_water; /* producers */
    _Atomic uint64_t list_operations, lists, caller_wakes;
    mhq_io io[2];
};

/* ---- the I/O threads ---------------------------------------------------------------------- */

static void wake_callback_thread(mhq_io *io)
{
    if (mhq_unpark(&io->engine->done.consumer))
        mhq_bump(&io->wakes, 1);
}

/* The holder waits until the callback thread has delivered enough. */
static void wait_for_delivery(mhq_io *io, int (*enough)(void *), void *what)
{
    wake_callback_thread(io); /* E3 */
    mhq_park_until(&io->engine->delivery, io->engine->spin_ns, -1, enough, what);
}

struct charge {
    mhq_engine *engine;
    const mhq_run *run;
    size_t more;
};

static int charge_fits(void *what)
{
    const struct charge *charge = what;
    uint64_t undelivered = mhq_load_sc(&charge->engine->undelivered); /* [P2] */
    /* One that is larger than the budget runs alone. */
    return undelivered == charge->run->charged
           || undelivered + charge->more <= charge->engine->config.buffer_bytes;
}

static void on_charge(void *who, mhq_run *run, size_t more)
{
    mhq_io *io = who;
    mhq_engine *engine = io->engine;
    struct charge charge = {engine, run, more};
    if (!charge_fits(&charge))
        wait_for_delivery(io, charge_fits, &charge);
    uint64_t before = mhq_add_sc(&engine->undelivered, more);
    run->charged += more;
    if (before / PILE_BYTES < (before + more) / PILE_BYTES && before > 0)
        mhq_yield();
}

static void on_lengthy(void *who)
{
    ((mhq_io *)who)->turn.lengthy = 1;
}

static void on_left_behind(void *who, const char *path)
{
    mhq_engine *engine = ((mhq_io *)who)->engine;
    mhq_left_behind_push(&engine->left, path, engine->config.calls);
}

static void run_one(mhq_io *io, const mhq_op *op, mhq_run *run)
{
    mhq_engine *engine = io->engine;
    run->op = op;
    if (mhq_swap_ar(&engine->at_disk, io->me + 1) != 0)
        mhq_add_rlx(&engine->overlaps, 1);
    mhq_store_rel(&engine->running, op); /* [running] */
    mhq_fs_run(&io->fs, op, run);
    mhq_store_rlx(&engine->running, NULL); /* before the record's publication, so before its end */
    mhq_store_rel(&engine->at_disk, 0);

    mhq_bump(&io->operations, 1);
    if (run->error)
        mhq_bump(&io->failed, 1);
    if (io->fs.bytes_read | io->fs.bytes_written | io->fs.retries) {
        mhq_bump(&io->bytes_read, io->fs.bytes_read);
        mhq_bump(&io->bytes_written, io->fs.bytes_written);
        mhq_bump(&io->retries, io->fs.retries);
        io->fs.bytes_read = io->fs.bytes_written = io->fs.retries = 0;
    }
}

static int record_returned(void *pool)
{
    return mhq_pool_ready(pool); /* [P2] */
}

static void run_list(mhq_io *io, mhq_job *job)
{
    mhq_engine *engine = io->engine;
    const mhq_op *op;
    while ((op = mhq_walk_next(job->walk)) != NULL) {
        mhq_run *run = mhq_pool_take(&engine->pool, job);
        if (run == NULL) {
            wait_for_delivery(io, record_returned, &engine->pool);
            run = mhq_pool_take(&engine->pool, job);
        }
        run_one(io, op, run);
        mhq_done_push(&engine->done, run); /* E2 */
        wake_callback_thread(io);          /* E3 */
    }
    io->turn.lengthy = 1; /* worth a look at the clock, however short each was */
}

static int has_work_or_ended(void *what)
{
    mhq_ring *ring = what;
    return mhq_ring_ready(ring) || mhq_ring_drained(ring); /* [P2] */
}

/* The holder has nothing to run. 1: there is work; 0: there never will be. */
static int wait_for_work(mhq_io *io)
{
    mhq_ring *ring = &io->engine->ring;
    mhq_park_until(&ring->consumer, io->engine->spin_ns, -1, has_work_or_ended, ring);
    return mhq_ring_ready(ring);
}

/* One turn with the baton. 1: pass it on; 0: the queue has drained for good. */
static int take_turn(mhq_io *io)
{
    mhq_engine *engine = io->engine;
    mhq_turn_begin(&io->turn);
    for (;;) {
        mhq_job *job = mhq_ring_pop(&engine->ring);
        if (job == NULL) {
            uint64_t idle = mhq_now();
            if (!wait_for_work(io))
                return 0;
            mhq_turn_idle(&io->turn, mhq_now() - idle);
            continue;
        }
        mhq_ring_prefetch(&engine->ring); /* comes while the system works on this one */
        if (job->walk != NULL)
            run_list(io, job);
        else if (job->op != NULL)
            run_one(io, job->op, &job->run);
        int trade = mhq_turn_is_over(&io->turn, &engine->done.consumer)
                    && !mhq_baton_sister_away(&engine->baton, io->me)
                    && mhq_ring_ready(&engine->ring);
        mhq_done_push(&engine->done, &job->run); /* E2; the job is not ours from here on */
        if (trade)
            return 1;
        wake_callback_thread(io); /* E3 */
    }
}

static void *io_main(void *argument)
{
    mhq_io *io = argument;
    mhq_engine *engine = io->engine;
    while (mhq_baton_wait(&engine->baton, io->me)) {
        if (!take_turn(io)) {
            mhq_store_sc(&engine->finished, 1); /* [W1] of the callback thread's wait */
            mhq_baton_finish(&engine->baton, io->me);
            wake_callback_thread(io);
            break;
        }
        /* What comes next is copied while the ring's end is still ours. */
        io->fs.asks = mhq_hints_spare(&io->hints, io->fs.device);
        int hints = !io->fs.asks && mhq_hints_copy(&io->hints, &engine->ring);
        mhq_baton_away(&engine->baton, io->me, (uint32_t)hints);
        mhq_bump(&io->trades, 1);
        if (mhq_baton_pass(&engine->baton, io->me))
            mhq_bump(&io->wakes, 1);
        wake_callback_thread(io); /* E3 */
        if (hints) {
            mhq_hints_give(&io->hints);
            mhq_baton_away(&engine->baton, io->me, 0);
        }
    }
    return NULL;
}

/* ---- opening and freeing ------------------------------------------------------------------ */

static int io_init(mhq_io *io, mhq_engine *engine, uint32_t me)
{
    const mhq_config *config = &engine->config;
    io->engine = engine;
    io->me = me;
    mhq_turn_init(&io->turn);
    int error = mhq_fs_init(&io->fs, config->calls);
    if (error)
        return error;
    io->fs.blocks = &engine->blocks;
    io->fs.head = config->head;
    io->fs.tail = config->tail;
    io->fs.charge = on_charge;
    io->fs.lengthy = on_lengthy;
    io->fs.report_leftover = on_left_behind;
    io->fs.who = io;
    error = mhq_hints_init(&io->hints, config->lookahead, config->calls);
    if (error)
        mhq_fs_fini(&io->fs);
    return error;
}

static void io_fini(mhq_io *io)
{
    mhq_hints_fini(&io->hints, io->fs.sys);
    mhq_fs_fini(&io->fs);
}

static void join(mhq_engine *engine)
{
    if (!engine->joined) {
        mhq_thread_join(engine->io[0].thread);
        mhq_thread_join(engine->io[1].thread);
        engine->joined = 1;
    }
}

static int start(mhq_engine *engine)
{
    const mhq_calls *sys = engine->config.calls;
    int error = sys->thread_start(&engine->io[0].thread, io_main, &engine->io[0], "mhddq-io-0");
    if (error)
        return error;
    error = sys->thread_start(&engine->io[1].thread, io_main, &engine->io[1], "mhddq-io-1");
    if (error) {
        mhq_ring_close(&engine->ring);
        mhq_thread_join(engine->io[0].thread);
    }
    return error;
}

int mhq_engine_open(const mhq_config *config, mhq_engine **out)
{
    const mhq_calls *sys = config->calls ? config->calls : &mhq_calls_real;
    /* The ring's counters stand on cache lines of their own. */
    mhq_engine *engine = sys->aligned(alignof(mhq_engine), sizeof *engine);
    if (engine == NULL)
        return ENOMEM;
    memset(engine, 0, sizeof *engine);
    engine->config = *config;
    engine->config.calls = sys;
    if (mhq_processors() > 1) /* else nobody could do what the spinner waits for */
        engine->spin_ns = (uint64_t)config->spin_us * 1000;
    int error = mhq_ring_init(&engine->ring, config->ring_size, sys);
    if (error)
        goto no_ring;
    if ((error = mhq_pool_init(&engine->pool, sys)) != 0)
        goto no_pool;
    if ((error = io_init(&engine->io[0], engine, 0)) != 0)
        goto no_io_0;
    if ((error = io_init(&engine->io[1], engine, 1)) != 0)
        goto no_io_1;
    if ((error = start(engine)) != 0)
        goto no_threads;
    *out = engine;
    return 0;
no_threads:
    io_fini(&engine->io[1]);
no_io_1:
    io_fini(&engine->io[0]);
no_io_0:
    mhq_pool_fini(&engine->pool, sys);
no_pool:
    mhq_ring_fini(&engine->ring, sys);
no_ring:
    sys->release_aligned(engine);
    return error;
}

void mhq_engine_free(mhq_engine *engine)
{
    mhq_close(engine);
    join(engine);
    const mhq_calls *sys = engine->config.calls;
    char *path;
    while ((path = mhq_take_left_behind(engine)) != NULL)
        sys->release(path);
    io_fini(&engine->io[1]);
    io_fini(&engine->io[0]);
    mhq_blocks_fini(&engine->blocks, sys);
    mhq_pool_fini(&engine->pool, sys);
    mhq_ring_fini(&engine->ring, sys);
    sys->release_aligned(engine);
}

/* ---- callers ------------------------------------------------------------------------------ */

void mhq_job_init(mhq_job *job, const mhq_op *op)
{
    *job = (mhq_job){.op = op, .run = {.job = job}};
}

int mhq_job_init_list(mhq_job *job, const mhq_list *list)
{
    *job = (mhq_job){.run = {.job = job}};
    if (list == NULL || list->total == 0)
        return 0;
    job->walk = mhq_walk_new(list);
    return job->walk ? 0 : ENOMEM;
}

void mhq_job_fini(mhq_job *job)
{
    mhq_calls_real.release(job->walk); /* jobs are made apart from any engine */
}

/* The high-water mark is a figure to look at: a lost race between two producers does no harm. */
static void note_high_water(mhq_engine *engine, uint64_t ticket)
{
    uint64_t in_flight = ticket + 1 - mhq_load_rlx(&engine->ring.done);
    if (in_flight > mhq_load_rlx(&engine->high_water))
        mhq_store_rlx(&engine->high_water, in_flight);
}

enum mhq_accepted mhq_submit(mhq_engine *engine, mhq_job *job, uint64_t operations, int overdraw)
{
    /* Once it is published the job may be run, delivered and freed at any moment. */
    int is_list = job->op == NULL;
    switch (mhq_ring_claim(&engine->ring, job, overdraw)) {
    case MHQ_FULL:
        return MHQ_RING_FULL;
    case MHQ_CLOSED:
        return MHQ_RING_CLOSED;
    case MHQ_CLAIMED:
        break;
    }
    note_high_water(engine, job->ticket);
    if (is_list) {
        mhq_add_rel(&engine->lists, 1); /* [lists] */
        mhq_add_rlx(&engine->list_operations, operations);
    }
    if (mhq_ring_publish(&engine->ring, job))
        mhq_add_rlx(&engine->caller_wakes, 1);
    return MHQ_ACCEPTED;
}

void mhq_wait_room(mhq_engine *engine, int64_t timeout_ns)
{
    mhq_ring_wait_room(&engine->ring, timeout_ns);
}

void mhq_close(mhq_engine *engine)
{
    mhq_ring_close(&engine->ring);
}

void mhq_close_when_quiet(mhq_engine *engine)
{
    mhq_ring_begin_closing(&engine->ring);
    mhq_store_sc(&engine->closing, 1); /* [W1] of the callback thread's wait */
    if (mhq_unpark(&engine->done.consumer))
        mhq_add_rlx(&engine->caller_wakes, 1);
}

int mhq_is_closed(mhq_engine *engine)
{
    return mhq_ring_is_closed(&engine->ring);
}

int mhq_wait_stopped(mhq_engine *engine, int64_t timeout_ns)
{
    if (!mhq_load_acq(&engine->stopped) && timeout_ns != 0)
        mhq_futex_wait(&engine->stopped, 0, timeout_ns);
    return mhq_load_acq(&engine->stopped) != 0;
}

/* ---- the callback thread ------------------------------------------------------------------ */

/* `closing` is read before the tail, whose cache line is the producers'. */
static int is_quiet(mhq_engine *engine)
{
    return mhq_load_sc(&engine->closing) && mhq_ring_is_quiet(&engine->ring); /* [P2] */
}

static int collectable(void *what)
{
    mhq_engine *engine = what;
    return mhq_done_ready(&engine->done) || mhq_load_sc(&engine->finished) /* [P2] */
           || is_quiet(engine);
}

int mhq_wait_done(mhq_engine *engine, int64_t timeout_ns)
{
    return mhq_park_until(&engine->done.consumer, engine->spin_ns, timeout_ns, collectable, engine);
}

mhq_run *mhq_collect(mhq_engine *engine)
{
    for (;;) {
        mhq_wait_done(engine, -1);
        int finished = (int)mhq_load_acq(&engine->finished);
        mhq_run *run = mhq_done_take(&engine->done);
        if (run != NULL)
            return run;
        if (finished)
            break; /* it was set after the last push: nothing can come any more */
        mhq_ring_close_if_quiet(&engine->ring); /* what else the wait can have ended for */
    }
    join(engine);
    return NULL;
}

int mhq_delivered(mhq_engine *engine, mhq_run *run)
{
    if (run->in_block)
        mhq_block_return(&engine->blocks, run->buffer);
    else
        engine->config.calls->release(run->buffer);
    run->buffer = NULL;
    int announce = 0;
    if (run->charged) {
        mhq_sub_sc(&engine->undelivered, run->charged); /* [W1] of the wait for deliveries */
        run->charged = 0;
        announce = 1;
    }
    mhq_job *job = run->job;
    int whole = run == &job->run;
    if (!whole) {
        announce |= mhq_pool_give_back(&engine->pool, run);
    } else if (mhq_ring_return(&engine->ring)) {
        mhq_add_rlx(&engine->caller_wakes, 1);
        mhq_park_make_way(&engine->done.consumer);
    }
    if (announce && mhq_unpark(&engine->delivery))
        mhq_add_rlx(&engine->caller_wakes, 1);
    return whole;
}

void mhq_stop(mhq_engine *engine)
{
    mhq_store_rel(&engine->stopped, 1);
    mhq_futex_wake(&engine->stopped, 1 << 30);
}

const mhq_op *mhq_running(mhq_engine *engine)
{
    return mhq_load_acq(&engine->running); /* [running] */
}

char *mhq_take_left_behind(mhq_engine *engine)
{
    return mhq_left_behind_take(&engine->left);
}

void mhq_release(void *buffer)
{
    mhq_calls_real.release(buffer);
}

/* ---- counters ----------------------------------------------------------------------------- */

void mhq_count(mhq_engine *engine, mhq_counters *c)
{
    /* The tail last: `done` and `lists` follow it, so no difference falls below zero. */
    uint64_t done = mhq_load_acq(&engine->ring.done);   /* [done] */
    uint64_t lists = mhq_load_acq(&engine->lists);      /* [lists] */
    uint64_t tail = MHQ_TICKET(mhq_load_acq(&engine->ring.tail));
    *c = (mhq_counters){
        .accepted = tail - lists + mhq_load_rlx(&engine->list_operations),
        .parks = mhq_load_rlx(&engine->ring.consumer.parks)
                 + mhq_load_rlx(&engine->done.consumer.parks)
                 + mhq_load_rlx(&engine->delivery.parks),
        .wakes = mhq_load_rlx(&engine->caller_wakes),
        .ring_high_water = mhq_load_rlx(&engine->high_water),
        .ring_size = engine->config.ring_size,
        .undelivered_bytes = mhq_load_rlx(&engine->undelivered),
        .overlaps = mhq_load_rlx(&engine->overlaps),
        .in_flight = tail - done,
    };
    for (int i = 0; i < 2; i++) {
        mhq_io *io = &engine->io[i];
        c->thread_operations[i] = mhq_load_rlx(&io->operations);
        c->completed += c->thread_operations[i];
        c->failed += mhq_load_rlx(&io->failed);
        c->bytes_read += mhq_load_rlx(&io->bytes_read);
        c->bytes_written += mhq_load_rlx(&io->bytes_written);
        c->retries += mhq_load_rlx(&io->retries);
        c->trades += mhq_load_rlx(&io->trades);
        c->wakes += mhq_load_rlx(&io->wakes);
        c->hints += mhq_load_rlx(&io->hints.given);
        c->parks += mhq_load_rlx(&engine->baton.waiting[i].parks);
    }
}
