/* usual.h - the flags that an operation has unless a call says otherwise, as mhddq/_ops.py has them; and
 * the numbers of those that must have some. */
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

/* NULL: it needs none. */
static inline const mhq_numbers *usual_numbers(int kind)
{
    static const mhq_numbers opening = {.mode = MHQ_OPEN_READS | MHQ_OPEN_WRITES},
                             mode = {.mode = 0600},
                             times = {.accessed = 86400, .accessed_ns = 1, .modified = 86401};
    switch (kind) {
    case MHQ_FILE_OPEN:
        return &opening;
    case MHQ_PATH_CHMOD:
        return &mode;
    case MHQ_PATH_UTIME:
        return &times;
    }
    return NULL;
}

#endif
