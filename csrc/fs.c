/* fs.c - from an operation to its platform's primitive. */
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

char *mhq_result_room(mhq_fs *fs, mhq_run *run, char *buffer, size_t keep, size_t bytes)
{
    if (buffer == NULL && fs->blocks != NULL && bytes <= MHQ_BLOCK_BYTES &&
        (buffer = mhq_block_take(fs->blocks, fs->sys)) != NULL) {
        run->in_block = 1;
        return buffer;
    }
    if (run->in_block && bytes <= MHQ_BLOCK_BYTES)
        return buffer;
    if (!run->in_block)
        return buffer ? fs->sys->resize(buffer, bytes) : fs->sys->alloc(bytes);
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
