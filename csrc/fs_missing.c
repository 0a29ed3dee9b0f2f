/* fs_missing.c - stands in for primitives that are not there yet: they fail with ENOSYS. Weak,
 * so that the real ones win. Goes away with the last of them. */
#include "fs_posix.h"

#define X(KIND, name)                                                                 \
    __attribute__((weak)) void mhq_fs_##name(mhq_fs *fs, const mhq_op *op, mhq_run *run) \
    {                                                                                 \
        (void)fs, (void)op;                                                           \
        mhq_fail(run, ENOSYS, MHQ_AT_PATH);                                           \
    }
X(FILE_MOVE, file_move)
X(FILE_COPY, file_copy)
X(DIRECTORY_DELETE, directory_delete)
X(DIRECTORY_CONTENTS, directory_contents)
X(DIRECTORY_MOVE, directory_move)
X(DIRECTORY_COPY, directory_copy)
