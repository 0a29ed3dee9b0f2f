/* scout/posix/sweep.c - the main thread: windows. See scout/posix/crew.h.
 *
 * A window is fetched when it is full, or when no more comes. While it is fetched the openers look at
 * the files of the next. At most two windows are fetched and not read: the third waits until the
 * first has been passed. Where nothing is fetched that is not read, the operations wait for the disk:
 * then the first window is a small one, so that they have something to do while the next is swept.
 */
#include "scout/posix/crew.h"

#include <string.h>

#define LOOK_NS INT64_C(10000000)       /* between two looks at how far the operations are */
#define AGE_NS UINT64_C(30000000)       /* so long a window waits for more */
/* With openers that make no progress: on a busy disk one read may take that long. */
#define PATIENCE_NS UINT64_C(1000000000)
#define MEMORY_NS UINT64_C(10000000000) /* without memory: not again for so long */
#define ROOM_LEAST ((uint64_t)1 << 20)  /* bytes: less is no window */
#define FIRST_WINDOW 64u                /* files */

/* ---- files ---- */

int mhq_files_add(mhq_scout *scout, mhq_files *files, mhq_prospect *p)
{
    if (files->count == files->room) {
        size_t room = files->room ? 2 * files->room : 256;
        mhq_prospect **list = scout->sys.resize(files->list, room * sizeof *list);
        if (list == NULL)
            return 0;
        files->list = list;
        files->room = room;
    }
    files->list[files->count++] = p;
    return 1;
}

void mhq_files_drop(mhq_scout *scout, mhq_files *files, size_t count)
{
    for (size_t i = 0; i < count; i++)
        mhq_prospect_free(&scout->sys, files->list[i]);
    files->count -= count;
    if (count)
        memmove(files->list, files->list + count, files->count * sizeof *files->list);
}

void mhq_sweep_order(mhq_scout *scout, mhq_prospect *chain, mhq_prospect *last, uint32_t count)
{
    mhq_mutex_lock(&scout->lock);
    if (scout->work)
        scout->work_last->next = chain;
    else
        scout->work = chain;
    scout->work_last = last;
    scout->pending += count;
    mhq_crew_wake(&scout->work_epoch);
    mhq_mutex_unlock(&scout->lock);
}

/* What was handed over goes to the openers, and is noted. */
static void take_handed(mhq_sweep *sweep)
{
    mhq_scout *scout = sweep->scout;
    mhq_mutex_lock(&scout->lock);
    mhq_prospect *chain = scout->handed;
    scout->handed = NULL;
    mhq_mutex_unlock(&scout->lock);
    mhq_prospect *first = NULL, *last = NULL;
    uint32_t count = 0;
    if (chain)
        sweep->grew_at = mhq_now();
    for (mhq_prospect *p = chain, *next; p; p = next) {
        next = p->next;
        p->next = NULL;
        if (!mhq_files_add(scout, &sweep->files, p)) {
            mhq_prospect_free(&scout->sys, p);
            continue;
        }
        if (last)
            last->next = p;
        else
            first = p;
        last = p;
        count++;
    }
    if (count)
        mhq_sweep_order(scout, first, last, count);
}

/* With the lock held: no thread has begun with these. */
static void take_back_work(mhq_scout *scout)
{
    for (mhq_prospect *p = scout->work; p; p = p->next) {
        p->verdict = MHQ_NOT_WORTH;
        p->state = MHQ_FOUND;
    }
    scout->work = NULL;
}

/* Keeps what has come back, leaves the rest to its openers. */
static void abandon(mhq_scout *scout, mhq_files *files)
{
    size_t kept = 0;
    mhq_mutex_lock(&scout->lock);
    take_back_work(scout);
    scout->pending = 0;
    for (size_t i = 0; i < files->count; i++) {
        mhq_prospect *p = files->list[i];
        if (p->state == MHQ_FOUND)
            files->list[kept++] = p;
        else
            p->state = MHQ_ABANDONED;
    }
    files->count = kept;
    mhq_mutex_unlock(&scout->lock);
}

/* With the lock held: how many of the first files have come back, up to `most`. */
static size_t found(const mhq_files *files, size_t most)
{
    size_t n = 0;
    while (n < files->count && n < most && files->list[n]->state == MHQ_FOUND)
        n++;
    return n;
}

int mhq_sweep_collect(mhq_scout *scout, mhq_files *files, size_t first, uint64_t patience,
                      uint32_t tree)
{
    mhq_mutex_lock(&scout->lock);
    uint64_t progress = scout->located, until = mhq_now() + patience;
    while (scout->pending && found(files, first) < first && !mhq_crew_stopped(scout)
           && (!tree || tree == scout->tree)) {
        uint64_t now = mhq_now();
        if (scout->located != progress) {
            progress = scout->located;
            until = now + patience;
            scout->tree_progress++;
            mhq_crew_wake(&scout->tree_epoch);
        }
        if (now >= until)
            break;
        mhq_crew_wait(scout, &scout->main_epoch, LOOK_NS);
    }
    int left = found(files, first) < first && scout->pending != 0;
    int go_on = !mhq_crew_stopped(scout) && (!tree || tree == scout->tree);
    mhq_mutex_unlock(&scout->lock);
    if (left)
        abandon(scout, files);
    return go_on;
}

/* ---- windows ---- */

int mhq_sweep_goes_on(mhq_sweep *sweep, uint32_t tree)
{
    mhq_scout *scout = sweep->scout;
    mhq_mutex_lock(&scout->lock);
    int on = !mhq_crew_stopped(scout) && (!tree || tree == scout->tree);
    int handed = scout->handed != NULL;
    mhq_mutex_unlock(&scout->lock);
    if (on && handed && !tree)
        take_handed(sweep);
    return on;
}

/* What may be fetched beside the windows that the operations, at `passed`, have not read yet. */
static uint64_t room_beside(const mhq_sweep *sweep, uint64_t passed)
{
    uint64_t taken = 0;
    for (int i = 0; i < 2; i++)
        if (sweep->windows[i].end > passed)
            taken += sweep->windows[i].bytes;
    return taken < sweep->room_bytes ? sweep->room_bytes - taken : 0;
}

size_t mhq_sweep_cut(const mhq_sweep *sweep, const mhq_files *files, size_t window,
                     uint64_t passed)
{
    uint64_t bytes = 0, room = room_beside(sweep, passed);
    size_t n = 0, large = 0;
    while (n < files->count && n < window) {
        const mhq_prospect *p = files->list[n];
        if (p->size > MHQ_LARGE_BYTES && ++large > 2)
            break;
        bytes += p->size;
        if (bytes > room)
            break;
        n++;
    }
    return n;
}

int mhq_sweep_memory(mhq_sweep *sweep)
{
    mhq_scout *scout = sweep->scout;
    uint64_t room = mhq_memory_room(&scout->sys);
    if (room > scout->limit_bytes)
        room = scout->limit_bytes;
    sweep->room_bytes = room;
    if (room >= ROOM_LEAST && sweep->window >= MHQ_PIECES_LEAST)
        return 1;
    sweep->window = scout->ahead; /* when it begins anew */
    mhq_mutex_lock(&scout->lock);
    mhq_crew_mood(scout, MHQ_SCOUT_OFF, mhq_now() + MEMORY_NS);
    mhq_mutex_unlock(&scout->lock);
    return 0;
}

static int is_slow(mhq_scout *scout, uint64_t id)
{
    mhq_mutex_lock(&scout->lock);
    const mhq_device *d = mhq_device_find(&scout->devices, id);
    int slow = d != NULL && d->state == MHQ_DEVICE_ON;
    mhq_mutex_unlock(&scout->lock);
    return slow;
}

/* Leaves out what has been read meanwhile, what was not worth it, and what lies on a disk that has not
 * been timed to the end. Only the files that have come back before any that has not. How many are left
 * of those. */
static size_t sift(mhq_sweep *sweep)
{
    mhq_scout *scout = sweep->scout;
    mhq_files *files = &sweep->files;
    size_t kept = 0;
    mhq_mutex_lock(&scout->lock);
    size_t back = found(files, files->count);
    mhq_mutex_unlock(&scout->lock);
    for (size_t i = 0; i < back; i++) {
        mhq_prospect *p = files->list[i];
        if (p->verdict == MHQ_WORTH && is_slow(scout, p->device)
            && p->serial >= mhq_load_acq(&scout->passed)) /* [passed] */
            files->list[kept++] = p;
        else
            mhq_prospect_free(&scout->sys, p);
    }
    memmove(files->list + kept, files->list + back, (files->count - back) * sizeof *files->list);
    files->count -= back - kept;
    return kept;
}

static int enough_pieces(const mhq_files *files, size_t count)
{
    size_t n = 0;
    for (size_t i = 0; i < count && n < MHQ_PIECES_LEAST; i++)
        n += mhq_prospect_pieces(files->list[i]);
    return n >= MHQ_PIECES_LEAST;
}

/* Is the window of the first `count` to be fetched now, of `back` that have come back and at most `most`
 * in a window? */
static int is_ready(mhq_sweep *sweep, size_t count, size_t back, size_t most, int no_more)
{
    uint64_t passed = mhq_load_acq(&sweep->scout->passed); /* [passed] */
    if (sweep->windows[0].end > passed || count == 0)
        return 0; /* two windows are there and not read yet, or one that takes all the room */
    int full = count < back || count >= most;
    int follows = sweep->windows[1].end > passed;
    if (!full && back < sweep->files.count)
        return 0; /* others are about to come back */
    if (follows && full && count < sweep->window / 2)
        return 0; /* there will be more room */
    if (!full && !follows && !enough_pieces(&sweep->files, count))
        return 0;
    int waits = !follows || sweep->began; /* for nothing but more files */
    return full || no_more || (waits && mhq_now() - sweep->grew_at > AGE_NS);
}

static int has_more(mhq_scout *scout)
{
    mhq_mutex_lock(&scout->lock);
    int more = scout->handed != NULL;
    mhq_mutex_unlock(&scout->lock);
    return more;
}

void mhq_sweep_note(mhq_sweep *sweep, uint64_t end, uint64_t bytes)
{
    sweep->windows[0] = sweep->windows[1];
    sweep->windows[1].end = end;
    sweep->windows[1].bytes = bytes;
}

/* Files of the next window, at most. */
static size_t window_files(const mhq_sweep *sweep, uint64_t passed)
{
    int follows = sweep->windows[1].end > passed;
    return follows || sweep->window < FIRST_WINDOW ? sweep->window : FIRST_WINDOW;
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Takes the first `count` files out and fetches them. */
static void fetch_window(mhq_sweep *sweep, size_t count, uint64_t passed)
{
    mhq_scout *scout = sweep->scout;
    mhq_files window = {.count = 0};
    uint64_t bytes = 0;
    for (size_t i = 0; i < count; i++) {
        bytes += sweep->files.list[i]->size;
        if (!mhq_files_add(scout, &window, sweep->files.list[i]))
            count = i;
    }
    memmove(sweep->files.list, sweep->files.list + count,
            (sweep->files.count - count) * sizeof *sweep->files.list);
    sweep->files.count -= count;
    sweep->began = sweep->windows[1].end <= passed;
    mhq_sweep_note(sweep, count ? window.list[count - 1]->serial + 1 : 0, bytes);
    mhq_sweep_fetch(sweep, &window, count);
    mhq_files_drop(scout, &window, window.count);
    scout->sys.release(window.list);
}

/* One look at what there is. 0: nothing to do for now. */
static int sweep_once(mhq_sweep *sweep, int no_more)
{
    mhq_scout *scout = sweep->scout;
    uint64_t passed = mhq_load_acq(&scout->passed); /* [passed] */
    size_t most = window_files(sweep, passed);
    if (sweep->files.count == 0
        || !mhq_sweep_collect(scout, &sweep->files, most, PATIENCE_NS, 0))
        return 0;
    size_t back = sift(sweep);
    if (back < most && has_more(scout))
        return 1;
    size_t count = mhq_sweep_cut(sweep, &sweep->files, smaller(back, most), passed);
    if (!is_ready(sweep, count, back, most, no_more))
        return 0;
    if (!mhq_sweep_memory(sweep)) {
        (void)mhq_sweep_collect(scout, &sweep->files, MHQ_ALL, PATIENCE_NS, 0);
        mhq_files_drop(scout, &sweep->files, sweep->files.count);
        return 0;
    }
    count = mhq_sweep_cut(sweep, &sweep->files, smaller(back, most), passed);
    fetch_window(sweep, count, passed);
    return 1;
}

/* ---- the thread ---- */

/* Sanitizers report on descriptor 2, and take one number for one file. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define OWN_DESCRIPTORS 0
#else
#define OWN_DESCRIPTORS 1
#endif

static uint32_t start_openers(mhq_scout *scout)
{
    uint32_t started = 0;
    for (int i = 0; i < MHQ_OPENERS; i++) {
        mhq_thread thread;
        mhq_add_sc(&scout->references, 1);
        if (scout->sys.thread_start(&thread, mhq_opener_main, scout, "mhddq-opener") == 0) {
            mhq_thread_detach(thread);
            started++;
        } else {
            mhq_sub_sc(&scout->references, 1); /* not the last: this thread has one */
        }
    }
    return started;
}

static void run(mhq_sweep *sweep)
{
    mhq_scout *scout = sweep->scout;
    mhq_mutex_lock(&scout->lock);
    while (!mhq_crew_stopped(scout)) {
        int handed = scout->handed != NULL, no_more = scout->no_more;
        int tree = scout->tree_path != NULL;
        mhq_mutex_unlock(&scout->lock);
        if (handed)
            take_handed(sweep);
        int busy = tree ? (mhq_tree_scout(sweep), 1) : sweep_once(sweep, no_more);
        mhq_mutex_lock(&scout->lock);
        if (!busy && !scout->handed && !scout->tree_path && !mhq_crew_stopped(scout))
            mhq_crew_wait(scout, &scout->main_epoch, sweep->files.count ? LOOK_NS : -1);
    }
    mhq_mutex_unlock(&scout->lock);
}

void *mhq_scout_main(void *argument)
{
    mhq_scout *scout = argument;
    mhq_sweep sweep = {.scout = scout, .window = scout->ahead};
    /* Closing a descriptor would take the process's record locks on the file away, and a child would
     * inherit what is open: so the scout has a table of its own, if the system can do that. */
    if (OWN_DESCRIPTORS)
        (void)scout->sys.private_descriptors(0);
    if (start_openers(scout) == 0) {
        mhq_mutex_lock(&scout->lock);
        mhq_crew_mood(scout, MHQ_SCOUT_OFF, UINT64_MAX);
        mhq_mutex_unlock(&scout->lock);
    } else {
        sweep.room_bytes = scout->limit_bytes;
        run(&sweep);
        (void)mhq_sweep_collect(scout, &sweep.files, MHQ_ALL, 0, 0);
    }
    mhq_files_drop(scout, &sweep.files, sweep.files.count);
    scout->sys.release(sweep.files.list);
    mhq_scout_unref(scout);
    return NULL;
}
