/* fs/win/links.h - symbolic links and junctions, as the system has them. */
#ifndef MHQ_FS_WIN_LINKS_H
#define MHQ_FS_WIN_LINKS_H

#include "fs/win/io.h"

/* What FSCTL_GET_REPARSE_POINT gives; in the headers of drivers only. */
typedef struct mhq_reparse {
    DWORD tag;
    WORD length, reserved;
    WORD target_at, target_bytes, print_at, print_bytes; /* in the text, which follows */
    DWORD flags; /* of symbolic links: 1: relative; of others the text begins here */
} mhq_reparse;

/* Of the link at `path`, into MAXIMUM_REPARSE_DATA_BUFFER_SIZE bytes; *n: how many it has. */
int mhq_read_reparse(mhq_fs *fs, const wchar_t *path, mhq_reparse *point, DWORD *n);

/* A symbolic link that contains this text; to a directory or to something else. */
int mhq_make_symlink(mhq_fs *fs, const wchar_t *path, const wchar_t *text, int directory);

#endif
