/* fs/win/handle.h - the one place where an operation's handle, or its path, becomes a HANDLE. */
#ifndef MHQ_FS_WIN_HANDLE_H
#define MHQ_FS_WIN_HANDLE_H

#include "fs/handle.h"
#include "fs/win/io.h"

/* The handle's HANDLE, or EBADF; to be given back by mhq_leave. */
int mhq_enter(const mhq_op *op, HANDLE *handle);

/* A regular file to be read: the handle's, or the path's, opened. See mhq_open_regular. */
int mhq_reach_regular(mhq_fs *fs, const mhq_op *op, HANDLE *handle, mhq_file_info *seen);

/* What is to be written to: the handle's file, or the path's, opened as CreateFile has it. */
int mhq_reach_to_write(mhq_fs *fs, const mhq_op *op, DWORD access, DWORD how, HANDLE *handle);

/* fs/win/file.c: reads at most n bytes from `at` on; regions may be locked for a moment. */
int mhq_read_some(mhq_fs *fs, HANDLE handle, void *to, size_t n, uint64_t at, DWORD *got);

/* fs/win/file.c: the operation's data, from `at` on; UINT64_MAX: at the end of the file. Gives back what
 * was reached. */
int mhq_write_data(mhq_fs *fs, const mhq_op *op, HANDLE handle, uint64_t at);

/* Gives back what was reached. 0, or what the close failed with. */
int mhq_leave(mhq_fs *fs, const mhq_op *op, HANDLE handle);

/* The same behind an error, which comes first. */
static inline int mhq_leave_with(mhq_fs *fs, const mhq_op *op, HANDLE handle, int error)
{
    int failure = mhq_leave(fs, op, handle);
    return error ? error : failure;
}

#endif
