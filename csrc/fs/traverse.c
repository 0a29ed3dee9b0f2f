/* fs/traverse.c - see fs/traverse.h. */
#include "fs/traverse.h"

/* Whether the operation goes on. One that is stopped is named by its own path, wherever it was. */
static int goes_on(const mhq_tree *tree, mhq_run *run)
{
    int error = mhq_step(tree->fs);
    if (error)
        mhq_fail(run, error, MHQ_AT_PATH);
    return !error;
}

static void fail_entry(const mhq_tree *tree, mhq_run *run, int error, int target,
                       const mhq_name *name)
{
    if (error == ECANCELED)
        mhq_fail(run, error, MHQ_AT_PATH);
    else
        mhq_tree_fail(tree, run, error, target, name);
}

/* Reads on until the end, or until enough subdirectories wait to be visited; then only where the
 * buffer is empty, as the visits need it. */
static void read_entries(mhq_tree *tree, mhq_run *run, const mhq_visitor *visitor, void *context)
{
    mhq_level *level = mhq_tree_top(tree);
    mhq_reader reader = mhq_tree_reader(tree, visitor->buffer, visitor->size, visitor->by_inode);
    size_t most = visitor->names_at_once ? visitor->names_at_once : SIZE_MAX;
    mhq_dirent entry;
    while (mhq_reader_holds(&reader) || tree->used - level->first < most) {
        int target = 0, got = mhq_read_entry(tree->fs, &reader, &entry);
        if (got <= 0) {
            level->ended = 1;
            if (got < 0)
                mhq_tree_fail(tree, run, -got, 0, NULL);
            return;
        }
        tree->fs->entry = entry.name;
        int error = visitor->entry(context, &entry, &target);
        if (error)
            fail_entry(tree, run, error, target, entry.name);
        if (error || !goes_on(tree, run))
            return;
    }
    level->changed = 1; /* what was noted may be gone before the next reading */
}

void mhq_traverse(mhq_tree *tree, mhq_run *run, const mhq_visitor *visitor, void *context)
{
    while (tree->depth > 0 && !run->error && !(visitor->rests && visitor->rests(context))) {
        const mhq_name *name = mhq_tree_next(tree);
        if (name != NULL)
            visitor->enter(context, name);
        else if (!mhq_tree_top(tree)->ended) {
            read_entries(tree, run, visitor, context);
            tree->fs->entry = NULL; /* it lies in the visitor's buffer */
        } else
            visitor->leave(context);
        if (!run->error)
            goes_on(tree, run);
    }
}
