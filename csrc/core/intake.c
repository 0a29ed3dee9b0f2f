/* core/intake.c - see core/intake.h for the invariants Q1 and Q2. */
#include "core/intake.h"

#include <limits.h>

int mhq_intake_init(mhq_intake *intake, uint64_t limit)
{
    *intake = (mhq_intake){.limit = limit};
    return mhq_mutex_init(&intake->lock);
}

void mhq_intake_fini(mhq_intake *intake)
{
    mhq_mutex_fini(&intake->lock);
}

/* Instead of the mark that it had; 0: none. */
static void mark(mhq_job *job, unsigned instead)
{
    job->marks = (uint8_t)((job->marks & MHQ_WATCHED) | instead);
}

static int fits(mhq_intake *intake, const mhq_job *job)
{
    uint64_t held = mhq_load_sc(&intake->held); /* [P2] */
    return held == 0 || (held <= intake->limit && job->lent <= intake->limit - held);
}

static int try_to_hold(mhq_intake *intake, mhq_job *job)
{
    uint64_t held = mhq_load_sc(&intake->held); /* [P2] */
    do
        if (held != 0 && (held > intake->limit || job->lent > intake->limit - held))
            return 0;
    while (!mhq_cas_sc(&intake->held, &held, held + job->lent));
    mark(job, MHQ_BYTES_HELD);
    return 1;
}

/* With the lock. */
static void append(mhq_intake *intake, mhq_job *job)
{
    job->run.behind = NULL;
    if (intake->first == NULL)
        intake->first = job;
    else
        intake->last->run.behind = job;
    intake->last = job;
    mark(job, MHQ_IN_LINE);
    mhq_add_sc(&intake->waiting, 1); /* [P1] */
}

/* With the lock. */
static void leave_line(mhq_intake *intake, mhq_job *job)
{
    mhq_job **at = &intake->first, *before = NULL;
    while (*at != job) {
        before = *at;
        at = &before->run.behind;
    }
    *at = job->run.behind;
    if (intake->last == job)
        intake->last = before;
    mhq_sub_sc(&intake->waiting, 1);
}

static void wake(mhq_intake *intake)
{
    mhq_add_sc(&intake->epoch, 1);
    mhq_futex_wake(&intake->epoch, INT_MAX);
}

/* With the lock. */
static void notify_first(mhq_intake *intake)
{
    if (intake->first != NULL && fits(intake, intake->first))
        wake(intake);
}

int mhq_intake_take(mhq_intake *intake, mhq_job *job, int overdraw)
{
    if (job->marks & MHQ_BYTES_HELD)
        return 1;
    int was_in_line = job->marks & MHQ_IN_LINE;
    if (!was_in_line && !overdraw && mhq_load_sc(&intake->waiting) == 0 && try_to_hold(intake, job))
        return 1;
    mhq_mutex_lock(&intake->lock);
    if (!was_in_line && !overdraw) {
        append(intake, job);
        was_in_line = 1;
    }
    if (overdraw) {
        mhq_add_sc(&intake->held, job->lent);
        mark(job, MHQ_BYTES_HELD);
    } else if (intake->first == job) {
        (void)try_to_hold(intake, job);
    }
    int held = job->marks & MHQ_BYTES_HELD;
    if (held && was_in_line) {
        leave_line(intake, job);
        notify_first(intake);
    }
    mhq_mutex_unlock(&intake->lock);
    return held != 0;
}

void mhq_intake_give_back(mhq_intake *intake, mhq_job *job)
{
    int in_line = job->marks & MHQ_IN_LINE;
    if (job->marks & MHQ_BYTES_HELD)
        mhq_sub_sc(&intake->held, job->lent); /* [W1] */
    mark(job, 0);
    if (!in_line && mhq_load_sc(&intake->waiting) == 0) /* [W2] */
        return;
    mhq_mutex_lock(&intake->lock);
    if (in_line)
        leave_line(intake, job);
    notify_first(intake);
    mhq_mutex_unlock(&intake->lock);
}

void mhq_intake_wait(mhq_intake *intake, mhq_job *job, int64_t timeout_ns)
{
    uint32_t epoch = mhq_load_acq(&intake->epoch);
    mhq_mutex_lock(&intake->lock);
    int may_go = intake->first == job && fits(intake, job);
    mhq_mutex_unlock(&intake->lock);
    may_go |= mhq_load_sc(&intake->closed) != 0;
    if (!may_go)
        mhq_futex_wait(&intake->epoch, epoch, timeout_ns);
}

void mhq_intake_close(mhq_intake *intake)
{
    mhq_store_sc(&intake->closed, 1);
    wake(intake);
}
