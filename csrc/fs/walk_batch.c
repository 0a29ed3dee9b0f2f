/* fs/walk_batch.c - directory_walk: the next entries of a tree, parents before their contents.
 *
 * Links are not followed, mounts are. What has gone by the time its turn comes is passed over: it
 * was no error to have been there.
 */
#include "fs/traversal.h"

#include <string.h>

/* A batch ends before its number of entries where their paths are long. */
#define BATCH_BYTES ((size_t)4 << 20)

typedef struct batch {
    mhq_fs *fs;
    mhq_traversal *t;
    mhq_run *run;
    mhq_packed out;
    uint64_t count, most;
    int stats, passes;
    int sleeps;            /* the way up is closed: it is to be opened from the top */
} batch;

static int is_full(const batch *b)
{
    return b->count >= b->most || b->out.length >= BATCH_BYTES;
}

/* ---- an entry ---- */

/* Memory of the result is charged as it grows. */
static int reserve(batch *b, size_t more)
{
    int error = mhq_packed_reserve(b->fs, &b->out, more);
    if (!error && b->fs->charge && b->out.room > b->run->charged)
        b->fs->charge(b->fs->context, b->run, b->out.room - b->run->charged);
    return error;
}

static int write_entry(batch *b, char letter, const mhq_status *status, const char *name)
{
    const mhq_packed *where = &b->t->where;
    size_t n = strlen(name);
    int error = reserve(b, 1 + sizeof *status + where->length + 1 + n + 1);
    if (error)
        return error;
    char *to = b->out.bytes + b->out.length;
    *to++ = letter;
    if (b->stats) {
        memcpy(to, status, sizeof *status);
        to += sizeof *status;
    }
    memcpy(to, where->bytes, where->length);
    to += where->length;
    if (!mhq_is_separator(where->bytes[where->length - 1]))
        *to++ = MHQ_SEPARATOR;
    memcpy(to, name, n + 1);
    b->out.length = (size_t)(to + n + 1 - b->out.bytes);
    b->count++;
    b->fs->done++;
    return letter == 'd' ? mhq_walk_note(&b->t->tree, name) : 0;
}

static int take(batch *b, char letter, const char *name)
{
    mhq_status status;
    if (b->stats || letter == MHQ_UNKNOWN) {
        int error = mhq_walk_look(&b->t->tree, name, &letter, &status);
        if (error)
            return mhq_walk_has_gone(error) || (b->passes && error != ENOMEM) ? 0 : error;
    }
    return write_entry(b, letter, &status, name);
}

/* What was listed and did not go into the batch before. */
static void take_waiting(batch *b)
{
    mhq_traversal *t = b->t;
    while (t->at < t->waiting.length && !is_full(b) && !b->run->error) {
        const char *entry = t->waiting.bytes + t->at;
        int error = take(b, entry[0], entry + 1);
        if (error)
            mhq_walk_fail(&t->tree, b->run, error, entry + 1);
        t->at += strlen(entry + 1) + 2;
        error = error ? 0 : mhq_step(b->fs);
        if (error)
            mhq_fail(b->run, error, MHQ_AT_PATH);
    }
    if (t->at >= t->waiting.length)
        t->at = t->waiting.length = 0;
}

/* ---- the visitor ---- */

static int on_entry(void *context, const mhq_dirent *entry, int *target)
{
    batch *b = context;
    char room[MHQ_NAME_BUFFER];
    const char letter = mhq_walk_letter(entry), *name = mhq_walk_name(entry, room);
    (void)target;
    if (!is_full(b))
        return take(b, letter, name);
    int error = mhq_packed_add(b->fs, &b->t->waiting, &letter, 1);
    return error ? error : mhq_packed_add(b->fs, &b->t->waiting, name, strlen(name) + 1);
}

static void on_enter(void *context, const mhq_name *name)
{
    batch *b = context;
    mhq_tree *tree = &b->t->tree;
    size_t length = b->t->where.length;
    int error = mhq_traversal_down(b->fs, b->t, name);
    if (!error)
        error = mhq_walk_enter(tree, name);
    if (!error)
        return;
    b->t->where.length = length;
    if (mhq_walk_has_gone(error) || (b->passes && error != ENOMEM))
        mhq_tree_skip(tree);
    else
        mhq_tree_fail(tree, b->run, error, 0, name);
}

/* The directory above may have been moved, or may not be found from here; then it is looked for from
 * the top. */
static void on_leave(void *context)
{
    batch *b = context;
    mhq_tree *tree = &b->t->tree;
    b->sleeps = mhq_walk_climb(tree) != 0;
    mhq_tree_leave(tree);
    mhq_traversal_up(b->t);
}

static int rests(void *context)
{
    const batch *b = context;
    return b->sleeps || is_full(b);
}

/* ---- the operation ---- */

static int begin(batch *b)
{
    mhq_traversal *t = b->t;
    int error = t->top == 0 ? ENOENT : mhq_packed_add(b->fs, &t->where, t->path, t->top);
    return error ? error : mhq_walk_begin(&t->tree);
}

/* What waits belongs to the deepest level. */
static void wake(batch *b)
{
    size_t lost;
    mhq_tree_wake(&b->t->tree, b->run, b->passes, &lost);
    if (lost > 0)
        b->t->at = b->t->waiting.length = 0;
    for (; lost > 0; lost--)
        mhq_traversal_up(b->t);
    b->sleeps = 0;
}

/* A directory that could not be read to its end is passed over from there on. */
static void pass_over(batch *b)
{
    mhq_run *run = b->run;
    if (!b->passes || run->error == ECANCELED || run->error == ENOMEM)
        return;
    b->fs->sys->release(run->buffer);
    run->buffer = NULL;
    run->length = 0;
    run->error = 0;
    run->where = MHQ_AT_NONE;
}

static void collect(batch *b)
{
    const mhq_visitor visitor = {.buffer = b->fs->scratch, .size = MHQ_SCRATCH, .entry = on_entry,
                                 .enter = on_enter, .leave = on_leave, .rests = rests,
                                 .by_inode = b->stats};
    mhq_traversal *t = b->t;
    while (t->tree.depth > 0 && !is_full(b) && !b->run->error) {
        if (b->sleeps) {
            wake(b);
        } else if (t->at < t->waiting.length) {
            take_waiting(b);
        } else {
            mhq_traverse(&t->tree, b->run, &visitor, b);
            if (b->run->error)
                pass_over(b);
        }
    }
}

/* Entries that were found before an error are given; the error is the next batch's. */
static void keep_error(batch *b)
{
    mhq_traversal *t = b->t;
    if (!b->run->error || b->count == 0 || b->run->error == ECANCELED)
        return;
    t->error = b->run->error;
    t->error_at = b->run->where;
    t->error_path = b->run->buffer;
    b->run->error = 0;
    b->run->where = MHQ_AT_NONE;
    b->run->buffer = NULL;
}

static void give_kept_error(mhq_fs *fs, mhq_traversal *t, mhq_run *run)
{
    run->buffer = t->error_path;
    run->length = t->error_path ? strlen(t->error_path) : 0;
    mhq_fail(run, t->error, (enum mhq_where)t->error_at);
    t->error = 0;
    t->error_path = NULL;
    mhq_traversal_end(fs, t);
}

static void finish(batch *b)
{
    mhq_traversal *t = b->t;
    if (!b->run->error) {
        int error = mhq_tree_rest(&t->tree);
        if (error)
            mhq_fail(b->run, error, MHQ_AT_PATH);
    }
    keep_error(b);
    if (b->run->error || (t->tree.depth == 0 && !t->error))
        mhq_traversal_end(b->fs, t);
    else if (t->error)
        mhq_tree_fini(&t->tree);
    if (b->run->error) {
        b->fs->sys->release(b->out.bytes);
        return;
    }
    b->run->buffer = b->out.bytes;
    b->run->length = b->out.length;
}

void mhq_fs_directory_walk(mhq_fs *fs, const mhq_op *op, mhq_run *run)
{
    mhq_traversal *t = op->traversal;
    int64_t most = op->numbers ? op->numbers->batch : MHQ_ABSENT;
    batch b = {.fs = fs, .t = t, .run = run, .most = most > 0 ? (uint64_t)most : 1,
               .stats = (op->options & MHQ_STAT) != 0, .passes = (op->options & MHQ_CONTINUES) != 0};
    t->runs++;
    if (t->error) {
        give_kept_error(fs, t, run);
        return;
    }
    if (!t->begun)
        mhq_tree_init(&t->tree, fs, t->path, NULL);
    t->tree.fs = fs;
    if (fs->lengthy)
        fs->lengthy(fs->context);
    b.sleeps = t->begun;
    if (!t->begun) {
        int error = begin(&b);
        if (error)
            mhq_fail(run, error, MHQ_AT_PATH);
        t->begun = 1;
    }
    collect(&b);
    finish(&b);
}
