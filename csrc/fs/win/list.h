/* fs/win/list.h - the reader of directories that everything uses. */
#ifndef MHQ_FS_WIN_LIST_H
#define MHQ_FS_WIN_LIST_H

#include "fs/win/errors.h"

#include <wchar.h>

/* Reads a directory's entries, '.' and '..' left out. The buffer is the caller's. */
typedef struct mhq_reader {
    HANDLE dir;
    char *buffer;
    DWORD size;
    const char *next;      /* NULL: another batch is to be read */
    int begun;
} mhq_reader;

typedef struct mhq_dirent {
    wchar_t name[MAX_PATH];
    size_t length;
    uint64_t size;
    DWORD attributes, tag;
} mhq_dirent;

/* Whether entries that were read wait in the buffer. */
static inline int mhq_reader_holds(const mhq_reader *reader)
{
    return reader->next != NULL;
}

/* 1: *entry is filled; 0: the end; negative: -error. */
int mhq_read_entry(mhq_fs *fs, mhq_reader *reader, mhq_dirent *entry);

#endif
