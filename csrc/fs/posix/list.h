/* fs/posix/list.h - the reader of directories that everything uses. */
#ifndef MHQ_FS_POSIX_LIST_H
#define MHQ_FS_POSIX_LIST_H

#include "fs/posix/io.h"

#include <dirent.h>

/* Where an entry lies in the buffer. */
typedef struct mhq_listed {
    uint64_t inode;
    uint32_t at;
} mhq_listed;

/* Reads a directory's entries, '.' and '..' left out, in the file system's order; or each batch in
 * the order of the inodes, which is the disk's, for those who look at every one of them. The buffer
 * is the caller's (MHQ_SCRATCH bytes of fs->scratch will do where nothing else uses it), aligned as
 * mhq_listed is. */
typedef struct mhq_reader {
    int fd;
    char *buffer;
    size_t size, have, at;
    int by_inode;
    mhq_listed *order;     /* in the buffer, behind the entries */
    size_t count, next;    /* of those */
    int broken;            /* what the batch ends with: 0 or -EIO */
} mhq_reader;

typedef struct mhq_dirent {
    const char *name;      /* valid until the next call */
    unsigned char type;    /* DT_*; DT_UNKNOWN where the file system gives none */
    uint64_t inode;
} mhq_dirent;

/* Whether entries that were read wait in the buffer. */
static inline int mhq_reader_holds(const mhq_reader *reader)
{
    return reader->by_inode ? reader->next < reader->count || reader->broken
                            : reader->at < reader->have;
}

/* 1: *entry is filled; 0: the end; negative: -errno. */
int mhq_read_entry(mhq_fs *fs, mhq_reader *reader, mhq_dirent *entry);

/* Is the entry of the open directory a directory itself? Stats it if the file system gives no type. */
int mhq_entry_is_directory(mhq_fs *fs, int dir, const mhq_dirent *entry, int *yes);

/* Whether the open directory has exactly this name, letter by letter. Overwrites fs->scratch. */
int mhq_is_listed(mhq_fs *fs, int dir, const char *name);

#endif
