/* scout/posix/crew.c - the life of a scout, and what the engine calls. See scout/scout.h. */
#include "scout/posix/crew.h"

#include <errno.h>
#include <string.h>

#define STALL_NS INT64_C(500000000) /* so long a copy waits for a scout that does nothing */

/* ---- waiting ---- */

void mhq_crew_wait(mhq_scout *scout, _Atomic uint32_t *epoch, int64_t timeout_ns)
{
    uint32_t seen = mhq_load_rlx(epoch); /* it moves under the lock only */
    mhq_mutex_unlock(&scout->lock);
    mhq_futex_wait(epoch, seen, timeout_ns);
    mhq_mutex_lock(&scout->lock);
}

void mhq_crew_wake(_Atomic uint32_t *epoch)
{
    mhq_add_sc(epoch, 1);
    mhq_futex_wake(epoch, 1 << 30);
}

int mhq_crew_stopped(mhq_scout *scout)
{
    return mhq_load_acq(&scout->stopped) != 0;
}

/* ---- what is open ---- */

int mhq_crew_ahead(const mhq_scout *scout, const mhq_prospect *p)
{
    if (mhq_load_acq(&scout->stopped))
        return 0;
    if (p->tree)
        return p->tree == scout->tree && (p->listing || p->serial >= scout->tree_at);
    return p->serial >= mhq_load_acq(&scout->passed); /* [passed] */
}

int mhq_crew_enter(mhq_scout *scout, const mhq_prospect *p)
{
    mhq_mutex_lock(&scout->lock);
    int ahead = mhq_crew_ahead(scout, p);
    if (ahead)
        scout->busy[p->tree != 0]++;
    mhq_mutex_unlock(&scout->lock);
    return ahead;
}

void mhq_crew_leave(mhq_scout *scout, const mhq_prospect *p)
{
    mhq_mutex_lock(&scout->lock);
    if (--scout->busy[p->tree != 0] == 0)
        mhq_crew_wake(&scout->idle_epoch);
    mhq_mutex_unlock(&scout->lock);
}

/* With the lock held. */
static int settle(mhq_scout *scout, int of_tree, int64_t timeout_ns)
{
    uint64_t now = mhq_now(), until = now + (uint64_t)timeout_ns;
    while (scout->busy[of_tree] && now < until) {
        mhq_crew_wait(scout, &scout->idle_epoch, (int64_t)(until - now));
        now = mhq_now();
    }
    return scout->busy[of_tree] == 0;
}

int mhq_scout_settle(mhq_scout *scout, int64_t timeout_ns)
{
    mhq_mutex_lock(&scout->lock);
    int settled = settle(scout, 0, timeout_ns);
    mhq_mutex_unlock(&scout->lock);
    return settled;
}

/* ---- its life ---- */

mhq_scout *mhq_scout_start(const mhq_calls *sys, uint32_t ahead, uint64_t bytes)
{
    uint64_t limit;
    if (sys->open_limit(&limit) == 0 && limit < MHQ_DESCRIPTORS_LEAST)
        return NULL;
    mhq_scout *scout = sys->zeroed(1, sizeof *scout);
    if (scout == NULL)
        return NULL;
    scout->sys = *sys;
    scout->ahead = ahead;
    scout->limit_bytes = bytes;
    mhq_store_rlx(&scout->references, 2);
    if (mhq_mutex_init(&scout->lock) != 0) {
        sys->release(scout);
        return NULL;
    }
    mhq_thread thread;
    if (sys->thread_start(&thread, mhq_scout_main, scout, "mhddq-scout") != 0) {
        mhq_mutex_fini(&scout->lock);
        sys->release(scout);
        return NULL;
    }
    mhq_thread_detach(thread);
    return scout;
}

void mhq_prospect_drop(const mhq_calls *sys, mhq_prospect *first)
{
    for (mhq_prospect *p = first, *next; p != NULL; p = next) {
        next = p->next;
        mhq_prospect_free(sys, p);
    }
}

void mhq_scout_unref(mhq_scout *scout)
{
    /* acq_rel: the thread that frees has seen all that the others did. */
    if (atomic_fetch_sub_explicit(&scout->references, 1, memory_order_acq_rel) != 1)
        return;
    mhq_prospect_drop(&scout->sys, scout->handed);
    mhq_prospect_drop(&scout->sys, scout->work);
    scout->sys.release(scout->tree_path);
    mhq_mutex_fini(&scout->lock);
    void (*release)(void *) = scout->sys.release;
    release(scout);
}

void mhq_scout_leave(mhq_scout *scout)
{
    mhq_mutex_lock(&scout->lock);
    mhq_store_rel(&scout->stopped, 1);
    scout->tree = 0;
    mhq_crew_wake(&scout->main_epoch);
    mhq_crew_wake(&scout->work_epoch);
    mhq_mutex_unlock(&scout->lock);
    mhq_scout_unref(scout);
}

/* ---- files ---- */

mhq_prospect *mhq_prospect_make(const mhq_calls *sys, const char *path, const char *path2)
{
    size_t n = strlen(path) + 1, n2 = path2 ? strlen(path2) + 1 : 0;
    mhq_prospect *p = sys->alloc(sizeof *p + n + n2);
    if (p == NULL)
        return NULL;
    memset(p, 0, sizeof *p);
    p->top = AT_FDCWD;
    memcpy(p->path, path, n);
    if (path2) {
        memcpy(p->path + n, path2, n2);
        p->path2 = n;
    }
    return p;
}

mhq_prospect *mhq_prospect_new(const mhq_calls *sys, uint64_t serial, const char *path,
                               const char *path2)
{
    mhq_prospect *p = mhq_prospect_make(sys, path, path2);
    if (p != NULL)
        p->serial = serial;
    return p;
}

void mhq_prospect_free(const mhq_calls *sys, mhq_prospect *p)
{
    if (p->extents != &p->one)
        sys->release(p->extents);
    sys->release(p->names);
    sys->release(p);
}

void mhq_prospect_link(mhq_prospect *last, mhq_prospect *next)
{
    last->next = next;
}

void mhq_scout_hand(mhq_scout *scout, mhq_prospect *first)
{
    mhq_prospect *last = first;
    while (last->next != NULL)
        last = last->next;
    mhq_mutex_lock(&scout->lock);
    if (scout->handed)
        scout->handed_last->next = first;
    else
        scout->handed = first;
    scout->handed_last = last;
    scout->no_more = 0;
    mhq_crew_wake(&scout->main_epoch);
    mhq_mutex_unlock(&scout->lock);
}

void mhq_scout_no_more(mhq_scout *scout)
{
    mhq_mutex_lock(&scout->lock);
    if (!scout->no_more) {
        scout->no_more = 1;
        mhq_crew_wake(&scout->main_epoch);
    }
    mhq_mutex_unlock(&scout->lock);
}

void mhq_scout_passed(mhq_scout *scout, uint64_t serial)
{
    mhq_store_rel(&scout->passed, serial); /* [passed] */
}

void mhq_crew_mood(mhq_scout *scout, enum mhq_mood mood, uint64_t until)
{
    scout->mood_until = until;
    mhq_store_rel(&scout->mood, (uint32_t)mood); /* [mood] */
}

enum mhq_mood mhq_scout_mood(mhq_scout *scout)
{
    enum mhq_mood mood = (enum mhq_mood)mhq_load_acq(&scout->mood); /* [mood] */
    if (mood != MHQ_SCOUT_OFF)
        return mood;
    mhq_mutex_lock(&scout->lock);
    if (mhq_load_rlx(&scout->mood) == MHQ_SCOUT_OFF && mhq_now() >= scout->mood_until) {
        scout->cached_in_a_row = 0;
        mhq_crew_mood(scout, MHQ_SCOUT_ACTIVE, 0);
    }
    mood = (enum mhq_mood)mhq_load_rlx(&scout->mood);
    mhq_mutex_unlock(&scout->lock);
    return mood;
}

/* ---- trees ---- */

void mhq_scout_tree_begin(mhq_scout *scout, const char *path, uint64_t device, uint64_t inode)
{
    size_t n = strlen(path) + 1;
    char *copy = scout->sys.alloc(n);
    if (copy == NULL)
        return;
    memcpy(copy, path, n);
    mhq_mutex_lock(&scout->lock);
    scout->sys.release(scout->tree_path); /* of a tree that was over before it was begun */
    scout->tree_path = copy;
    scout->tree_device = device;
    scout->tree_inode = inode;
    scout->trees = scout->trees + 1 ? scout->trees + 1 : 1;
    scout->tree = scout->trees;
    scout->tree_at = scout->tree_progress = 0;
    scout->tree_passed = UINT64_MAX; /* until something is found that is not in the cache */
    scout->tree_stalled = 0;
    mhq_crew_wake(&scout->main_epoch);
    mhq_mutex_unlock(&scout->lock);
}

void mhq_scout_tree_file(mhq_scout *scout)
{
    mhq_mutex_lock(&scout->lock);
    uint64_t mine = scout->tree_at, until = mhq_now() + STALL_NS;
    while (scout->tree && !scout->tree_stalled && scout->tree_passed <= mine) {
        uint64_t progress = scout->tree_progress, now = mhq_now();
        if (now >= until) {
            scout->tree_stalled = 1;
            break;
        }
        mhq_crew_wait(scout, &scout->tree_epoch, (int64_t)(until - now));
        if (scout->tree_progress != progress)
            until = mhq_now() + STALL_NS;
    }
    scout->tree_at = mine + 1;
    /* The main thread looks by itself every few milliseconds where it waits for the copy. */
    mhq_mutex_unlock(&scout->lock);
}

void mhq_scout_tree_end(mhq_scout *scout)
{
    mhq_mutex_lock(&scout->lock);
    if (scout->tree) {
        scout->tree = 0;
        mhq_crew_wake(&scout->main_epoch);
        settle(scout, 1, MHQ_SCOUT_SETTLE_NS);
    }
    mhq_mutex_unlock(&scout->lock);
}

/* ---- counters ---- */

void mhq_scout_count(mhq_scout *scout, mhq_scout_counts *counts)
{
    *counts = (mhq_scout_counts){
        .files = mhq_load_rlx(&scout->files),
        .bytes = mhq_load_rlx(&scout->bytes),
        .passed_over = mhq_load_rlx(&scout->passed_over),
        .windows = mhq_load_rlx(&scout->windows),
    };
}
