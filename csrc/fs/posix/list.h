/* fs/posix/list.h - the reader of directories that everything uses. */
#ifndef MHQ_FS_POSIX_LIST_H
#define MHQ_FS_POSIX_LIST_H

#include "fs/posix/io.h"

#include <dirent.h>

/* Reads a directory's entries, '.' and '..' left out, in the file system's order. The buffer is
 * the caller's (MHQ_SCRATCH bytes of fs->scratch will do where nothing else uses it). */
typedef struct mhq_reader {
    int fd;
    char *buffer;
    size_t size, have, at;
} mhq_reader;

typedef struct mhq_dirent {
    const char *name;      /* valid until the next call */
    unsigned char type;    /* DT_*; DT_UNKNOWN where the file system gives none */
    uint64_t inode;
} mhq_dirent;

/* Whether entries that were read wait in the buffer. */
static inline int mhq_reader_holds(const mhq_reader *reader)
{
    return reader->at < reader->have;
}

/* 1: *entry is filled; 0: the end; negative: -errno. */
int mhq_read_entry(mhq_fs *fs, mhq_reader *reader, mhq_dirent *entry);

/* Is the entry of the open directory a directory itself? Stats it if the file system gives no type. */
int mhq_entry_is_directory(mhq_fs *fs, int dir, const mhq_dirent *entry, int *yes);

/* Whether the open directory has exactly this name, letter by letter. Overwrites fs->scratch. */
int mhq_is_listed(mhq_fs *fs, int dir, const char *name);

#endif
