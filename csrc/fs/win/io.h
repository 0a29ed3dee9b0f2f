/* fs/win/io.h - stats, opening, renaming and removing, with patience. */
#ifndef MHQ_FS_WIN_IO_H
#define MHQ_FS_WIN_IO_H

#include "fs/fingerprints.h"
#include "fs/win/errors.h"

#include <wchar.h>

/* From this size on an operation reports beforehand that it is going to take long. */
#define MHQ_LENGTHY ((size_t)262144)
/* The most that one system call is asked to move. */
#define MHQ_CALL_BYTES ((size_t)1 << 30)

/* The same, where steps come in between. */
static inline size_t mhq_call_bytes(const mhq_fs *fs)
{
    return fs->step ? fs->slice : MHQ_CALL_BYTES;
}

#define MHQ_SHARE_ALL (FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE)

/* What is at a path. */
typedef struct mhq_file_info {
    uint64_t volume, file;         /* its identity */
    uint64_t size;
    DWORD attributes, tag;
    LARGE_INTEGER accessed, written;
} mhq_file_info;

static inline int mhq_is_link(DWORD attributes, DWORD tag)
{
    return (attributes & FILE_ATTRIBUTE_REPARSE_POINT) != 0
        && (tag == IO_REPARSE_TAG_SYMLINK || tag == IO_REPARSE_TAG_MOUNT_POINT);
}

/* A directory that is no link to one. */
static inline int mhq_is_directory(const mhq_file_info *seen)
{
    return (seen->attributes & FILE_ATTRIBUTE_DIRECTORY) != 0
        && !mhq_is_link(seen->attributes, seen->tag);
}

static inline int mhq_same(const mhq_file_info *a, const mhq_file_info *b)
{
    return a->volume == b->volume && a->file == b->file;
}

/* Of what it is, and of a file's size and time. For the set of what was copied. */
uint64_t mhq_fingerprint_of(const mhq_file_info *seen);

int mhq_stat_handle(mhq_fs *fs, HANDLE handle, mhq_file_info *seen);
/* Not through a link; mhq_stat_followed: through links. */
int mhq_stat(mhq_fs *fs, const wchar_t *path, mhq_file_info *seen);
int mhq_stat_followed(mhq_fs *fs, const wchar_t *path, mhq_file_info *seen);

/* fs/win/attributes.c: what os.stat has of it. `executable`: its name says so. */
int mhq_status_of(mhq_fs *fs, HANDLE handle, int executable, mhq_status *status);

/* CreateFile with patience; *handle is INVALID_HANDLE_VALUE on failure. */
int mhq_open(mhq_fs *fs, const wchar_t *path, DWORD access, DWORD share, DWORD how, DWORD flags,
             HANDLE *handle);

/* MoveFileEx with patience. MOVEFILE_REPLACE_EXISTING: replaces a file, as os.replace does;
 * otherwise what is there stays, ERROR_ALREADY_EXISTS. */
int mhq_rename(mhq_fs *fs, const wchar_t *path, const wchar_t *path2, DWORD flags);

/* DeleteFile with patience; of a link to a directory, RemoveDirectory. */
int mhq_unlink(mhq_fs *fs, const wchar_t *path);
int mhq_remove_directory(mhq_fs *fs, const wchar_t *path);

/* What was written is on the disk. */
int mhq_sync_handle(mhq_fs *fs, HANDLE handle);

/* Sets the end of the file. */
int mhq_set_size(mhq_fs *fs, HANDLE handle, int64_t size);

/* Opens a regular file for reading, through links. EACCES for a directory, as open fails with there;
 * MHQ_ENOTREGULAR for pipes and devices; else an errno. */
int mhq_open_regular(mhq_fs *fs, const wchar_t *path, HANDLE *handle, mhq_file_info *seen);

#endif
