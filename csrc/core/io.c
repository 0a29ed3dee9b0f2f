/* core/io.c - the two I/O threads, which take turns at the disk.
 *
 * The baton holder pops a job, runs its operations, publishes each completion before the next
 * system call. The other one sleeps. What comes next is handed to the scout (core/ahead.h), which reads
 * it ahead where a disk rotates. They trade when the holder has worked for a slice of time, or has run one long
 * operation, and there is more to do; so a lone small operation costs no second wake-up, and under
 * long ones they alternate every time. For the invariants see core/engine.h.
 */
#include "core/engine.h"

#include <errno.h>

/* The holder yields once with each PILE_BYTES that are undelivered: if the taker is behind because it
 * shares the holder's processor, it catches up; if others want the processor, little is lost. With
 * FEW_BYTES and more undelivered it yields before each large result, beside which a yield costs nothing:
 * results that lie in few buffers in turn stay in the processor's own cache. But not where a yield has
 * let another thread run for long: then CROWDED large results pass before the next try. */
#define PILE_BYTES UINT64_C(4194304)
#define FEW_BYTES UINT64_C(524288)
#define LARGE_BYTES ((size_t)262144)
#define CROWDED 1024

void mhq_io_announce(mhq_engine *engine)
{
    if (mhq_ring_announce(&engine->ring))
        mhq_add_rlx(&engine->caller_wakes, 1);
}

static mhq_port *publish(mhq_io *io, mhq_port *port, mhq_run *run)
{
    if (port != &io->engine->own)
        return mhq_port_push(port, run);
    mhq_done_push(port, run);
    return port;
}

/* ---- budgets ------------------------------------------------------------------------------- */

struct charge {
    mhq_engine *engine;
    const mhq_run *run;
    size_t more;
};

static inline int charge_fits(mhq_engine *engine, const mhq_run *run, size_t more)
{
    uint64_t undelivered = mhq_load_sc(&engine->undelivered); /* [P2] */
    /* One that is larger than the budget runs alone. */
    return undelivered == run->charged || undelivered + more <= engine->config.buffer_bytes;
}

static int charge_fits_or_announce(void *what)
{
    const struct charge *charge = what;
    mhq_io_announce(charge->engine);
    return charge_fits(charge->engine, charge->run, charge->more);
}

/* The holder waits until takers have delivered enough. */
static void wait_for_delivery(mhq_io *io, mhq_port *port, int (*enough)(void *), void *what)
{
    mhq_io_wake(io, port); /* E3 */
    mhq_park_until(&io->engine->delivery, io->engine->spin_ns, -1, enough, what);
}

static void wait_to_fit(mhq_io *io, const mhq_run *run, size_t more)
{
    struct charge charge = {io->engine, run, more};
    wait_for_delivery(io, mhq_port_of(io->engine, run->job), charge_fits_or_announce,
                      &charge);
}

static void yield_to_taker(mhq_io *io)
{
    uint64_t began = mhq_now();
    mhq_yield();
    if (mhq_now() - began > MHQ_YIELD_NS)
        io->crowded = CROWDED;
}

static void on_charge(void *context, mhq_run *run, size_t more)
{
    mhq_io *io = context;
    mhq_engine *engine = io->engine;
    if (!charge_fits(engine, run, more))
        wait_to_fit(io, run, more);
    uint64_t before = mhq_add_sc(&engine->undelivered, more);
    run->charged += more;
    int is_worth_it = more >= LARGE_BYTES && before >= FEW_BYTES;
    if (is_worth_it && io->crowded == 0)
        yield_to_taker(io);
    else if (before > 0 && before / PILE_BYTES < (before + more) / PILE_BYTES)
        mhq_yield();
    if (is_worth_it && io->crowded > 0)
        io->crowded--;
}

static int record_returned(void *what)
{
    mhq_port *port = what;
    mhq_io_announce(port->engine);
    if (mhq_credit_ready(&port->credit)) /* [P2] */
        return 1;
    return port->credit.granted == 0 && mhq_ports_returned(port->engine); /* [P2] */
}

static mhq_run *take_record(mhq_io *io, mhq_port *port, mhq_job *job)
{
    mhq_pool *pool = &io->engine->pool;
    mhq_run *run = mhq_pool_take(pool, &port->credit, job);
    while (run == NULL) {
        mhq_ports_reclaim(io->engine, port);
        if ((run = mhq_pool_take(pool, &port->credit, job)) != NULL)
            break;
        wait_for_delivery(io, port, record_returned, port);
        run = mhq_pool_take(pool, &port->credit, job);
    }
    return run;
}

/* ---- operations ---------------------------------------------------------------------------- */

static void on_lengthy(void *context)
{
    ((mhq_io *)context)->turn.lengthy = 1;
}

static void on_leftover(void *context, const char *path)
{
    mhq_engine *engine = ((mhq_io *)context)->engine;
    mhq_leftover_push(&engine->leftovers, path, engine->config.calls);
}

static void on_tree_begins(void *context, const char *path, uint64_t device, uint64_t inode)
{
    mhq_ahead_tree_begins(&((mhq_io *)context)->engine->ahead, path, device, inode);
}

static void on_tree_file(void *context)
{
    mhq_ahead_tree_file(&((mhq_io *)context)->engine->ahead);
}

static void on_tree_ends(void *context)
{
    mhq_ahead_tree_ends(&((mhq_io *)context)->engine->ahead);
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
    if (!mhq_ahead_is_plain(&engine->ahead, io->fs.device))
        mhq_ahead_after(&engine->ahead, &engine->ring, run->op, io->fs.device);

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

/* Completes as cancelled, without having run. */
static void pass_over(mhq_io *io, const mhq_op *op, mhq_run *run)
{
    run->op = op;
    mhq_fs_pass_over(&io->fs, op, run);
    mhq_ahead_skips(&io->engine->ahead, op);
    mhq_bump(&io->operations, 1);
    mhq_bump(&io->failed, 1);
}

/* An operation that something may keep from running. */
static void run_or_pass_over(mhq_io *io, mhq_job *job, mhq_fate *fate, const mhq_op *op, mhq_run *run)
{
    if (mhq_may_start(io, job, fate, op, run))
        run_one(io, op, run);
    else
        pass_over(io, op, run);
    mhq_has_ended(io, job, fate);
}

/* Its start is to be decided: see core/step.c. */
static int is_watched(mhq_engine *engine, const mhq_job *job)
{
    return (job->marks & MHQ_WATCHED) != 0 || mhq_load_rlx(&engine->paused) != 0;
}

/* The list as a whole is an operation of its own where it has a fate. If it does not start, each of its
 * operations finds it cancelled. */
static int list_starts(mhq_job *job)
{
    return job->fate == NULL || mhq_fate_move(job->fate, MHQ_QUEUED, MHQ_RUNNING);
}

/* It stands behind a failed operation of a list that stops. */
static void pass_over_the_rest(mhq_io *io, mhq_job *job, const mhq_entry *entry, mhq_run *run)
{
    if (entry->fate != NULL)
        (void)mhq_fate_move(entry->fate, MHQ_QUEUED, MHQ_CANCELLED);
    mhq_bump(&io->cancelled, 1);
    pass_over(io, entry->op, run);
    mhq_has_ended(io, job, entry->fate);
}

static void run_list(mhq_io *io, mhq_job *job)
{
    mhq_engine *engine = io->engine;
    mhq_port *port = mhq_port_of(engine, job);
    mhq_walk *walk = job->walk;
    const mhq_entry *entry;
    engine->ahead.list = walk;
    (void)list_starts(job);
    while ((entry = mhq_walk_next(walk)) != NULL) {
        mhq_run *run = take_record(io, port, job);
        if (walk->stopped)
            pass_over_the_rest(io, job, entry, run);
        else if (entry->fate != NULL || is_watched(engine, job))
            run_or_pass_over(io, job, entry->fate, entry->op, run);
        else
            run_one(io, entry->op, run);
        if (run->error)
            mhq_walk_note_failure(walk, run->error);
        mhq_io_wake(io, publish(io, port, run)); /* E2, E3 */
    }
    engine->ahead.list = NULL;
    job->run.error = walk->error;
    if (job->fate != NULL && !mhq_fate_move(job->fate, MHQ_RUNNING, MHQ_ENDED))
        (void)mhq_fate_move(job->fate, MHQ_STOPPING, MHQ_ENDED);
    io->turn.lengthy = 1; /* worth a look at the clock, however short each was */
}

/* All but a plain operation. */
static MHQ_APART void run_special(mhq_io *io, mhq_job *job)
{
    if (job->walk != NULL)
        run_list(io, job);
    else if (job->run.op == NULL)
        job->run.error = list_starts(job) ? 0 : ECANCELED;
    else
        run_or_pass_over(io, job, job->fate, job->run.op, &job->run);
}

/* ---- turns --------------------------------------------------------------------------------- */

static int has_work_or_ended(void *what)
{
    mhq_engine *engine = what;
    mhq_io_announce(engine);
    return mhq_ring_ready(&engine->ring) || mhq_ring_drained(&engine->ring) /* [P2] */
           || mhq_ports_retired(engine);                                     /* [P2] */
}

/* The holder has nothing to run. 1: there is work; 0: there never will be. */
static MHQ_APART int wait_for_work(mhq_io *io)
{
    mhq_engine *engine = io->engine;
    do {
        mhq_park_until(&engine->ring.consumer, engine->spin_ns, -1, has_work_or_ended, engine);
        mhq_ports_reap(engine); /* D3 */
        if (mhq_ring_ready(&engine->ring))
            return 1;
    } while (!mhq_ring_drained(&engine->ring));
    return mhq_ring_ready(&engine->ring);
}

/* One turn with the baton. The port that is to be woken when the baton has been passed on, or NULL: the
 * queue has drained for good. */
static mhq_port *take_turn(mhq_io *io)
{
    mhq_engine *engine = io->engine;
    mhq_turn_begin(&io->turn);
    mhq_ports_reap(engine); /* D3 */
    for (;;) {
        mhq_job *job = mhq_ring_pop(&engine->ring);
        if (job == NULL) {
            uint64_t idle = mhq_now();
            if (!wait_for_work(io))
                return NULL;
            mhq_turn_idle(&io->turn, mhq_now() - idle);
            continue;
        }
        mhq_ring_prefetch(&engine->ring); /* comes while the system works on this one */
        mhq_port *port = mhq_port_of(engine, job);
        if (job->run.op != NULL && !is_watched(engine, job))
            run_one(io, job->run.op, &job->run);
        else
            run_special(io, job);
        int trade = mhq_turn_is_over(&io->turn, &port->taker) && mhq_ring_ready(&engine->ring);
        port = publish(io, port, &job->run); /* E2; the job is not ours from here on */
        if (trade)
            return port;
        mhq_io_wake(io, port); /* E3 */
    }
}

static void pass_baton(mhq_io *io, mhq_port *port)
{
    mhq_engine *engine = io->engine;
    engine->io[1 - io->me].fs.device = io->fs.device; /* the next turn begins where this one was */
    mhq_ahead_renew(&engine->ahead);
    mhq_bump(&io->trades, 1);
    mhq_store_rlx(&io->waking, 1); /* released with the baton */
    if (mhq_baton_pass(&engine->baton, io->me))
        mhq_bump(&io->wakes, 1);
    mhq_io_wake(io, port); /* E3 */
    mhq_store_rel(&io->waking, 0); /* [waking] */
}

void *mhq_io_main(void *argument)
{
    mhq_io *io = argument;
    mhq_engine *engine = io->engine;
    if (engine->config.background)
        engine->config.calls->thread_background();
    while (mhq_baton_wait(&engine->baton, io->me)) {
        mhq_port *port = take_turn(io);
        if (port != NULL) {
            pass_baton(io, port);
            continue;
        }
        mhq_store_sc(&engine->finished, 1); /* [W1] of takers' waits */
        mhq_baton_finish(&engine->baton, io->me);
        mhq_ports_wake(engine);
        mhq_io_wake(io, &engine->own);
        break;
    }
    mhq_io_leave(io);
    return NULL;
}

int mhq_io_init(mhq_io *io, mhq_engine *engine, uint32_t me)
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
    io->fs.step = mhq_on_step;
    io->fs.total = mhq_on_total;
    io->fs.unwatched = 1; /* until mhq_may_start */
    io->fs.report_leftover = on_leftover;
    io->fs.tree_begins = on_tree_begins;
    io->fs.tree_file = on_tree_file;
    io->fs.tree_ends = on_tree_ends;
    io->fs.context = io;
    return 0;
}

void mhq_io_fini(mhq_io *io)
{
    mhq_fs_fini(&io->fs);
}
