/* fs.c - from an operation to its platform's primitive, and what all platforms do alike. */
#include "fs_table.h"

#include <errno.h>
#include <string.h>

#include "block.h"
#include "calls.h"

static mhq_primitive *const primitives[] = {
#define X(KIND, name) [MHQ_##KIND] = mhq_fs_##name,
    MHQ_OPS(X)
#undef X
};
_Static_assert(sizeof primitives / sizeof *primitives == MHQ_KINDS, "a primitive per kind");

int mhq_fs_init(mhq_fs *fs, const struct mhq_calls *sys)
{
    memset(fs, 0, sizeof *fs);
    fs->sys = sys ? sys : &mhq_calls_real;
    fs->scratch = fs->sys->alloc(MHQ_SCRATCH);
    return fs->scratch ? 0 : ENOMEM;
}

void mhq_fs_fini(mhq_fs *fs)
{
    fs->sys->release(fs->scratch);
    fs->scratch = NULL;
}

void mhq_fs_run(mhq_fs *fs, const mhq_op *op, mhq_run *run)
{
    if (op->refused)
        mhq_fail(run, MHQ_EREFUSED, MHQ_AT_NONE);
    else if (op->kind >= MHQ_KINDS)
        mhq_fail(run, ENOSYS, MHQ_AT_NONE);
    else
        primitives[op->kind](fs, op, run);
}

/* From here on memory is mapped anew for each result, and most of a read's time is page faults. */
#define FRESH_BYTES ((size_t)32 << 20)

char *mhq_result_room(mhq_fs *fs, mhq_run *run, char *buffer, size_t keep, size_t bytes)
{
    if (buffer == NULL && fs->blocks != NULL && bytes <= MHQ_BLOCK_BYTES &&
        (buffer = mhq_block_take(fs->blocks, fs->sys)) != NULL) {
        run->in_block = 1;
        return buffer;
    }
    if (run->in_block && bytes <= MHQ_BLOCK_BYTES)
        return buffer;
    if (buffer == NULL) {
        buffer = fs->sys->alloc(bytes);
        if (buffer != NULL && bytes >= FRESH_BYTES)
            mhq_wish_huge(buffer, bytes);
        return buffer;
    }
    if (!run->in_block)
        return fs->sys->resize(buffer, bytes);
    char *larger = fs->sys->alloc(bytes);
    if (larger != NULL) {
        memcpy(larger, buffer, keep);
        mhq_result_drop(fs, run, buffer);
    }
    return larger;
}

void mhq_result_drop(mhq_fs *fs, mhq_run *run, char *buffer)
{
    if (run->in_block)
        mhq_block_put_back(fs->blocks, buffer);
    else
        fs->sys->release(buffer);
    run->in_block = 0;
}

/* ---- growing results ---- */

#define WORTH_GIVING_BACK ((size_t)65536)

static size_t room_after(const mhq_fs *fs)
{
    return fs->tail ? fs->tail : 1;
}

int mhq_reserve(mhq_fs *fs, mhq_run *run, mhq_growing *g, size_t room)
{
    size_t after = room_after(fs);
    if (room > PTRDIFF_MAX || fs->head > PTRDIFF_MAX - room ||
        after > PTRDIFF_MAX - room - fs->head)
        return ENOMEM;
    if (fs->charge && room > g->room)
        fs->charge(fs->who, run, room - g->room);
    char *larger =
        mhq_result_room(fs, run, g->buffer, fs->head + g->have, fs->head + room + after);
    if (!larger)
        return ENOMEM;
    g->buffer = larger;
    g->room = room;
    return 0;
}

void mhq_give_back(mhq_fs *fs, mhq_growing *g)
{
    if (g->room < WORTH_GIVING_BACK || g->have >= g->room / 2)
        return;
    char *smaller = fs->sys->resize(g->buffer, fs->head + g->have + room_after(fs));
    if (smaller)
        g->buffer = smaller;
}

int mhq_keep(mhq_fs *fs, mhq_run *run, const char *from, size_t n)
{
    if (n > PTRDIFF_MAX - run->length)
        return ENOMEM;
    if (fs->charge && n)
        fs->charge(fs->who, run, n);
    size_t size = run->length + n;
    /* An empty directory's result has a buffer too. */
    char *larger = run->buffer ? fs->sys->resize(run->buffer, size ? size : 1)
                               : fs->sys->alloc(size ? size : 1);
    if (!larger)
        return ENOMEM;
    run->buffer = larger;
    if (n)
        memcpy(larger + run->length, from, n);
    run->length = size;
    return 0;
}
