/* fs/fs.c - from an operation to its platform's primitive, and what all platforms do alike. */
#include "fs/handle.h"
#include "fs/table.h"

#include <errno.h>
#include <string.h>

#include "sys/calls.h"

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
    fs->slice = MHQ_SLICE;
    fs->scratch = fs->sys->aligned(MHQ_CACHE_LINE, MHQ_SCRATCH);
    return fs->scratch ? 0 : ENOMEM;
}

void mhq_fs_fini(mhq_fs *fs)
{
    fs->sys->release_aligned(fs->scratch);
    fs->scratch = NULL;
}

/* An operation that was to change the handle's file has not. */
static void spoil(const mhq_op *op, int error)
{
    if (!op->looks && op->kind != MHQ_FILE_READ_INTO)
        mhq_handle_spoil(op->handle, error);
}

static inline void run_primitive(mhq_fs *fs, const mhq_op *op, mhq_run *run)
{
    if (op->refused)
        mhq_fail(run, MHQ_EREFUSED, MHQ_AT_NONE);
    else if (op->kind >= MHQ_KINDS)
        mhq_fail(run, ENOSYS, MHQ_AT_NONE);
    else
        primitives[op->kind](fs, op, run);
}

static MHQ_APART void run_with_handle(mhq_fs *fs, const mhq_op *op, mhq_run *run)
{
    run_primitive(fs, op, run);
    if (run->error != 0)
        spoil(op, run->error);
}

void mhq_fs_run(mhq_fs *fs, const mhq_op *op, mhq_run *run)
{
    fs->done = 0;
    if (op->handle != NULL)
        run_with_handle(fs, op, run);
    else
        run_primitive(fs, op, run);
}

void mhq_fs_pass_over(mhq_fs *fs, const mhq_op *op, mhq_run *run)
{
    run->error = 0;
    if (op->handle != NULL) {
        spoil(op, ECANCELED);
        if (op->kind == MHQ_FILE_CLOSE)
            primitives[op->kind](fs, op, run);
    }
    if (run->error == 0)
        run->error = ECANCELED;
}

void mhq_fail_at(mhq_run *run, int error, int second, char *path)
{
    if (path == NULL) {
        mhq_fail(run, error, second ? MHQ_AT_PATH2 : MHQ_AT_PATH);
        return;
    }
    run->buffer = path;
    run->length = strlen(path);
    mhq_fail(run, error, second ? MHQ_AT_BUFFER2 : MHQ_AT_BUFFER);
}

int mhq_part_given(const mhq_op *op, mhq_part *part)
{
    int64_t from = op->numbers->offset, most = op->numbers->length;
    if (from < 0 || (most < 0 && most != MHQ_ABSENT))
        return EINVAL;
    part->from = from;
    if (most >= 0 && (uint64_t)most < SIZE_MAX)
        part->most = (size_t)most;
    return 0;
}

int mhq_offset_given(const mhq_op *op, int64_t *offset)
{
    *offset = op->numbers->offset;
    if (*offset < 0)
        return EINVAL;
    return (uint64_t)*offset > (uint64_t)INT64_MAX - op->size ? EFBIG : 0;
}
