/* sys/calls_macos.h - what macOS has and other POSIX systems have not: its own rows of the table of
 * calls, and its names for what they have in common. See sys/calls.h.
 */
#ifndef MHQ_SYS_CALLS_MACOS_H
#define MHQ_SYS_CALLS_MACOS_H

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#define RENAME_NOREPLACE RENAME_EXCL
#define AT_EMPTY_PATH 0x1000 /* mount_id's: of the descriptor itself */
#define st_atim st_atimespec
#define st_mtim st_mtimespec
#define st_ctim st_ctimespec

/* Opens a directory to work in, which need not be readable. Systems without the flag open it for
 * reading. */
#define MHQ_O_PLACE O_SEARCH

/*   clone_at      makes `name` in `dir` as a clone of the open file: contents, attributes, mode
 *   copy_xattrs   all extended attributes
 *   copy_acl      the ACL; `from` -1: removes that of the target
 *   place_on_disk where byte *at lies on the device, and how many bytes follow it there
 *   solid_state   whether the device under the file's file system has no moving parts */
#define MHQ_OWN_CALLS(X)                                                                        \
    X(int, clone_at, (int from, int dir, const char *name), (from, dir, name))                  \
    X(int, copy_xattrs, (int from, int to), (from, to))                                         \
    X(int, copy_acl, (int from, int to), (from, to))                                            \
    X(int, place_on_disk, (int fd, off_t *at, off_t *n), (fd, at, n))                           \
    X(int, solid_state, (int fd), (fd))

#endif
