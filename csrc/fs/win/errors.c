/* fs/win/errors.c - see fs/win/errors.h. */
#include "fs/win/errors.h"

int mhq_last(void)
{
    DWORD code = GetLastError();
    return MHQ_WIN(code ? code : ERROR_GEN_FAILURE);
}

/* The C runtime's own table. */
int mhq_errno_of(int error)
{
    if (error < MHQ_WINERROR)
        return error;
    switch (error - MHQ_WINERROR) {
    case ERROR_FILE_NOT_FOUND:
    case ERROR_PATH_NOT_FOUND:
    case ERROR_INVALID_DRIVE:
    case ERROR_NO_MORE_FILES:
    case ERROR_BAD_NETPATH:
    case ERROR_BAD_NET_NAME:
    case ERROR_BAD_PATHNAME:
    case ERROR_FILENAME_EXCED_RANGE:
        return ENOENT;
    case ERROR_TOO_MANY_OPEN_FILES:
        return EMFILE;
    case ERROR_ACCESS_DENIED:
    case ERROR_CURRENT_DIRECTORY:
    case ERROR_NETWORK_ACCESS_DENIED:
    case ERROR_CANNOT_MAKE:
    case ERROR_FAIL_I24:
    case ERROR_DRIVE_LOCKED:
    case ERROR_SEEK_ON_DEVICE:
    case ERROR_NOT_LOCKED:
    case ERROR_LOCK_FAILED:
        return EACCES;
    case ERROR_NOT_ENOUGH_MEMORY:
    case ERROR_OUTOFMEMORY:
    case ERROR_NOT_ENOUGH_QUOTA:
        return ENOMEM;
    case ERROR_NOT_SAME_DEVICE:
        return EXDEV;
    case ERROR_FILE_EXISTS:
    case ERROR_ALREADY_EXISTS:
        return EEXIST;
    case ERROR_BROKEN_PIPE:
        return EPIPE;
    case ERROR_DISK_FULL:
        return ENOSPC;
    case ERROR_DIR_NOT_EMPTY:
        return ENOTEMPTY;
    }
    if (error >= MHQ_WIN(ERROR_WRITE_PROTECT) && error <= MHQ_WIN(ERROR_SHARING_BUFFER_EXCEEDED))
        return EACCES;
    return EINVAL;
}

int mhq_again(mhq_fs *fs, int error, int removing, int *tries)
{
    switch (error - MHQ_WINERROR) {
    case ERROR_SHARING_VIOLATION:
    case ERROR_LOCK_VIOLATION:
        break;
    case ERROR_ACCESS_DENIED:
    case ERROR_DELETE_PENDING:
        if (removing)
            break;
        return 0;
    default:
        return 0;
    }
    if (*tries == MHQ_TRIES)
        return 0;
    if (fs->lengthy)
        fs->lengthy(fs->context);
    fs->sys->sleep_ms(1u << (*tries)++); /* 1, 2, 4, ... milliseconds */
    fs->retries++;
    return 1;
}

int mhq_is_missing(int error)
{
    switch (error - MHQ_WINERROR) {
    case ERROR_FILE_NOT_FOUND:
    case ERROR_PATH_NOT_FOUND:
    case ERROR_INVALID_DRIVE:
    case ERROR_NOT_READY:
    case ERROR_BAD_NETPATH:
    case ERROR_BAD_NET_NAME:
    case ERROR_INVALID_NAME:
    case ERROR_BAD_PATHNAME:
    case ERROR_FILENAME_EXCED_RANGE:
    case ERROR_DIRECTORY:
    case ERROR_CANT_RESOLVE_FILENAME:
        return 1;
    }
    return 0;
}
