/* usual.h - the flags that an operation has unless a call says otherwise, as mhddq/_ops.py has them. */
#ifndef MHQ_USUAL_H
#define MHQ_USUAL_H

#include "op.h"

static inline uint32_t usual_options(int kind)
{
    switch (kind) {
    case MHQ_FILE_REPLACE:
        return MHQ_DURABLE;
    case MHQ_DIRECTORY_DELETE:
        return MHQ_RECURSIVE;
    case MHQ_PATH_RENAME:
        return MHQ_REPLACE;
    case MHQ_PATH_EXISTS:
    case MHQ_PATH_STAT:
    case MHQ_PATH_CHMOD:
    case MHQ_PATH_UTIME:
        return MHQ_FOLLOW_SYMLINKS;
    }
    return 0;
}

#endif
