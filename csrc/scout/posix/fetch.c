/* scout/posix/fetch.c - the main thread: fetches a window in the disk's order. See
 * scout/posix/crew.h.
 *
 * All extents are sorted by place and asked for in pieces. So many are outstanding that the drive always
 * has its queue full; among those it takes what it reaches soonest.
 */
#include "scout/posix/crew.h"

#include <stdlib.h>
#include <string.h>

#define SAMPLE_EVERY 32     /* pieces */
#define GONE_IN_A_ROW 2     /* samples; one may be missing because the system did not read it */
#define KEPT_TO_GROW 4      /* windows */
/* It asks for more when no more than this is left of MHQ_OUTSTANDING. */
#define REFILL (MHQ_OUTSTANDING * 7 / 8)

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

size_t mhq_prospect_pieces(const mhq_prospect *p)
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
        *n += mhq_prospect_pieces(files->list[i]);
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
    size_t at = o->count / 2;
    (void)has_come(scout, o->list[at], 1);
    memmove(o->list + at, o->list + at + 1, (--o->count - at) * sizeof *o->list);
}

/* Has it come, and been thrown out before its use? */
static int is_gone(mhq_scout *scout, const outstanding *o, const piece *which)
{
    for (size_t i = 0; i < o->count; i++)
        if (o->list[i] == which)
            return 0;
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

/* For many at once: each look goes through all that are outstanding. */
static void make_room(mhq_sweep *sweep, outstanding *o, uint32_t tree)
{
    while (o->count > REFILL && mhq_sweep_goes_on(sweep, tree))
        await_one(sweep->scout, o);
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
    unsigned gone = 0;
    outstanding o = {.count = 0};
    for (; i < n && mhq_sweep_goes_on(sweep, tree); i++) {
        if (o.count == MHQ_OUTSTANDING)
            make_room(sweep, &o, tree);
        fetch(scout, &pieces[i]);
        o.list[o.count++] = &pieces[i];
        note_progress(scout, tree);
        if (i <= 2 * MHQ_OUTSTANDING || i % SAMPLE_EVERY != 0)
            continue;
        const piece *sample = &pieces[(i * 7919) % (i - 2 * MHQ_OUTSTANDING)];
        gone = is_gone(scout, &o, sample) ? gone + 1 : 0;
        if (gone == GONE_IN_A_ROW) {
            sweep->window /= 2;
            sweep->kept = 0;
            break;
        }
    }
    /* All of them: with the next window behind it, the drive would leave the last ones aside for
     * seconds, and the operations come to them first. */
    while (o.count && mhq_sweep_goes_on(sweep, tree)) {
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
