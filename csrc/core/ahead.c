/* core/ahead.c - what comes next, for the scout; see core/ahead.h for the invariant A1. */
#include "core/ahead.h"

#include "mhq.h"

#include <string.h>

#define BATCH 64            /* handed over at once */
#define BATCHES 64          /* between two operations */
#define STEPS 16384         /* what is looked at for that, at most */
#define SAMPLE_AHEAD 16     /* where the scout is calm, it is given a file that is so far ahead */
#define RENEW_NS UINT64_C(10000000000)

void mhq_ahead_init(mhq_ahead *ahead, const mhq_calls *sys, uint32_t files, uint64_t bytes)
{
    memset(ahead, 0, sizeof *ahead);
    ahead->sys = sys;
    ahead->files = files;
    ahead->bytes = bytes;
}

static mhq_scout *scout_of(mhq_ahead *ahead)
{
    return mhq_load_acq(&ahead->scout); /* [scout] */
}

void mhq_ahead_fini(mhq_ahead *ahead)
{
    mhq_scout *scout = scout_of(ahead);
    if (scout != NULL)
        mhq_scout_leave(scout);
    ahead->sys->release(ahead->walk);
}

/* ---- devices ---- */

static int known(const mhq_ahead *ahead, uint64_t device)
{
    uint32_t n = ahead->known < MHQ_AHEAD_DEVICES ? ahead->known : MHQ_AHEAD_DEVICES;
    for (uint32_t i = 0; i < n; i++)
        if (ahead->devices[i].device == device)
            return ahead->devices[i].rotates;
    return -1;
}

static int rotates(mhq_ahead *ahead, const char *path, uint64_t device)
{
    int yes = known(ahead, device);
    if (yes >= 0)
        return yes;
    yes = mhq_scout_rotates(ahead->sys, path, device);
    if (yes >= 0) {
        uint32_t at = ahead->known++ % MHQ_AHEAD_DEVICES;
        ahead->devices[at].device = device;
        ahead->devices[at].rotates = yes;
    }
    return yes;
}

int mhq_rotates(const char *path, uint64_t device)
{
    return mhq_scout_rotates(&mhq_calls_real, path, device);
}

/* From here on operations are not followed: what was handed over counts as passed. */
static void be_plain(mhq_ahead *ahead, uint64_t device, uint64_t until)
{
    mhq_scout *scout = scout_of(ahead);
    if (scout != NULL && ahead->handed > ahead->running) {
        ahead->running = ahead->handed;
        mhq_scout_passed(scout, ahead->running);
    }
    ahead->lost = 1;
    ahead->plain = device;
    ahead->plain_until = until;
}

void mhq_ahead_renew(mhq_ahead *ahead)
{
    if (ahead->plain_until && mhq_now() >= ahead->plain_until)
        be_plain(ahead, 0, 0);
}

/* Starts it where it is missing. NULL: there is none for this device now. */
static mhq_scout *wanted_scout(mhq_ahead *ahead, const char *path, uint64_t device)
{
    if (ahead->files == 0) {
        be_plain(ahead, device, 0);
        return NULL;
    }
    int yes = rotates(ahead, path, device);
    mhq_scout *scout = scout_of(ahead);
    /* A file on a disk that does not rotate, among others that are on one that does, changes nothing. */
    if (yes == 0 && (scout == NULL || ahead->handed <= ahead->running))
        be_plain(ahead, device, 0);
    if (yes <= 0)
        return NULL;
    if (scout == NULL) {
        scout = mhq_scout_start(ahead->sys, ahead->files, ahead->bytes);
        if (scout == NULL) {
            ahead->files = 0;
            be_plain(ahead, device, 0);
            return NULL;
        }
        mhq_scout_passed(scout, ahead->running);
        mhq_store_rel(&ahead->scout, scout); /* [scout] */
    }
    if (mhq_scout_mood(scout) == MHQ_SCOUT_OFF) {
        be_plain(ahead, device, mhq_now() + RENEW_NS);
        return NULL;
    }
    return scout;
}

/* ---- the cursor ---- */

static int reads_a_file(const mhq_op *op)
{
    return !op->refused && op->handle == NULL
           && (op->kind == MHQ_FILE_READ || op->kind == MHQ_FILE_COPY || op->kind == MHQ_FILE_MOVE);
}

/* 0: no memory. */
static int enter_walk(mhq_ahead *ahead, const mhq_walk *walk)
{
    uint32_t frames = walk->frames[0].list->depth;
    if (frames > ahead->frames) {
        mhq_walk *more = ahead->sys->resize(ahead->walk, sizeof *more + frames * sizeof *more->frames);
        if (more == NULL)
            return 0;
        ahead->walk = more;
        ahead->frames = frames;
    }
    memcpy(ahead->walk, walk, sizeof *walk + walk->level * sizeof *walk->frames);
    return 1;
}

static int in_list(const mhq_ahead *ahead)
{
    return ahead->walk != NULL && ahead->walk->level > 0;
}

/* To where the operations are, if the cursor is behind (A1). */
static void catch_up(mhq_ahead *ahead, mhq_ring *ring)
{
    uint64_t next = mhq_ring_next(ring), now = ahead->list ? next - 1 : next;
    int not_entered = ahead->list && ahead->ticket == now && !in_list(ahead);
    if (!ahead->lost && ahead->ticket >= now && ahead->handed >= ahead->running && !not_entered)
        return;
    ahead->lost = 0;
    ahead->handed = ahead->running;
    ahead->ticket = now;
    if (ahead->walk)
        ahead->walk->level = 0;
    if (ahead->list && !enter_walk(ahead, ahead->list))
        ahead->ticket = next;
}

/* The next operation, or NULL: there is none, or the steps are used up. */
static const mhq_op *step(mhq_ahead *ahead, mhq_ring *ring, uint32_t *steps)
{
    while (*steps > 0) {
        --*steps; /* for each that is looked at, also for one that is returned */
        if (in_list(ahead)) {
            const mhq_entry *entry = mhq_walk_next(ahead->walk);
            if (entry != NULL)
                return entry->op;
            ahead->ticket++;
            continue;
        }
        uint64_t next = mhq_ring_next(ring);
        if (ahead->ticket < next) /* the list that is running, and has been walked through */
            ahead->ticket = next;
        const mhq_job *job = mhq_ring_peek(ring, ahead->ticket - next);
        if (job == NULL)
            return NULL;
        if (job->walk == NULL || !enter_walk(ahead, job->walk)) {
            ahead->ticket++;
            if (job->run.op != NULL)
                return job->run.op;
        }
    }
    return NULL;
}

static const mhq_op *next_file(mhq_ahead *ahead, mhq_ring *ring, uint32_t *steps)
{
    const mhq_op *op;
    while ((op = step(ahead, ring, steps)) != NULL)
        if (reads_a_file(op))
            return op;
    return NULL;
}

/* ---- handing over ---- */

static mhq_prospect *prospect_of(mhq_ahead *ahead, const mhq_op *op)
{
    return mhq_prospect_new(ahead->sys, ahead->handed, op->path,
                            op->kind == MHQ_FILE_MOVE ? op->path2 : NULL);
}

typedef struct chain {
    mhq_prospect *first, *last;
} chain;

/* Up to a batch of files. How many there were. */
static int make_batch(mhq_ahead *ahead, mhq_ring *ring, chain *made, uint32_t *steps)
{
    int n = 0;
    *made = (chain){NULL, NULL};
    for (; n < BATCH; n++) {
        const mhq_op *op = next_file(ahead, ring, steps);
        if (op == NULL)
            break;
        mhq_prospect *p = prospect_of(ahead, op);
        ahead->handed++;
        if (p == NULL)
            continue;
        if (made->last)
            mhq_prospect_link(made->last, p);
        else
            made->first = p;
        made->last = p;
    }
    return n;
}

/* A look that finds too few files begins anew the next time. Until half of what it went through has
 * run there is none: a list of a million operations that read nothing is gone through twice, not once
 * for each of them. */
static void hand_all(mhq_ahead *ahead, mhq_ring *ring, mhq_scout *scout)
{
    uint32_t steps = STEPS;
    if (ahead->barren > 0) {
        ahead->barren--;
        return;
    }
    uint64_t most = 2 * (uint64_t)ahead->files;
    catch_up(ahead, ring);
    for (int i = 0; i < BATCHES; i++) {
        uint64_t before = ahead->handed - ahead->running;
        chain made;
        if (before + BATCH > (most > BATCH ? most : BATCH))
            return;
        int n = make_batch(ahead, ring, &made, &steps);
        if (before + (uint64_t)n < MHQ_SCOUT_FEW) { /* they are seen again when there are more */
            mhq_prospect_drop(ahead->sys, made.first);
            ahead->lost = 1;
            ahead->barren = (STEPS - steps) / 2;
            return;
        }
        if (made.first)
            mhq_scout_hand(scout, made.first);
        if (n == 0 && i == 0 && steps > 0)
            mhq_scout_no_more(scout);
        if (n < BATCH)
            return;
    }
}

/* One of many, to learn whether it still is in the cache. */
static void hand_sample(mhq_ahead *ahead, mhq_ring *ring, mhq_scout *scout)
{
    uint32_t steps = STEPS / 16;
    if (ahead->countdown-- > 0)
        return;
    ahead->countdown = MHQ_SCOUT_SAMPLE - 1;
    ahead->lost = 1;
    catch_up(ahead, ring);
    for (int i = 0;; i++) {
        const mhq_op *op = next_file(ahead, ring, &steps);
        if (op == NULL)
            return;
        if (i == SAMPLE_AHEAD) {
            mhq_prospect *p = prospect_of(ahead, op);
            ahead->handed++;
            if (p != NULL)
                mhq_scout_hand(scout, p);
            return;
        }
        ahead->handed++;
    }
}

/* ---- after an operation ---- */

/* Nothing of the scout's is to be open when it is seen that an operation has ended behind which there
 * is nothing: its directory may be unmounted next. */
static void settle(mhq_ahead *ahead, mhq_scout *scout)
{
    if (ahead->handed > ahead->running)
        return;
    ahead->unsettled = !mhq_scout_settle(scout, ahead->unsettled ? 0 : MHQ_SCOUT_SETTLE_NS);
}

/* An operation has ended, or is not run. */
static void end(mhq_ahead *ahead, const mhq_op *op)
{
    ahead->running += (uint64_t)reads_a_file(op);
    mhq_scout *scout = scout_of(ahead);
    if (scout != NULL) {
        mhq_scout_passed(scout, ahead->running);
        settle(ahead, scout);
    }
}

void mhq_ahead_skips(mhq_ahead *ahead, const mhq_op *op)
{
    end(ahead, op);
}

void mhq_ahead_after(mhq_ahead *ahead, mhq_ring *ring, const mhq_op *op, uint64_t device)
{
    end(ahead, op);
    mhq_scout *scout = wanted_scout(ahead, op->path, device);
    if (scout == NULL)
        return;
    if (mhq_scout_mood(scout) == MHQ_SCOUT_CALM)
        hand_sample(ahead, ring, scout);
    else
        hand_all(ahead, ring, scout);
}

/* ---- trees ---- */

void mhq_ahead_tree_begins(mhq_ahead *ahead, const char *path, uint64_t device, uint64_t inode)
{
    if (ahead->in_tree || ahead->files == 0)
        return;
    mhq_scout *scout = wanted_scout(ahead, path, device);
    if (scout == NULL)
        return;
    ahead->in_tree = 1;
    mhq_scout_tree_begin(scout, path, device, inode);
}

void mhq_ahead_tree_file(mhq_ahead *ahead)
{
    if (ahead->in_tree)
        mhq_scout_tree_file(scout_of(ahead));
}

void mhq_ahead_tree_ends(mhq_ahead *ahead)
{
    if (ahead->in_tree)
        mhq_scout_tree_end(scout_of(ahead));
    ahead->in_tree = 0;
}

/* ---- counters ---- */

void mhq_ahead_count(mhq_ahead *ahead, mhq_scout_counts *counts)
{
    mhq_scout *scout = scout_of(ahead);
    *counts = (mhq_scout_counts){0};
    if (scout != NULL)
        mhq_scout_count(scout, counts);
}
