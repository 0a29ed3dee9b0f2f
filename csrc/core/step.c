/* core/step.c - whether an operation may start; and how it is stopped, held and watched while it runs. The
 * holder's side of fates, controls and pauses.
 *
 * A pause holds the queue: order is order. What is cancelled ignores it, and so does everything once
 * the engine is closed.
 */
#include <errno.h>

#include "core/engine.h"

typedef struct moment {
    mhq_io *io;
    const mhq_job *job;
    mhq_fate *fate;
} moment;

static mhq_control *control_of(const mhq_job *job)
{
    return job->share != NULL ? job->share->control : NULL;
}

/* By its own fate, by that of the list it is in, or by its control. */
static int is_cancelled(const moment *now)
{
    const mhq_job *job = now->job;
    if (now->fate != NULL && mhq_fate_is_over(now->fate))
        return 1;
    if (job->fate != NULL && mhq_fate_is_over(job->fate))
        return 1;
    mhq_control *control = control_of(job);
    return control != NULL && mhq_load_sc(&control->cancelled); /* [P2] */
}

static int is_paused(const moment *now)
{
    mhq_engine *engine = now->io->engine;
    mhq_control *control = control_of(now->job);
    if (!mhq_load_sc(&engine->paused) /* [P2] */
        && (control == NULL || !mhq_load_sc(&control->paused))) /* [P2] */
        return 0;
    return !mhq_ring_is_closing(&engine->ring); /* [P2] */
}

static int may_go_on(void *what)
{
    const moment *now = what;
    mhq_io_announce(now->io->engine);
    return is_cancelled(now) || !is_paused(now);
}

/* 1: the operation is cancelled. */
static int wait_for_the_pause_to_end(const moment *now)
{
    mhq_engine *engine = now->io->engine;
    mhq_control *control = control_of(now->job);
    mhq_halted halted = {.parker = &engine->pausing};
    if (control != NULL)
        mhq_control_halt(control, &halted);
    mhq_park_until(&engine->pausing, 0, -1, may_go_on, (void *)(uintptr_t)now);
    if (control != NULL)
        mhq_control_go_on(control, &halted);
    return is_cancelled(now);
}

/* Progress: at most one record is due in a port. */
static void report(mhq_io *io, mhq_job *job)
{
    mhq_share *share = job->share;
    share->reported = mhq_now();
    if (mhq_load_sc(&share->due)) /* [W2] of the figures: the taker reads them after it has cleared it */
        return;
    mhq_store_rlx(&share->due, 1); /* published with the push */
    share->record.job = NULL;
    mhq_port *port = mhq_port_of(io->engine, job);
    if (!mhq_port_try_push(port, &share->record))
        mhq_store_sc(&share->due, 0); /* closed: it is not reported any more */
    mhq_io_wake(io, port); /* E3 */
}

/* `done`: since the last time. */
static void add_done(mhq_io *io, uint64_t done)
{
    uint64_t files = io->fs.files;
    io->fs.files = 0;
    io->done += done;
    if (io->job->share == NULL)
        return;
    if (files > 0)
        mhq_add_rlx(&io->job->share->control->files, files);
    if (done > 0)
        mhq_add_sc(&io->job->share->control->done, done); /* [W1] of progress */
}

static int wants_progress(const mhq_job *job)
{
    return job->share != NULL && job->share->control->interval_ns >= 0;
}

static int is_skipped(const mhq_job *job, const mhq_op *op)
{
    return op != NULL && op->looks && job->port != NULL && mhq_port_is_closed(job->port);
}

/* 1: by its fate it may run. */
static int start(mhq_fate *fate)
{
    return fate == NULL || mhq_fate_move(fate, MHQ_QUEUED, MHQ_RUNNING);
}

int mhq_may_start(mhq_io *io, mhq_job *job, mhq_fate *fate, const mhq_op *op, mhq_run *run)
{
    moment now = {io, job, fate};
    int over = is_cancelled(&now);
    if (!over && is_paused(&now))
        over = wait_for_the_pause_to_end(&now);
    int skipped = !over && is_skipped(job, op);
    if (over || skipped) {
        if (fate != NULL) /* unless another thread has decided */
            (void)mhq_fate_move(fate, MHQ_QUEUED, skipped ? MHQ_SKIPPED : MHQ_CANCELLED);
    } else if (start(fate)) {
        io->job = job;
        io->fate = fate;
        io->total_reported = 0;
        io->done = 0;
        io->fs.files = 0;
        io->fs.measure = wants_progress(job);
        io->fs.unwatched = 0;
        if (job->share != NULL)
            mhq_add_rlx(&job->share->control->started, 1);
        if (wants_progress(job))
            report(io, job);
        return 1;
    }
    skipped |= fate != NULL && mhq_fate_state(fate) == MHQ_SKIPPED;
    mhq_bump(skipped ? &io->skipped : &io->cancelled, 1);
    run->error = ECANCELED;
    return 0;
}

void mhq_has_ended(mhq_io *io, mhq_job *job, mhq_fate *fate)
{
    if (job->share != NULL) {
        mhq_control *control = job->share->control;
        if (io->job == job) {
            add_done(io, io->fs.done);
            mhq_on_total(io, io->done); /* where it has none, or did not come to it: what it has done */
        }
        if (io->job == job)
            mhq_control_note_entry(control, &io->fs); /* none any more */
        mhq_add_sc(&control->finished, 1); /* [W1] of progress */
        if (io->job == job && wants_progress(job))
            report(io, job);
    }
    if (fate != NULL && !mhq_fate_move(fate, MHQ_RUNNING, MHQ_ENDED))
        (void)mhq_fate_move(fate, MHQ_STOPPING, MHQ_ENDED);
    io->job = NULL;
    io->fate = NULL;
    io->fs.measure = 0;
    io->fs.unwatched = 1;
}

static int is_time(const mhq_share *share)
{
    return mhq_now() - share->reported >= (uint64_t)share->control->interval_ns;
}

int mhq_on_step(void *context, uint64_t done)
{
    mhq_io *io = context;
    moment now = {io, io->job, io->fate};
    if (io->job == NULL) { /* it has neither fate nor control, but its engine may be paused */
        if (!mhq_load_sc(&io->engine->paused))
            return 0;
        static const mhq_job none;
        now.job = &none;
        if (is_paused(&now))
            (void)wait_for_the_pause_to_end(&now);
        return 0;
    }
    add_done(io, done);
    if (io->job->share != NULL)
        mhq_control_note_entry(io->job->share->control, &io->fs);
    if (wants_progress(io->job) && is_time(io->job->share))
        report(io, io->job);
    return is_cancelled(&now) || (is_paused(&now) && wait_for_the_pause_to_end(&now)) ? ECANCELED : 0;
}

void mhq_on_total(void *context, uint64_t total)
{
    mhq_io *io = context;
    if (io->job == NULL || io->job->share == NULL || io->total_reported)
        return;
    io->total_reported = 1;
    mhq_add_rlx(&io->job->share->control->total, total);
    mhq_add_rel(&io->job->share->control->reported, 1); /* [reported] */
}
