/* core/submit.c - callers: what a job needs before it is submitted, and the way into the ring. */
#include "core/engine.h"

#include <errno.h>

void mhq_job_init(mhq_job *job, const mhq_op *op)
{
    job->walk = NULL;
    job->port = NULL;
    job->share = NULL;
    job->fate = NULL;
    job->lent = op->data != NULL ? op->size : 0;
    job->marks = 0;
    job->run = (mhq_run){.op = op, .job = job};
}

int mhq_job_init_list(mhq_job *job, const mhq_list *list)
{
    *job = (mhq_job){.run = {.job = job}};
    if (list == NULL || list->total == 0)
        return 0;
    job->lent = list->lent < SIZE_MAX ? (size_t)list->lent : SIZE_MAX;
    job->walk = mhq_walk_new(list);
    return job->walk ? 0 : ENOMEM;
}

void mhq_job_set_port(mhq_job *job, mhq_port *port)
{
    mhq_port_hold(port);
    job->port = port;
    job->marks |= MHQ_WATCHED;
}

void mhq_job_set_fate(mhq_job *job, mhq_fate *fate)
{
    mhq_fate_hold(fate);
    job->fate = fate;
    job->marks |= MHQ_WATCHED;
}

int mhq_job_set_control(mhq_engine *engine, mhq_job *job, mhq_control *control)
{
    job->share = mhq_share_take(control, mhq_port_of(engine, job));
    job->marks |= MHQ_WATCHED;
    return job->share ? 0 : ENOMEM;
}

void mhq_job_fini(mhq_job *job)
{
    mhq_calls_real.release(job->walk); /* jobs are made apart from any engine */
    if (job->fate != NULL)
        mhq_fate_drop(job->fate);
    if (job->share != NULL)
        mhq_share_give_back(job->share);
    if (job->port != NULL)
        mhq_port_drop(job->port);
}

/* The high-water mark is a figure to look at: a lost race between two producers does no harm. */
static void note_high_water(mhq_engine *engine, uint64_t ticket)
{
    uint64_t in_flight = ticket + 1 - mhq_load_rlx(&engine->ring.done);
    if (in_flight > mhq_load_rlx(&engine->high_water))
        mhq_store_rlx(&engine->high_water, in_flight);
}

static MHQ_COLD enum mhq_accepted refuse(mhq_engine *engine, mhq_job *job)
{
    mhq_withdraw(engine, job);
    return MHQ_RING_CLOSED;
}

/* What has a port or lends bytes: may it go on to the ring? */
static MHQ_COLD enum mhq_accepted let_in(mhq_engine *engine, mhq_job *job, int overdraw)
{
    if (job->port != NULL && mhq_port_is_closed(job->port))
        return refuse(engine, job);
    if (job->lent == 0 || engine->intake.limit == 0)
        return MHQ_ACCEPTED;
    /* Else it would stand in a line in which none waits any more. */
    if (overdraw ? mhq_ring_is_closed(&engine->ring) : mhq_ring_is_closing(&engine->ring))
        return refuse(engine, job);
    return mhq_intake_take(&engine->intake, job, overdraw) ? MHQ_ACCEPTED : MHQ_RING_FULL;
}

/* The job is accepted: what is counted before it can be delivered, of lists and watched ones. */
static MHQ_COLD void count_in(mhq_engine *engine, const mhq_job *job, uint64_t operations)
{
    if (job->run.op == NULL) {
        mhq_add_rel(&engine->lists, 1); /* [lists] */
        mhq_add_rlx(&engine->list_operations, operations);
    }
    if (job->port != NULL)
        mhq_add_sc(&job->port->pending, 1);
    if (job->share != NULL)
        mhq_add_sc(&job->share->control->accepted, operations);
}

enum mhq_accepted mhq_submit(mhq_engine *engine, mhq_job *job, uint64_t operations, int overdraw)
{
    if (job->marks != 0 || (job->lent != 0 && engine->intake.limit != 0)) {
        enum mhq_accepted let = let_in(engine, job, overdraw);
        if (let != MHQ_ACCEPTED)
            return let;
    }
    switch (mhq_ring_claim(&engine->ring, job, overdraw)) {
    case MHQ_FULL:
        return MHQ_RING_FULL;
    case MHQ_CLOSED:
        return refuse(engine, job);
    case MHQ_CLAIMED:
        break;
    }
    note_high_water(engine, job->ticket);
    if (job->run.op == NULL || job->marks != 0)
        count_in(engine, job, operations);
    /* Once it is published the job may be run, delivered and freed at any moment. */
    if (mhq_ring_publish(&engine->ring, job))
        mhq_add_rlx(&engine->caller_wakes, 1);
    return MHQ_ACCEPTED;
}

void mhq_wait_capacity(mhq_engine *engine, mhq_job *job, int64_t timeout_ns)
{
    if (job->marks & MHQ_IN_LINE)
        mhq_intake_wait(&engine->intake, job, timeout_ns);
    else
        mhq_ring_wait_capacity(&engine->ring, timeout_ns);
}

void mhq_withdraw(mhq_engine *engine, mhq_job *job)
{
    if (job->marks & (MHQ_IN_LINE | MHQ_BYTES_HELD))
        mhq_intake_give_back(&engine->intake, job);
}

int mhq_cancel(mhq_engine *engine, mhq_fate *fate)
{
    if (mhq_fate_move(fate, MHQ_QUEUED, MHQ_CANCELLED)) { /* [W1] of a pause */
        mhq_unpark(&engine->pausing);
        return 1;
    }
    if (mhq_fate_move(fate, MHQ_RUNNING, MHQ_STOPPING))
        mhq_unpark(&engine->pausing);
    return 0;
}
