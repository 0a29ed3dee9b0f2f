/* fs_table.h - the primitives behind fs.h: a row per operation, written once per platform. */
#ifndef MHQ_FS_TABLE_H
#define MHQ_FS_TABLE_H

#include "fs.h"

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

#endif
