/* fs/table.h - the primitives behind fs/fs.h: a row per operation, written once per platform. */
#ifndef MHQ_FS_TABLE_H
#define MHQ_FS_TABLE_H

#include "fs/fs.h"

/* Every primitive has this shape. */
typedef void mhq_primitive(mhq_fs *fs, const mhq_op *op, mhq_run *run);

#define X(KIND, name) mhq_primitive mhq_fs_##name;
MHQ_OPS(X)
#undef X

/* Sets run->error and run->where. */
static inline void mhq_fail(mhq_run *run, int error, enum mhq_where where)
{
    run->error = error;
    run->where = (uint8_t)where;
}

/* The end of a slice, `done` counted in fs->done: 0, or ECANCELED. */
static inline int mhq_step(mhq_fs *fs)
{
    if (fs->step == NULL || fs->masked)
        return 0;
    uint64_t done = fs->done;
    fs->done = 0;
    return fs->step(fs->context, done);
}

/* The same where nothing is left that a pause could hold. */
static inline int mhq_last_step(mhq_fs *fs)
{
    return fs->unwatched ? 0 : mhq_step(fs);
}

static inline void mhq_total(mhq_fs *fs, uint64_t total)
{
    if (!fs->unwatched && fs->total)
        fs->total(fs->context, total);
}

/* A total that cannot be more. */
static inline uint64_t mhq_sum(uint64_t a, uint64_t b)
{
    return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

/* fs/fs.c */

/* Reports an error at a path that is none of the operation's own; takes `path` (NULL: the path
 * could not be built, and the error names the operation's). */
void mhq_fail_at(mhq_run *run, int error, int second, char *path);

/* The part of a file that is to be read: at most so many bytes, from here on. */
typedef struct mhq_part {
    int64_t from; /* never negative */
    size_t most;
} mhq_part;

int mhq_part_given(const mhq_op *op, mhq_part *part);
int mhq_offset_given(const mhq_op *op, int64_t *offset);

/* From the operation's offset and length. 0 or EINVAL. */
static inline int mhq_part_of(const mhq_op *op, mhq_part *part)
{
    *part = (mhq_part){0, SIZE_MAX};
    return op->numbers == NULL ? 0 : mhq_part_given(op, part);
}

/* Where the operation's data is to be written; -1 where it gives no offset. 0, EINVAL or EFBIG. */
static inline int mhq_offset_of(const mhq_op *op, int64_t *offset)
{
    *offset = -1;
    if (op->numbers == NULL || op->numbers->offset == MHQ_ABSENT)
        return 0;
    return mhq_offset_given(op, offset);
}

/* fs/result.c -------------------------------------------------------------------------------- */

/* A result of file_read that grows: `capacity` bytes fit at buffer + fs->head, and one more is always
 * there to be read into, which distinguishes growth from the end in one call. */
typedef struct mhq_growing {
    char *buffer;
    size_t capacity, have;
} mhq_growing;

/* Memory for a result of n bytes, in run->buffer, and its length. 0 or ENOMEM. */
int mhq_result_of(mhq_fs *fs, mhq_run *run, size_t n);

/* Sees to it that `capacity` bytes fit. 0 or ENOMEM. */
int mhq_reserve(mhq_fs *fs, mhq_run *run, mhq_growing *g, size_t capacity);
/* A file that has shrunk: a small result must not hold a huge block until it is delivered. */
void mhq_give_back(mhq_fs *fs, mhq_growing *g);

/* fs/unique.c: leaves each name once in a result of directory_contents. 0 or ENOMEM. */
int mhq_unique_names(mhq_fs *fs, mhq_run *run);

/* Adds n bytes to a result of directory_contents. 0 or ENOMEM. */
int mhq_keep(mhq_fs *fs, mhq_run *run, const char *from, size_t n);

#endif
