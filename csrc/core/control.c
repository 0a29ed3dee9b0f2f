/* core/control.c - see core/control.h for the invariants C2 and C3. */
#include "core/control.h"

#include <string.h>

#include "sys/calls.h"

mhq_control *mhq_control_new(int64_t interval_ns)
{
    mhq_control *control = mhq_calls_real.aligned(alignof(mhq_control), sizeof *control);
    if (control == NULL)
        return NULL;
    *control = (mhq_control){.interval_ns = interval_ns, .references = 1};
    if (mhq_mutex_init(&control->lock) == 0)
        return control;
    mhq_calls_real.release_aligned(control);
    return NULL;
}

void mhq_control_hold(mhq_control *control)
{
    mhq_add_rlx(&control->references, 1);
}

void mhq_control_drop(mhq_control *control)
{
    if (mhq_sub_ar(&control->references, 1) != 1)
        return;
    for (mhq_share *share = control->shares, *next; share != NULL; share = next) {
        next = share->next;
        mhq_calls_real.release(share);
    }
    mhq_mutex_fini(&control->lock);
    mhq_calls_real.release_aligned(control);
}

static void wake_halted(mhq_control *control)
{
    mhq_mutex_lock(&control->lock);
    for (mhq_halted *halted = control->halted; halted != NULL; halted = halted->next)
        mhq_unpark(halted->parker);
    mhq_mutex_unlock(&control->lock);
}

void mhq_control_cancel(mhq_control *control)
{
    mhq_store_sc(&control->cancelled, 1); /* [W1] of a pause */
    wake_halted(control);
}

void mhq_control_pause(mhq_control *control)
{
    mhq_store_sc(&control->paused, 1);
}

void mhq_control_resume(mhq_control *control)
{
    mhq_store_sc(&control->paused, 0); /* [W1] of a pause */
    wake_halted(control);
}

void mhq_control_halt(mhq_control *control, mhq_halted *halted)
{
    mhq_mutex_lock(&control->lock);
    halted->next = control->halted;
    control->halted = halted;
    mhq_mutex_unlock(&control->lock);
}

void mhq_control_go_on(mhq_control *control, mhq_halted *halted)
{
    mhq_mutex_lock(&control->lock);
    mhq_halted **at = &control->halted;
    while (*at != halted)
        at = &(*at)->next;
    *at = halted->next;
    mhq_mutex_unlock(&control->lock);
}

void mhq_control_figures(mhq_control *control, mhq_figures *figures)
{
    /* Each before what it must not be ahead of: the initialiser below has no order. */
    uint64_t finished = mhq_load_acq(&control->finished);
    uint64_t reported = mhq_load_acq(&control->reported); /* [reported] */
    int known = reported > 0 && reported >= mhq_load_acq(&control->started);
    *figures = (mhq_figures){
        .finished = finished,
        .accepted = mhq_load_acq(&control->accepted),
        .done = mhq_load_sc(&control->done),
        .files = mhq_load_rlx(&control->files),
        .total = mhq_load_rlx(&control->total),
        .total_known = known,
        .cancelled = mhq_load_acq(&control->cancelled) != 0,
        .paused = mhq_load_acq(&control->paused) != 0,
    };
}

void mhq_control_note_entry(mhq_control *control, const mhq_fs *fs)
{
    if (!mhq_load_rlx(&control->wants_entry)) /* the lock orders the rest */
        return;
    mhq_mutex_lock(&control->lock);
    control->entry_length = mhq_fs_entry(fs, control->entry);
    mhq_mutex_unlock(&control->lock);
}

size_t mhq_control_entry(mhq_control *control, char *to)
{
    mhq_store_rlx(&control->wants_entry, 1);
    mhq_mutex_lock(&control->lock);
    size_t length = control->entry_length;
    memcpy(to, control->entry, length);
    mhq_mutex_unlock(&control->lock);
    return length;
}

/* With the lock: the share of the port, or one that no port uses. */
static mhq_share *find(mhq_control *control, const mhq_port *port)
{
    mhq_share *spare = NULL;
    for (mhq_share *share = control->shares; share != NULL; share = share->next) {
        if (share->users > 0 && share->port == port)
            return share;
        if (share->users == 0)
            spare = share;
    }
    return spare;
}

mhq_share *mhq_share_take(mhq_control *control, mhq_port *port)
{
    mhq_mutex_lock(&control->lock);
    mhq_share *share = find(control, port);
    if (share == NULL && (share = mhq_calls_real.zeroed(1, sizeof *share)) != NULL) {
        share->record.progress = 1;
        share->control = control;
        share->next = control->shares;
        control->shares = share;
    }
    if (share != NULL) {
        if (share->users++ == 0) {
            share->port = port;
            share->reported = 0;
        }
        mhq_control_hold(control);
    }
    mhq_mutex_unlock(&control->lock);
    return share;
}

void mhq_share_give_back(mhq_share *share)
{
    mhq_control *control = share->control;
    mhq_mutex_lock(&control->lock);
    share->users--;
    mhq_mutex_unlock(&control->lock);
    mhq_control_drop(control);
}

mhq_control *mhq_progress_of(mhq_run *run)
{
    mhq_share *share = (mhq_share *)(void *)run;
    mhq_store_sc(&share->due, 0); /* [due]; [W1]: the figures are read after it */
    return share->control;
}
