/* sys/calls_real.h - what the real tables of Linux and macOS have in common: libc's own functions
 * under the table's names, and the table made of all `real_` ones. See sys/calls.h.
 */
#ifndef MHQ_SYS_CALLS_REAL_H
#define MHQ_SYS_CALLS_REAL_H

#include <stdlib.h>

#include <sys/resource.h>

#include "sys/calls.h"

#define real_close close
#define real_fstat fstat
#define real_fstatat fstatat
#define real_read read
#define real_pread pread
#define real_write write
#define real_pwrite pwrite
#define real_lseek lseek
#define real_ftruncate ftruncate
#define real_truncate truncate
#define real_fchmodat fchmodat
#define real_statvfs statvfs
#define real_mkdirat mkdirat
#define real_symlinkat symlinkat
#define real_readlinkat readlinkat
#define real_linkat linkat
#define real_renameat renameat
#define real_fchmod fchmod
#define real_fchown fchown
#define real_futimens futimens
#define real_utimensat utimensat
#define real_alloc malloc
#define real_resize realloc
#define real_zeroed calloc

/* open and fcntl are variadic, so pointers to them do not fit the table. */
static inline int real_fcntl_setfl(int fd, int flags)
{
    return fcntl(fd, F_SETFL, flags);
}

static inline int real_open_limit(uint64_t *limit)
{
    struct rlimit found;
    if (getrlimit(RLIMIT_NOFILE, &found) < 0)
        return -1;
    *limit = found.rlim_cur;
    return 0;
}

#define MHQ_REAL_ROW(type, name, parameters, arguments) .name = real_##name,
#define MHQ_REAL_CALLS               \
    {                                \
        MHQ_CALLS(MHQ_REAL_ROW)      \
        .release = free,             \
        .release_aligned = free,     \
        .thread_start = mhq_thread_start, \
        .bell_open = mhq_bell_open,  \
        .thread_background = mhq_thread_background, \
    }

#endif
