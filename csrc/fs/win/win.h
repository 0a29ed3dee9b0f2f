/* fs/win/win.h - what the Windows files of the seam share; nobody else includes it.
 *
 *   fs/win/file.c         exists, create, delete, rename, read, write
 *   fs/win/path.c    paths as Windows takes them; looking, opening, renaming; patience
 *   fs/win/list.c    directory_contents; the directory reader that everyone uses
 *   fs/win/copy.c    a file, a link, metadata; file_copy
 *   fs/win/walk.c    the stack of a walk through a tree (fs/win/walk.h)
 *   fs/win/delete.c  directory_delete
 *   fs/win/copy_tree.c    directory_copy
 *   fs/win/move.c    file_move, directory_move
 *
 * Errors are ints: 0, an errno, an mhq_failure, or MHQ_WIN(a Windows error code). What Python's
 * open says is an errno of the C runtime (mhq_errno_of); everything else has Windows' own code.
 */
#ifndef MHQ_FS_WIN_WIN_H
#define MHQ_FS_WIN_WIN_H

#include "sys/calls.h"
#include "fs/table.h"
#include "fs/fingerprints.h"

#include <errno.h>
#include <wchar.h>

#define MHQ_WIN(code) (MHQ_WINERROR + (int)(code))
/* Somebody has put something else in its place, or written to it, meanwhile. */
#define MHQ_CHANGED MHQ_WIN(ERROR_FILE_INVALID)

/* From this size on an operation says beforehand that it is going to take long. */
#define MHQ_LENGTHY ((size_t)262144)
/* The most that one system call is asked to move. */
#define MHQ_CALL_BYTES ((size_t)1 << 30)

#define MHQ_SHARE_ALL (FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE)

/* fs/win/path.c --------------------------------------------------------------------------- */

/* The last call's failure. */
int mhq_last(void);
/* The errno that the C runtime makes of a Windows error: what open fails with. */
int mhq_errno_of(int error);

/* Patience. Virus scanners, indexers and the like open files for a moment, and what is asked for
 * meanwhile is refused. True: `error` may pass; some time has been slept, and the call is to be
 * made again. At most MHQ_TRIES times, half a second in all. removing: for deletes and renames,
 * to which a file about to go says 'access denied' too. */
#define MHQ_TRIES 9
int mhq_again(mhq_fs *fs, int error, int removing, int *tries);

/* A path in UTF-16, with the prefix that lifts the limit of 260 where it needs that. */
#define MHQ_PATH_ROOM 320
typedef struct mhq_path {
    wchar_t *text;
    size_t length;
    wchar_t room[MHQ_PATH_ROOM];   /* where text is, unless it is longer */
} mhq_path;

/* Makes a path of one in UTF-8, lone surrogates kept. */
int mhq_path_open(mhq_fs *fs, const char *given, mhq_path *path);
/* The same from the root on and always with the prefix, so that names can be added to it. Without
 * a slash at its end; *slash (unless NULL): whether it had one. */
int mhq_path_open_full(mhq_fs *fs, const char *given, mhq_path *path, int *slash);
/* `path`, a backslash, `name`. */
int mhq_path_join(mhq_fs *fs, const mhq_path *top, const wchar_t *name, mhq_path *path);
void mhq_path_close(mhq_fs *fs, mhq_path *path);
/* Moves `from`, which must not be used any more, into `to`, which holds nothing. */
void mhq_path_take(mhq_path *to, const mhq_path *from);
static inline int mhq_is_slash(int c)
{
    return c == '/' || c == '\\';
}

/* Where the last component begins. */
size_t mhq_path_base(const mhq_path *path);

/* UTF-16 to UTF-8, lone surrogates kept: returns the bytes, writes them and a NUL unless `to` is
 * NULL. At most three bytes for each unit. */
size_t mhq_narrow(const wchar_t *from, size_t n, char *to);

/* What is at a path. */
typedef struct mhq_seen {
    uint64_t volume, file;         /* its identity */
    uint64_t size;
    DWORD attributes, tag;
    LARGE_INTEGER accessed, written;
} mhq_seen;

static inline int mhq_is_link(DWORD attributes, DWORD tag)
{
    return (attributes & FILE_ATTRIBUTE_REPARSE_POINT) != 0
        && (tag == IO_REPARSE_TAG_SYMLINK || tag == IO_REPARSE_TAG_MOUNT_POINT);
}

/* A directory that is no link to one. */
static inline int mhq_is_directory(const mhq_seen *seen)
{
    return (seen->attributes & FILE_ATTRIBUTE_DIRECTORY) != 0
        && !mhq_is_link(seen->attributes, seen->tag);
}

static inline int mhq_same(const mhq_seen *a, const mhq_seen *b)
{
    return a->volume == b->volume && a->file == b->file;
}

/* Of what it is, and of a file's size and time. For the set of what was copied. */
uint64_t mhq_print_of(const mhq_seen *seen);

/* Whether an error means that there is nothing of this name. */
int mhq_is_missing(int error);

int mhq_look_at(mhq_fs *fs, HANDLE handle, mhq_seen *seen);
/* Not through a link; mhq_look_through: through links. */
int mhq_look(mhq_fs *fs, const wchar_t *path, mhq_seen *seen);
int mhq_look_through(mhq_fs *fs, const wchar_t *path, mhq_seen *seen);

/* CreateFile with patience; *handle is INVALID_HANDLE_VALUE on failure. */
int mhq_open(mhq_fs *fs, const wchar_t *path, DWORD access, DWORD share, DWORD how, DWORD flags,
             HANDLE *handle);

/* MoveFileEx with patience. MOVEFILE_REPLACE_EXISTING: replaces a file, as os.replace does;
 * otherwise what is there stays, ERROR_ALREADY_EXISTS. */
int mhq_rename(mhq_fs *fs, const wchar_t *path, const wchar_t *path2, DWORD flags);

/* DeleteFile with patience; of a link to a directory, RemoveDirectory. */
int mhq_unlink(mhq_fs *fs, const wchar_t *path);
int mhq_remove_directory(mhq_fs *fs, const wchar_t *path);

/* `top`/`name` in UTF-8 on the heap; NULL: no memory. */
char *mhq_join(mhq_fs *fs, const char *top, const wchar_t *name);
/* Reports an error at a path that is none of the operation's own; takes `path` (NULL: the path
 * could not be built, and the error names the operation's). */
void mhq_fail_at(mhq_run *run, int error, int second, char *path);
/* Tells the owner that this could not be removed. */
void mhq_tell_left(mhq_fs *fs, const wchar_t *path);

/* A random name beside `path`: ".mhddq-" and 16 hex digits. */
int mhq_temporary(mhq_fs *fs, const mhq_path *path, mhq_path *temporary);

/* fs/win/file.c -------------------------------------------------------------------------------- */

/* Opens a regular file for reading, through links. EACCES for a directory, as open says there;
 * MHQ_ENOTREGULAR for pipes and devices; else an errno. */
int mhq_open_regular(mhq_fs *fs, const wchar_t *path, HANDLE *handle, mhq_seen *seen);

/* fs/win/list.c --------------------------------------------------------------------------- */

/* Reads a directory's entries, '.' and '..' left out. The buffer is the caller's. */
typedef struct mhq_reader {
    HANDLE dir;
    char *buffer;
    DWORD size;
    const char *next;      /* NULL: another lot is to be read */
    int begun;
} mhq_reader;

typedef struct mhq_dirent {
    wchar_t name[MAX_PATH];
    size_t length;
    DWORD attributes, tag;
} mhq_dirent;

/* 1: *entry is filled; 0: the end; negative: -error. */
int mhq_read_entry(mhq_fs *fs, mhq_reader *reader, mhq_dirent *entry);

/* fs/win/copy.c --------------------------------------------------------------------------- */

/* Copies the file `path` to path2, which must not exist, in place: for what is built out of sight.
 * Contents, attributes, streams, times. `through`: it may be a link; else what has become one is
 * not followed. *side: 0 if the source failed, 1 if the target did. On failure nothing is left under
 * path2. */
int mhq_copy_file(mhq_fs *fs, const wchar_t *path, const wchar_t *path2, const mhq_seen *seen,
                  int through, int *side);
/* The same for a link, as a link. */
int mhq_copy_link(mhq_fs *fs, const wchar_t *path, const wchar_t *path2, const mhq_seen *seen,
                  int *side);
/* Times, and with `attributes` those: read-only, hidden and the like. */
int mhq_dress(mhq_fs *fs, HANDLE handle, const mhq_seen *seen, int attributes);

/* fs/win/delete.c ------------------------------------------------------------------------- */

/* The checks before a tree is touched: the root (EBUSY), a last component of '.' or '..' (EINVAL),
 * a link, anything but a directory (ERROR_DIRECTORY). */
int mhq_check_tree(mhq_fs *fs, const char *given, const mhq_path *path, mhq_seen *seen);

/* Deletes the tree; `expect`: another top than this one is MHQ_CHANGED. `shown` is the path that errors
 * name the top by: MHQ_AT_PATH, with MHQ_AT_BUFFER below it. `own`: built by us, so read-only
 * entries go too. `copied`, unless NULL: what is not in it stays, MHQ_CHANGED. */
void mhq_delete_tree(mhq_fs *fs, const mhq_path *path, const mhq_seen *expect, const char *shown,
                     int own, const mhq_prints *copied, mhq_run *run);

/* fs/win/copy_tree.c --------------------------------------------------------------------------- */

/* Copies a tree, out of sight and then committed, from `path` to path2, which must not exist.
 * `copied`: a move's: notes everything as it was before it was read. NULL: the top may be a link to
 * a directory. */
void mhq_copy_tree(mhq_fs *fs, const mhq_path *path, const char *shown, const mhq_path *path2,
                   const char *shown2, mhq_prints *copied, mhq_run *run);

/* Whether `path` is the directory `top` or lies below it. */
int mhq_is_within(mhq_fs *fs, HANDLE top, const mhq_path *path);

#endif
