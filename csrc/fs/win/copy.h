/* fs/win/copy.h - copying a file, a link, and metadata. */
#ifndef MHQ_FS_WIN_COPY_H
#define MHQ_FS_WIN_COPY_H

#include "fs/win/io.h"
#include "fs/win/path.h"

/* Copies the file `path` to path2, which must not exist, in place: for what is built out of sight.
 * Contents, attributes, streams, times. `through`: it may be a link; else what has become one is
 * not followed. *side: 0 if the source failed, 1 if the target did. On failure nothing is left under
 * path2. */
int mhq_copy_file(mhq_fs *fs, const wchar_t *path, const wchar_t *path2, const mhq_file_info *seen,
                  int through, int *side);
/* The same for a link, as a link. */
int mhq_copy_link(mhq_fs *fs, const wchar_t *path, const wchar_t *path2, const mhq_file_info *seen,
                  int *side);
/* Times, and with `attributes` those: read-only, hidden and the like. */
int mhq_apply_metadata(mhq_fs *fs, HANDLE handle, const mhq_file_info *seen, int attributes);

#endif
