/* scout/posix/tree.c - the main thread: a tree that is copied. See scout/posix/crew.h.
 *
 * The copy's order is known: of each directory the files as they are listed, then its
 * subdirectories. So the scout lists directories ahead, a level at a time in the order of their inodes,
 * and makes windows of files in the copy's order; the openers look at a window's files in the order of
 * their inodes, and their extents are fetched in the order of the disk. Listings are trusted
 * here only: the copy has its own traversal. Nothing is opened through a link or in another mount.
 */
#include "scout/posix/crew.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#define LOOK_NS INT64_C(10000000)
#define PATIENCE_NS UINT64_C(500000000)

enum listing { UNLISTED, LISTED, UNLISTABLE };

typedef struct directory {
    char *path;                 /* below the top; "" is the top */
    uint64_t inode;
    enum listing state;
    char *names;                /* as mhq_name */
    size_t bytes, at;           /* at: the next that has not been in a window */
    size_t first, count, next;  /* its subdirectories, and the next to visit */
} directory;

typedef struct walk {
    mhq_sweep *sweep;
    mhq_scout *scout;
    uint32_t tree;
    int top;
    uint64_t device;
    directory *dirs;
    size_t count, room;
    size_t *stack;              /* where the copy's walk is */
    size_t depth, stack_room;
    size_t held;                /* names that are kept */
    uint64_t serial;            /* of the next file */
    uint64_t passed;            /* files that the copy need not wait for */
    int cold;                   /* something was not in the cache */
} walk;

static int on(walk *w)
{
    mhq_mutex_lock(&w->scout->lock);
    int still = !mhq_crew_stopped(w->scout) && w->scout->tree == w->tree;
    mhq_mutex_unlock(&w->scout->lock);
    return still;
}

static char *join(walk *w, const char *path, const char *name)
{
    size_t n = strlen(path), m = strlen(name) + 1;
    char *to = w->scout->sys.alloc(n + 1 + m);
    if (to == NULL)
        return NULL;
    memcpy(to, path, n);
    if (n)
        to[n++] = '/';
    memcpy(to + n, name, m);
    return to;
}

static int add_directory(walk *w, char *path, uint64_t inode)
{
    if (path != NULL && w->count == w->room) {
        size_t room = w->room ? 2 * w->room : 64;
        directory *more = w->scout->sys.resize(w->dirs, room * sizeof *more);
        if (more != NULL) {
            w->dirs = more;
            w->room = room;
        }
    }
    if (path == NULL || w->count == w->room) {
        w->scout->sys.release(path);
        return 0;
    }
    w->dirs[w->count++] = (directory){.path = path, .inode = inode};
    return 1;
}

static mhq_name name_at(const char *names, size_t at, const char **text)
{
    mhq_name entry;
    memcpy(&entry.inode, names + at, sizeof entry.inode);
    entry.kind = (uint8_t)names[at + sizeof entry.inode];
    *text = names + at + MHQ_NAME_BYTES;
    return entry;
}

static size_t name_bytes(const char *text)
{
    return MHQ_NAME_BYTES + strlen(text) + 1;
}

/* ---- what the openers are asked ---- */

static int by_order(const void *a, const void *b)
{
    const mhq_prospect *const *x = a, *const *y = b;
    return ((*x)->order > (*y)->order) - ((*x)->order < (*y)->order);
}

static mhq_prospect *new_prospect(walk *w, const char *path, uint64_t inode)
{
    mhq_prospect *p = mhq_prospect_make(&w->scout->sys, path, NULL);
    if (p != NULL) {
        p->tree = w->tree;
        p->top = w->top;
        p->order = inode;
        p->device = w->device;
    }
    return p;
}

/* Every `step`-th, or all but those (step negative), in the order of the inodes. 0: the tree is over. */
static int ask(walk *w, mhq_files *files, long step)
{
    mhq_scout *scout = w->scout;
    mhq_prospect **sorted = scout->sys.alloc((files->count + 1) * sizeof *sorted);
    size_t n = 0;
    if (sorted == NULL)
        return 0;
    for (size_t i = 0; i < files->count; i++)
        if (step > 0 ? i % (size_t)step == 0 : i % (size_t)-step != 0)
            sorted[n++] = files->list[i];
    qsort(sorted, n, sizeof *sorted, by_order);
    for (size_t i = 0; i < n; i++)
        sorted[i]->next = i + 1 < n ? sorted[i + 1] : NULL;
    if (n)
        mhq_sweep_order(scout, sorted[0], sorted[n - 1], (uint32_t)n);
    scout->sys.release(sorted);
    return 1;
}

/* ---- listing ---- */

/* Something had to be read from the disk: from here on the copy waits for what is not passed. */
static void be_cold(walk *w)
{
    if (w->cold)
        return;
    w->cold = 1;
    mhq_mutex_lock(&w->scout->lock);
    if (w->scout->tree == w->tree)
        w->scout->tree_passed = w->passed;
    mhq_mutex_unlock(&w->scout->lock);
}

static void take_listing(walk *w, size_t at, mhq_prospect *p)
{
    directory *d = &w->dirs[at];
    if (p->verdict != MHQ_WORTH)
        return;
    if (p->size >= MHQ_PROBE_NS)
        be_cold(w);
    d->names = p->names;
    d->bytes = p->names_bytes;
    p->names = NULL;
    d->state = LISTED;
    size_t first = w->count;
    for (size_t i = 0; i < d->bytes;) {
        const char *text;
        mhq_name entry = name_at(w->dirs[at].names, i, &text);
        i += name_bytes(text);
        w->held++;
        if (entry.kind == DT_DIR && !add_directory(w, join(w, w->dirs[at].path, text), entry.inode))
            break;
        d = &w->dirs[at]; /* it may have moved */
    }
    d->first = d->next = first;
    d->count = w->count - first;
}

/* Directories `from` to `to`: one level. 0: the tree is over. */
static int list_level(walk *w, size_t from, size_t to)
{
    mhq_scout *scout = w->scout;
    mhq_files listings = {.count = 0};
    for (size_t i = from; i < to; i++) {
        directory *d = &w->dirs[i];
        mhq_prospect *p = new_prospect(w, *d->path ? d->path : ".", d->inode);
        d->state = UNLISTABLE; /* unless it turns out otherwise */
        if (p == NULL)
            continue;
        p->listing = 1;
        p->serial = i;
        if (!mhq_files_add(scout, &listings, p))
            mhq_prospect_free(&scout->sys, p);
    }
    int go_on = ask(w, &listings, 1)
                && mhq_sweep_collect(scout, &listings, MHQ_ALL, PATIENCE_NS, w->tree);
    for (size_t i = 0; i < listings.count && go_on; i++)
        take_listing(w, (size_t)listings.list[i]->serial, listings.list[i]);
    mhq_files_drop(scout, &listings, listings.count);
    scout->sys.release(listings.list);
    return go_on;
}

/* A directory and what is below, level by level, until so much is kept that it will do for a while. */
static int list_below(walk *w, size_t at)
{
    size_t from = at, to = at + 1;
    while (from < to) {
        size_t end = w->count;
        if (!list_level(w, from, to))
            return 0;
        from = end;
        to = w->count;
        if (w->held >= MHQ_TREE_NAMES)
            break;
    }
    return 1;
}

/* ---- the copy's walk ---- */

static int push(walk *w, size_t at)
{
    if (w->depth == w->stack_room) {
        size_t room = w->stack_room ? 2 * w->stack_room : 32;
        size_t *more = w->scout->sys.resize(w->stack, room * sizeof *more);
        if (more == NULL)
            return 0;
        w->stack = more;
        w->stack_room = room;
    }
    w->stack[w->depth++] = at;
    return 1;
}

static void forget_names(walk *w, directory *d)
{
    for (size_t i = 0; i < d->bytes; w->held--) {
        const char *text;
        (void)name_at(d->names, i, &text);
        i += name_bytes(text);
    }
    w->scout->sys.release(d->names);
    d->names = NULL;
    d->bytes = d->at = 0;
}

/* The next files of a directory. 0: no memory. */
static int take_files(walk *w, directory *d, mhq_files *window)
{
    while (d->at < d->bytes && window->count < MHQ_TREE_WINDOW) {
        const char *text;
        mhq_name entry = name_at(d->names, d->at, &text);
        d->at += name_bytes(text);
        if (entry.kind != DT_REG)
            continue;
        char *path = join(w, d->path, text);
        mhq_prospect *p = path ? new_prospect(w, path, entry.inode) : NULL;
        w->scout->sys.release(path);
        if (p == NULL)
            return 0;
        p->serial = w->serial++;
        if (!mhq_files_add(w->scout, window, p)) {
            mhq_prospect_free(&w->scout->sys, p);
            return 0;
        }
    }
    return 1;
}

/* The files that the copy comes to next. 0: the tree is over, or there is no memory. */
static int next_window(walk *w, mhq_files *window)
{
    while (w->depth > 0 && window->count < MHQ_TREE_WINDOW) {
        size_t at = w->stack[w->depth - 1];
        if (w->dirs[at].state == UNLISTED && !list_below(w, at))
            return 0;
        directory *d = &w->dirs[at];
        if (d->at < d->bytes) {
            if (!take_files(w, d, window))
                return 0;
        } else if (d->next < d->first + d->count) {
            if (!push(w, d->next++))
                return 0;
        } else {
            forget_names(w, d);
            w->scout->sys.release(d->path);
            d->path = NULL;
            w->depth--;
        }
    }
    return 1;
}

/* ---- windows ---- */

static void pass(walk *w, uint64_t serial)
{
    mhq_mutex_lock(&w->scout->lock);
    w->passed = serial;
    if (w->scout->tree == w->tree) {
        if (w->cold)
            w->scout->tree_passed = serial;
        mhq_crew_wake(&w->scout->tree_epoch);
    }
    mhq_mutex_unlock(&w->scout->lock);
}

/* Until the copy is at file `serial`. 0: the tree is over. */
static int await_copy(walk *w, uint64_t serial)
{
    mhq_scout *scout = w->scout;
    mhq_mutex_lock(&scout->lock);
    while (!mhq_crew_stopped(scout) && scout->tree == w->tree && scout->tree_at < serial)
        mhq_crew_wait(scout, &scout->main_epoch, LOOK_NS);
    int still = !mhq_crew_stopped(scout) && scout->tree == w->tree;
    mhq_mutex_unlock(&scout->lock);
    return still;
}

/* Where it is. 0: the tree is over. */
static int copy_is_at(walk *w, uint64_t *at)
{
    mhq_mutex_lock(&w->scout->lock);
    *at = w->scout->tree_at;
    mhq_mutex_unlock(&w->scout->lock);
    return on(w);
}

/* Frees what is not worth it. 1: something is. */
static int sift(mhq_scout *scout, mhq_files *files)
{
    size_t kept = 0;
    for (size_t i = 0; i < files->count; i++) {
        if (files->list[i]->verdict == MHQ_WORTH)
            files->list[kept++] = files->list[i];
        else
            mhq_prospect_free(&scout->sys, files->list[i]);
    }
    files->count = kept;
    return kept > 0;
}

/* One in many is looked at first: where they all are in the cache, so are the others. */
static int sample(walk *w, mhq_files *files, int *worth)
{
    *worth = 0;
    if (!ask(w, files, MHQ_SCOUT_SAMPLE))
        return 0;
    size_t count = files->count;
    int go_on = mhq_sweep_collect(w->scout, files, MHQ_ALL, PATIENCE_NS, w->tree);
    if (files->count < count)
        return 0; /* an opener hangs, and with it the order is lost: the copy would hang there, too */
    for (size_t i = 0; i < count; i += MHQ_SCOUT_SAMPLE)
        *worth |= files->list[i]->verdict == MHQ_WORTH;
    return go_on;
}

/* Fetches the files, as many at once as memory allows. 0: the tree is over. */
static int fetch_files(walk *w, mhq_files *files)
{
    mhq_sweep *sweep = w->sweep;
    while (files->count > 0) {
        if (!mhq_sweep_memory(sweep))
            return 0;
        size_t count = 0;
        uint64_t at, bytes = 0;
        while (count == 0 || count < files->count) { /* until there is room for all, or for many */
            if (!copy_is_at(w, &at))
                return 0;
            count = mhq_sweep_cut(sweep, files, MHQ_TREE_SHARE * sweep->window, at);
            if (count >= sweep->window || (count > 0 && sweep->windows[1].end <= at))
                break;
            if (count < files->count && !await_copy(w, at + 1))
                return 0;
        }
        for (size_t i = 0; i < count; i++)
            bytes += files->list[i]->size;
        uint64_t last = files->list[count - 1]->serial;
        mhq_sweep_note(sweep, last + 1, bytes);
        mhq_sweep_fetch(sweep, files, count);
        mhq_files_drop(w->scout, files, count);
        pass(w, last + 1);
    }
    return 1;
}

/* 0: the tree is over. */
static int scout_window(walk *w, mhq_files *files)
{
    int worth;
    uint64_t first = files->list[0]->serial;
    if (!sample(w, files, &worth))
        return 0;
    if (worth) {
        be_cold(w);
        if (!ask(w, files, -MHQ_SCOUT_SAMPLE)
            || !mhq_sweep_collect(w->scout, files, MHQ_ALL, PATIENCE_NS, w->tree))
            return 0;
        if (sift(w->scout, files) && !fetch_files(w, files))
            return 0;
    }
    pass(w, w->serial);
    return await_copy(w, first); /* one window is being copied while the next is fetched */
}

static void scout_tree(walk *w)
{
    mhq_scout *scout = w->scout;
    mhq_files window = {.count = 0};
    int first = 1;
    while (w->depth > 0 && on(w)) {
        int go_on = next_window(w, &window);
        if (window.count == 0 || (first && window.count < MHQ_PIECES_LEAST))
            break;
        first = 0;
        if (!go_on || !scout_window(w, &window))
            break;
        mhq_files_drop(scout, &window, window.count);
    }
    mhq_files_drop(scout, &window, window.count);
    scout->sys.release(window.list);
    pass(w, UINT64_MAX);
}

/* ---- the tree ---- */

static void open_top(walk *w, const char *path, uint64_t inode)
{
    mhq_scout *scout = w->scout;
    const mhq_prospect top = {.tree = w->tree, .listing = 1};
    struct stat st;
    if (!mhq_crew_enter(scout, &top)) /* S2 */
        return;
    w->top = scout->sys.openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    if (w->top >= 0) {
        char *name = join(w, "", "");
        if (scout->sys.fstat(w->top, &st) == 0 && (uint64_t)st.st_dev == w->device
            && (uint64_t)st.st_ino == inode && add_directory(w, name, inode) && push(w, 0))
            scout_tree(w);
        (void)scout->sys.close(w->top);
    }
    mhq_crew_leave(scout, &top);
}

void mhq_tree_scout(mhq_sweep *sweep)
{
    mhq_scout *scout = sweep->scout;
    walk w = {.sweep = sweep, .scout = scout, .top = -1};
    /* The openers are to have nothing else. */
    (void)mhq_sweep_collect(scout, &sweep->files, MHQ_ALL, PATIENCE_NS, 0);
    mhq_mutex_lock(&scout->lock);
    char *path = scout->tree_path;
    scout->tree_path = NULL;
    w.tree = scout->tree;
    w.device = scout->tree_device;
    uint64_t inode = scout->tree_inode;
    mhq_mutex_unlock(&scout->lock);
    mhq_sweep_forget(sweep);
    if (path != NULL && w.tree != 0)
        open_top(&w, path, inode);
    mhq_sweep_forget(sweep);
    pass(&w, UINT64_MAX);
    scout->sys.release(path);
    for (size_t i = 0; i < w.count; i++) {
        scout->sys.release(w.dirs[i].path);
        scout->sys.release(w.dirs[i].names);
    }
    scout->sys.release(w.dirs);
    scout->sys.release(w.stack);
}
