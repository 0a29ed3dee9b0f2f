/* fs/posix/posix.h - what the POSIX files of the seam share; nobody else includes it.
 *
 *   fs/posix/file.c   exists, create, delete, rename, read, write
 *   fs/linux/file.c   what of all these each system has its own way for; fs/macos/file.c likewise
 *   fs/posix/list.c    directory_contents; the directory reader that everyone uses
 *   fs/posix/copy.c    a file's contents and metadata; file_copy (with fs/posix/copy.h, fs/linux/copy.c)
 *   fs/posix/commit.c  temporary names, places, rename without replacing
 *   fs/posix/walk.c    the stack of a walk through a tree, by descriptor (fs/posix/walk.h)
 *   fs/posix/seen.c    what a move of a tree has copied (fs/posix/walk.h)
 *   fs/posix/delete.c  directory_delete; looking for mounts
 *   fs/posix/copy_tree.c    directory_copy
 *   fs/posix/move.c    file_move, directory_move
 */
#ifndef MHQ_FS_POSIX_POSIX_H
#define MHQ_FS_POSIX_POSIX_H

#include "sys/calls.h"
#include "fs/table.h"

#include <errno.h>
#include <fcntl.h>

/* Every function below that returns int returns 0 or an errno (never -1; MHQ_ENOTREGULAR where
 * it says so), unless it says otherwise. */

/* Repeats a call while it is interrupted. Bounded: a file system that answers EINTR for ever
 * fails the operation instead of hanging the queue. */
#define MHQ_RETRY(result, call)                                                   \
    do {                                                                          \
        for (int mhq_tries_ = 10000; ((result) = (call)) < 0 && errno == EINTR && \
                                     --mhq_tries_ > 0;) {                         \
        }                                                                         \
    } while (0)

/* fs->scratch: who calls what uses it? mhq_copy_file_at, mhq_copy_metadata and all that calls
 * them overwrite it. So whoever copies while reading a directory needs a buffer of its own. */

/* From this size on an operation says beforehand that it is going to take long. */
#define MHQ_LENGTHY ((size_t)262144)
/* The most that one system call is asked to move. */
#define MHQ_CALL_BYTES ((size_t)1 << 30)

/* Two numbers for one thing on some systems. */
static inline int mhq_unsupported(int error)
{
    return error == ENOSYS || error == EOPNOTSUPP || error == ENOTSUP;
}

/* fs/posix/file.c ------------------------------------------------------------------------------ */

/* open with O_CLOEXEC, EINTR dealt with; *fd is -1 on failure. */
int mhq_open(mhq_fs *fs, int dir, const char *path, int flags, mode_t mode, int *fd);

/* Opens a regular file for reading, never hanging: O_NONBLOCK|O_NOCTTY, then fstat. EISDIR for
 * a directory, MHQ_ENOTREGULAR for anything else that is no regular file (sockets too, whose
 * open says ENXIO). `flags` is added (O_NOFOLLOW). EAGAIN (a lease) is retried blocking. */
int mhq_open_regular(mhq_fs *fs, int dir, const char *path, int flags, int *fd, struct stat *st);

static inline int mhq_same(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* As far as its size and the time of its last change tell. */
static inline int mhq_written_to(const struct stat *now, const struct stat *st)
{
    return now->st_size != st->st_size || now->st_mtim.tv_sec != st->st_mtim.tv_sec ||
           now->st_mtim.tv_nsec != st->st_mtim.tv_nsec;
}

/* pread, and read where the file has no positions. EINTR dealt with; -1 and errno. */
ssize_t mhq_read_at(mhq_fs *fs, int fd, void *to, size_t n, off_t at);

/* Writes all of it: at the descriptor's position, and at `at`. */
int mhq_write_all(mhq_fs *fs, int fd, const char *from, size_t n);
int mhq_write_at(mhq_fs *fs, int fd, const char *from, size_t n, off_t at);

/* The number in decimal and a NUL; no more than 11 bytes. */
void mhq_print_number(char *to, unsigned number);

/* True if renameat2's refusal can mean that it does not know the flag, or the call. */
int mhq_lacks_noreplace(int error);

/* fs/linux/file.c, fs/macos/file.c ------------------------------------------------------------------ */

/* An open that must not block said EAGAIN: this one may, but still not on a FIFO. EAGAIN where
 * there is no such way. */
int mhq_open_leased(mhq_fs *fs, int dir, const char *path, int flags, mode_t mode, int *fd);

/* How much there is to read from the descriptor's position, at half the price of fstat. 0: none, or
 * who knows. A regular file's size is told as it is below 2 GiB, beyond that too small or not at all;
 * what a device says of itself is its own affair. */
size_t mhq_said_unread(mhq_fs *fs, int fd);

/* Owner (where `ownership` says so) and mode of a link or a node that was made under name2 in dir2,
 * best effort. By a descriptor: where others may write to the directory, the name can be that of a
 * file of theirs by now, or another name of somebody's file; then ESTALE. */
int mhq_dress_node(mhq_fs *fs, const struct stat *st, int dir2, const char *name2, int ownership);

/* fs/posix/list.c ------------------------------------------------------------------------------- */

/* Reads a directory's entries, '.' and '..' left out, in the file system's order. The buffer is
 * the caller's (MHQ_SCRATCH bytes of fs->scratch will do where nothing else uses it). */
typedef struct mhq_reader {
    int fd;
    char *buffer;
    size_t size, have, at;
} mhq_reader;

typedef struct mhq_dirent {
    const char *name;      /* valid until the next call */
    unsigned char type;    /* DT_*; DT_UNKNOWN where the file system does not say */
    uint64_t inode;
} mhq_dirent;

/* 1: *entry is filled; 0: the end; negative: -errno. */
int mhq_read_entry(mhq_fs *fs, mhq_reader *reader, mhq_dirent *entry);

/* fs/posix/commit.c ----------------------------------------------------------------------------- */

/* The parent directory of a path, opened (MHQ_O_PLACE), and its last component.
 * Trailing slashes are stripped into `name` storage. For the commit and the walkers: all work
 * below is relative to that descriptor. */
typedef struct mhq_place {
    int dir;               /* -1: not open */
    const char *name;      /* the last component: inside `storage` */
    char *storage;
} mhq_place;

int mhq_place_open(mhq_fs *fs, const char *path, mhq_place *place);
void mhq_place_close(mhq_fs *fs, mhq_place *place);

/* Tells the owner that `name`, which lies next to `shown`, could not be removed. */
void mhq_tell_left(mhq_fs *fs, const char *shown, const char *name);

/* Whether a directory that could not be removed, by this error, is there and ours: what has been
 * filled or replaced meanwhile is somebody else's. */
static inline int mhq_stays(int error)
{
    return error && error != ENOENT && error != ENOTDIR && error != ENOTEMPTY && error != EEXIST;
}

#define MHQ_TEMPORARY 24 /* bytes of a temporary name, its NUL included */

/* A random temporary name, ".mhddq-" and 16 hex digits. */
int mhq_temporary_name(mhq_fs *fs, char name[MHQ_TEMPORARY]);

/* Gives the finished file its name: rename without replacing (renameat2, else link and unlink,
 * else reserve with O_EXCL and rename over one's own reservation). EEXIST where it is taken.
 * *left tells whether, after a failure, `name` is there all the same, because it could not be
 * removed again (the steps of the fallbacks are undone in case of failure). */
int mhq_commit_file(mhq_fs *fs, int dir, const char *temporary, int dir2, const char *name,
                    int *left);

/* Gives a directory its name without replacing anything (renameat2, else rename over an empty
 * directory that was made for it): EEXIST where it is taken. `shown` is what name2 is told by
 * where it was made and cannot be removed. */
int mhq_commit_directory(mhq_fs *fs, int dir, const char *name, int dir2, const char *name2,
                         const char *shown);

/* Where path2 is the directory `place` (path `shown`) itself: *same is 1 if it has that name, 2
 * if it has been renamed, from another spelling of the name (case), 2 also if that failed.
 * Otherwise 0. */
int mhq_respell(mhq_fs *fs, const mhq_place *place, const char *shown, const char *path2,
                int *same);

/* fs/posix/copy.c ------------------------------------------------------------------------------- */

/* Extended attributes, permission bits, times (last), by descriptor; for files and directories.
 * `ownership`: also owner and group where permitted, before everything else (a move). setuid and
 * setgid are kept only if the new file's owner and group equal the source's. An ACL is the
 * source's or none: an inherited one is removed, and where the source's cannot be set the group
 * keeps only what its entry there gives it. File systems that have no owners, permissions or
 * settable times are no failure. *side: 0 if the source failed, 1 if the target did. */
int mhq_copy_metadata(mhq_fs *fs, int from, const struct stat *st, int to, int ownership,
                      int *side);

/* For a new directory that is going to be filled: what is made in it inherits no ACL. */
int mhq_inherit_nothing(mhq_fs *fs, int to);

/* Copies the regular file `name` in `dir` (not through a link) to the name `name2` in `dir2`,
 * which must not exist, in place: the target's name appears half-written. For trees that are
 * being built out of sight. On failure nothing is left under name2. *side: 0 if the source
 * failed, 1 if the target did. `expect`: what fstatat said of the source; another inode is
 * ESTALE. So is, with `ownership` (a move), a source that has more bytes by now than it gave. */
int mhq_copy_file_at(mhq_fs *fs, int dir, const char *name, const struct stat *expect, int dir2,
                     const char *name2, int ownership, int *side);

/* fs/posix/delete.c ----------------------------------------------------------------------------- */

/* 0, or EBUSY where `name` in `dir` is a mount point. */
int mhq_check_mount(mhq_fs *fs, int dir, const char *name);

/* The checks design.md asks for before a tree is touched: EINVAL/EBUSY for the root, a last
 * component of '.' or '..', a link (ENOTDIR), anything but a directory (ENOTDIR), a mount point
 * (EBUSY). Opens *place. */
int mhq_place_open_tree(mhq_fs *fs, const char *path, mhq_place *place);

#endif
