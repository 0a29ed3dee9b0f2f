/* fs/win/errors.h - Windows' error codes, and patience.
 *
 * Errors are ints: 0, an errno, an mhq_failure, or MHQ_WIN(a Windows error code). What Python's
 * open fails with is an errno of the C runtime (mhq_errno_of); everything else has Windows' own code. In
 * all headers of this folder a function that returns int returns such an error, unless its
 * comment differs.
 */
#ifndef MHQ_FS_WIN_ERRORS_H
#define MHQ_FS_WIN_ERRORS_H

#include "fs/table.h"
#include "sys/calls.h"

#include <errno.h>

#define MHQ_WIN(code) (MHQ_WINERROR + (int)(code))
/* Another program has put something else in its place, or written to it, meanwhile. */
#define MHQ_CHANGED MHQ_WIN(ERROR_FILE_INVALID)

/* The last call's failure. */
int mhq_last(void);
/* The errno that the C runtime makes of a Windows error: what open fails with. */
int mhq_errno_of(int error);

/* Whether an error means that there is nothing of this name. */
int mhq_is_missing(int error);

/* Patience. Virus scanners, indexers and the like open files for a moment, and what is asked for
 * meanwhile is refused. True: `error` may pass; some time has been slept, and the call is to be
 * made again. At most MHQ_TRIES times, half a second in all. removing: for deletes and renames,
 * to which a file about to go answers 'access denied' too. */
#define MHQ_TRIES 9
int mhq_again(mhq_fs *fs, int error, int removing, int *tries);

#endif
