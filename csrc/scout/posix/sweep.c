/* scout/posix/sweep.c - the main thread: windows, sorting, fetching. See scout/posix/crew.h.
 *
 * A window is fetched when it is full, or when no more comes. While it is fetched the openers look at
 * the files of the next. At most two windows are fetched and not read: the third waits until the
 * first has been passed.
 */
#include "scout/posix/crew.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LOOK_NS INT64_C(10000000)       /* between two looks at how far the operations are */
#define AGE_NS UINT64_C(30000000)       /* so long a window waits for more */
#define PATIENCE_NS UINT64_C(100000000) /* with openers that make no progress */
#define MEMORY_NS UINT64_C(10000000000) /* without memory: not again for so long */
#define ROOM_LEAST ((uint64_t)1 << 20)  /* bytes: less is no window */
#define DRIVE_QUEUE 32                  /* requests that a drive chooses from */
#define SAMPLE_EVERY 32                 /* pieces */
#define KEPT_TO_GROW 4                  /* windows */

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

int mhq_sweep_collect(mhq_scout *scout, mhq_files *files, uint64_t patience, uint32_t tree)
{
    mhq_mutex_lock(&scout->lock);
    uint64_t progress = scout->located, until = mhq_now() + patience;
    int waited_out = 0;
    while (scout->pending && !mhq_crew_stopped(scout) && (!tree || tree == scout->tree)) {
        uint64_t now = mhq_now();
        if (scout->located != progress) {
            progress = scout->located;
            until = now + patience;
            scout->tree_progress++;
            mhq_crew_wake(&scout->tree_epoch);
        }
        if (now >= until) {
            waited_out = 1;
            break;
        }
        mhq_crew_wait(scout, &scout->main_epoch, LOOK_NS);
    }
    int left = scout->pending != 0;
    int go_on = !mhq_crew_stopped(scout) && (!tree || tree == scout->tree);
    mhq_mutex_unlock(&scout->lock);
    if (left || waited_out)
        abandon(scout, files);
    return go_on;
}

/* ---- sorting ---- */

typedef struct piece {
    mhq_prospect *file;
    uint64_t physical, at, length;
} piece;

static int by_place(const void *a, const void *b)
{
    const piece *x = a, *y = b;
    if (x->file->device != y->file->device)
        return x->file->device < y->file->device ? -1 : 1;
    if (x->physical != y->physical)
        return x->physical < y->physical ? -1 : 1;
    return (x->at > y->at) - (x->at < y->at);
}

static size_t pieces_of(const mhq_prospect *p)
{
    size_t n = 0;
    for (size_t i = 0; i < p->count; i++)
        n += (size_t)((p->extents[i].length + MHQ_PIECE_BYTES - 1) / MHQ_PIECE_BYTES);
    return n;
}

/* NULL: no memory. */
static piece *sorted_pieces(mhq_scout *scout, const mhq_files *files, size_t count, size_t *n)
{
    *n = 0;
    for (size_t i = 0; i < count; i++)
        *n += pieces_of(files->list[i]);
    piece *pieces = scout->sys.alloc((*n + 1) * sizeof *pieces), *to = pieces;
    if (pieces == NULL)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        mhq_prospect *p = files->list[i];
        for (size_t j = 0; j < p->count; j++) {
            const mhq_extent *e = &p->extents[j];
            for (uint64_t done = 0; done < e->length; done += MHQ_PIECE_BYTES) {
                uint64_t rest = e->length - done;
                *to++ = (piece){p, e->physical + done, e->at + done,
                                rest < MHQ_PIECE_BYTES ? rest : MHQ_PIECE_BYTES};
            }
        }
    }
    qsort(pieces, *n, sizeof *pieces, by_place);
    return pieces;
}

/* ---- fetching ---- */

/* The file, if it is still the same, and still ahead. -1: none, and nothing is counted. */
static int reopen(mhq_scout *scout, const mhq_prospect *p)
{
    struct stat st;
    if (!mhq_crew_enter(scout, p)) /* S2 */
        return -1;
    int fd = mhq_prospect_open(&scout->sys, p, 0);
    if (fd >= 0 && scout->sys.fstat(fd, &st) == 0 && (uint64_t)st.st_dev == p->device
        && (uint64_t)st.st_ino == p->inode && (uint64_t)st.st_size >= p->size)
        return fd;
    if (fd >= 0)
        (void)scout->sys.close(fd);
    mhq_crew_leave(scout, p);
    return -1;
}

static void shut(mhq_scout *scout, const mhq_prospect *p, int fd)
{
    (void)scout->sys.close(fd);
    mhq_crew_leave(scout, p);
}

static void fetch(mhq_scout *scout, const piece *which)
{
    int fd = reopen(scout, which->file);
    if (fd < 0)
        return;
    if (scout->sys.will_need(fd, (off_t)which->at, (off_t)which->length) == 0)
        mhq_add_rlx(&scout->bytes, which->length);
    shut(scout, which->file, fd);
}

/* Has it come? It was asked for, so the page that is looked at is there, or on its way. patient: waits
 * for it. */
static int has_come(mhq_scout *scout, const piece *which, int patient)
{
    char byte;
    off_t last = (off_t)(which->at + which->length - 1);
    int fd = reopen(scout, which->file), come = 1;
    if (fd < 0)
        return 1;
    if (patient)
        (void)scout->sys.pread(fd, &byte, 1, last);
    else
        come = scout->sys.has_come(fd, last) == 1;
    shut(scout, which->file, fd);
    return come;
}

/* What the disk has been asked for and has not brought yet, the oldest first. */
typedef struct outstanding {
    const piece *list[MHQ_OUTSTANDING];
    size_t count;
} outstanding;

static void strike_out(mhq_scout *scout, outstanding *o)
{
    size_t kept = 0;
    for (size_t i = 0; i < o->count; i++)
        if (!has_come(scout, o->list[i], 0))
            o->list[kept++] = o->list[i];
    o->count = kept;
}

/* Until at least one has come. It is not the oldest that is waited for: where the drive leaves one aside
 * for long, it would have nothing else to do in the end. */
static void await_one(mhq_scout *scout, outstanding *o)
{
    size_t count = o->count;
    strike_out(scout, o);
    if (o->count < count || count == 0)
        return;
    size_t at = o->count < DRIVE_QUEUE ? o->count / 2 : DRIVE_QUEUE / 2;
    (void)has_come(scout, o->list[at], 1);
    memmove(o->list + at, o->list + at + 1, (--o->count - at) * sizeof *o->list);
}

/* Has something that had come been thrown out before its use? */
static int is_gone(mhq_scout *scout, const piece *which)
{
    int fd = reopen(scout, which->file);
    if (fd < 0)
        return 0;
    int gone = scout->sys.cached(fd, (off_t)which->at, (off_t)which->length) == 0;
    shut(scout, which->file, fd);
    mhq_mutex_lock(&scout->lock);
    gone = gone && mhq_crew_ahead(scout, which->file);
    mhq_mutex_unlock(&scout->lock);
    return gone;
}

static void note_progress(mhq_scout *scout, uint32_t tree)
{
    if (!tree)
        return;
    mhq_mutex_lock(&scout->lock);
    scout->tree_progress++;
    mhq_crew_wake(&scout->tree_epoch);
    mhq_mutex_unlock(&scout->lock);
}

/* 1: still wanted, and the next window's files are on their way to the openers. */
static int goes_on(mhq_sweep *sweep, uint32_t tree)
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

void mhq_sweep_fetch(mhq_sweep *sweep, const mhq_files *files, size_t count)
{
    mhq_scout *scout = sweep->scout;
    size_t n;
    uint32_t tree = count ? files->list[0]->tree : 0;
    piece *pieces = sorted_pieces(scout, files, count, &n);
    if (pieces == NULL)
        return;
    mhq_add_rlx(&scout->files, count);
    mhq_add_rlx(&scout->windows, 1);
    size_t i = 0;
    outstanding o = {.count = 0};
    for (; i < n && goes_on(sweep, tree); i++) {
        if (o.count == MHQ_OUTSTANDING)
            await_one(scout, &o);
        fetch(scout, &pieces[i]);
        o.list[o.count++] = &pieces[i];
        note_progress(scout, tree);
        /* One of those that have come. */
        if (i > 2 * MHQ_OUTSTANDING && i % SAMPLE_EVERY == 0
            && is_gone(scout, &pieces[(i * 7919) % (i - 2 * MHQ_OUTSTANDING)])) {
            sweep->window /= 2;
            sweep->kept = 0;
            break;
        }
    }
    while (o.count && goes_on(sweep, tree)) {
        size_t before = o.count;
        await_one(scout, &o);
        if (o.count < before)
            note_progress(scout, tree);
    }
    if (++sweep->kept >= KEPT_TO_GROW && sweep->window < scout->ahead) {
        sweep->window = 2 * sweep->window < scout->ahead ? 2 * sweep->window : scout->ahead;
        sweep->kept = 0;
    }
    scout->sys.release(pieces);
}

/* ---- windows ---- */

/* What may be fetched beside the windows that the operations, at `passed`, have not read yet. */
static uint64_t room_beside(const mhq_sweep *sweep, uint64_t passed)
{
    uint64_t taken = 0;
    for (int i = 0; i < 2; i++)
        if (sweep->windows[i].end > passed)
            taken += sweep->windows[i].bytes;
    return taken < sweep->room_bytes ? sweep->room_bytes - taken : 0;
}

size_t mhq_sweep_cut(const mhq_sweep *sweep, const mhq_files *files, uint32_t window,
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
 * been timed to the end. All have come back. */
static void sift(mhq_sweep *sweep)
{
    mhq_scout *scout = sweep->scout;
    mhq_files *files = &sweep->files;
    size_t kept = 0;
    for (size_t i = 0; i < files->count; i++) {
        mhq_prospect *p = files->list[i];
        if (p->verdict == MHQ_WORTH && is_slow(scout, p->device)
            && p->serial >= mhq_load_acq(&scout->passed)) /* [passed] */
            files->list[kept++] = p;
        else
            mhq_prospect_free(&scout->sys, p);
    }
    files->count = kept;
}

static int enough_pieces(const mhq_files *files, size_t count)
{
    size_t n = 0;
    for (size_t i = 0; i < count && n < MHQ_PIECES_LEAST; i++)
        n += pieces_of(files->list[i]);
    return n >= MHQ_PIECES_LEAST;
}

/* Is the window of the first `count` to be fetched now? */
static int is_ready(mhq_sweep *sweep, size_t count, int no_more)
{
    uint64_t passed = mhq_load_acq(&sweep->scout->passed); /* [passed] */
    if (sweep->windows[0].end > passed || count == 0)
        return 0; /* two windows are there and not read yet, or one that takes all the room */
    int full = count < sweep->files.count || count >= sweep->window;
    int follows = sweep->windows[1].end > passed;
    if (follows && full && count < sweep->window / 2)
        return 0; /* there will be more room */
    if (!full && !follows && !enough_pieces(&sweep->files, count))
        return 0;
    return full || no_more || (!follows && mhq_now() - sweep->grew_at > AGE_NS);
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

/* One look at what there is. 0: nothing to do for now. */
static int sweep_once(mhq_sweep *sweep, int no_more)
{
    mhq_scout *scout = sweep->scout;
    if (sweep->files.count == 0 || !mhq_sweep_collect(scout, &sweep->files, PATIENCE_NS, 0))
        return 0;
    sift(sweep);
    uint64_t passed = mhq_load_acq(&scout->passed); /* [passed] */
    size_t count = mhq_sweep_cut(sweep, &sweep->files, sweep->window, passed);
    if (sweep->files.count < sweep->window && has_more(scout))
        return 1;
    if (!is_ready(sweep, count, no_more))
        return 0;
    if (!mhq_sweep_memory(sweep)) {
        mhq_files_drop(scout, &sweep->files, sweep->files.count);
        return 0;
    }
    mhq_files window = {.count = 0};
    count = mhq_sweep_cut(sweep, &sweep->files, sweep->window, passed);
    uint64_t bytes = 0;
    for (size_t i = 0; i < count; i++) {
        bytes += sweep->files.list[i]->size;
        if (!mhq_files_add(scout, &window, sweep->files.list[i]))
            count = i;
    }
    memmove(sweep->files.list, sweep->files.list + count,
            (sweep->files.count - count) * sizeof *sweep->files.list);
    sweep->files.count -= count;
    mhq_sweep_note(sweep, count ? window.list[count - 1]->serial + 1 : 0, bytes);
    mhq_sweep_fetch(sweep, &window, count);
    mhq_files_drop(scout, &window, window.count);
    scout->sys.release(window.list);
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
        (void)mhq_sweep_collect(scout, &sweep.files, 0, 0);
    }
    mhq_files_drop(scout, &sweep.files, sweep.files.count);
    scout->sys.release(sweep.files.list);
    mhq_scout_unref(scout);
    return NULL;
}
