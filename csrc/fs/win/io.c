/* fs/win/io.c - see fs/win/io.h. */
#include "fs/win/io.h"

#include <string.h>

/* ---- stats ---- */

static LARGE_INTEGER time_of(FILETIME time)
{
    LARGE_INTEGER t = {.LowPart = time.dwLowDateTime, .HighPart = (LONG)time.dwHighDateTime};
    return t;
}

/* What kind of reparse point it is; 0 where the file system knows no kinds. */
static int stat_tag(mhq_fs *fs, HANDLE handle, DWORD *tag)
{
    FILE_ATTRIBUTE_TAG_INFO info = {0, 0};
    if (!fs->sys->get(handle, FileAttributeTagInfo, &info, sizeof info)) {
        int error = mhq_last();
        if (error != MHQ_WIN(ERROR_INVALID_PARAMETER) && error != MHQ_WIN(ERROR_INVALID_FUNCTION)
            && error != MHQ_WIN(ERROR_NOT_SUPPORTED))
            return error; /* it may be a link, which must not be taken for a directory */
    }
    *tag = info.ReparseTag;
    return 0;
}

int mhq_stat_handle(mhq_fs *fs, HANDLE handle, mhq_file_info *seen)
{
    BY_HANDLE_FILE_INFORMATION info;
    if (!fs->sys->about(handle, &info))
        return mhq_last();
    *seen = (mhq_file_info){
        .volume = info.dwVolumeSerialNumber,
        .file = (uint64_t)info.nFileIndexHigh << 32 | info.nFileIndexLow,
        .size = (uint64_t)info.nFileSizeHigh << 32 | info.nFileSizeLow,
        .attributes = info.dwFileAttributes,
        .accessed = time_of(info.ftLastAccessTime),
        .written = time_of(info.ftLastWriteTime),
    };
    if (info.dwFileAttributes & FILE_ATTRIBUTE_REPARSE_POINT)
        return stat_tag(fs, handle, &seen->tag);
    return 0;
}

uint64_t mhq_fingerprint_of(const mhq_file_info *seen)
{
    uint64_t x = mhq_mix(seen->volume + UINT64_C(0x9e3779b97f4a7c15));
    x = mhq_mix(x ^ seen->file);
    x = mhq_mix(x ^ (seen->attributes & FILE_ATTRIBUTE_DIRECTORY) ^ seen->tag);
    if (!mhq_is_directory(seen)) {
        x = mhq_mix(x ^ seen->size);
        x = mhq_mix(x ^ (uint64_t)seen->written.QuadPart);
    }
    return x | 1;
}

static int stat_path(mhq_fs *fs, const wchar_t *path, DWORD flags, mhq_file_info *seen)
{
    HANDLE handle;
    int error = mhq_open(fs, path, FILE_READ_ATTRIBUTES, MHQ_SHARE_ALL, OPEN_EXISTING,
                         FILE_FLAG_BACKUP_SEMANTICS | flags, &handle);
    if (error)
        return error;
    error = mhq_stat_handle(fs, handle, seen);
    fs->sys->close(handle);
    return error;
}

int mhq_stat(mhq_fs *fs, const wchar_t *path, mhq_file_info *seen)
{
    return stat_path(fs, path, FILE_FLAG_OPEN_REPARSE_POINT, seen);
}

int mhq_stat_followed(mhq_fs *fs, const wchar_t *path, mhq_file_info *seen)
{
    return stat_path(fs, path, 0, seen);
}

/* ---- calls with patience ---- */

int mhq_open(mhq_fs *fs, const wchar_t *path, DWORD access, DWORD share, DWORD how, DWORD flags,
             HANDLE *handle)
{
    int error, tries = 0;
    do {
        *handle = fs->sys->open(path, access, share, how, flags);
        if (*handle != INVALID_HANDLE_VALUE)
            return 0;
        error = mhq_last();
    } while (mhq_again(fs, error, 0, &tries));
    return error;
}

/* A target that is open, be it by a program that shares it for deletion, is not replaced by
 * MoveFileEx on every Windows; by the rename of POSIX it is. */
static int replace_open_target(mhq_fs *fs, const wchar_t *path, const wchar_t *path2)
{
    enum { REPLACE_IF_EXISTS = 1, POSIX_SEMANTICS = 2, RENAME_INFO_EX = 22 };
    size_t n = wcslen(path2) * sizeof *path2;
    size_t size = sizeof(FILE_RENAME_INFO) + n;
    FILE_RENAME_INFO *info = fs->sys->zeroed(1, size);
    HANDLE handle;
    if (info == NULL)
        return ENOMEM;
    memcpy(info, &(DWORD){REPLACE_IF_EXISTS | POSIX_SEMANTICS}, sizeof(DWORD)); /* its Flags */
    info->FileNameLength = (DWORD)n;
    memcpy(info->FileName, path2, n);
    int error = mhq_open(fs, path, DELETE, MHQ_SHARE_ALL, OPEN_EXISTING,
                         FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT, &handle);
    if (!error) {
        if (!fs->sys->set(handle, RENAME_INFO_EX, info, (DWORD)size))
            error = mhq_last();
        fs->sys->close(handle);
    }
    fs->sys->release(info);
    return error;
}

/* A refusal that no patience will change: a directory or a read-only file in the way. */
static int is_firm(mhq_fs *fs, const wchar_t *path)
{
    WIN32_FILE_ATTRIBUTE_DATA data;
    return fs->sys->attributes(path, &data)
        && (data.dwFileAttributes & (FILE_ATTRIBUTE_DIRECTORY | FILE_ATTRIBUTE_READONLY));
}

int mhq_rename(mhq_fs *fs, const wchar_t *path, const wchar_t *path2, DWORD flags)
{
    int error, tries = 0;
    do {
        if (fs->sys->move(path, path2, flags))
            return 0;
        error = mhq_last();
        if (error == MHQ_WIN(ERROR_ACCESS_DENIED) && (flags & MOVEFILE_REPLACE_EXISTING)) {
            if (is_firm(fs, path2))
                return error;
            if (replace_open_target(fs, path, path2) == 0)
                return 0;
        }
    } while (mhq_again(fs, error, 1, &tries));
    return error;
}

int mhq_unlink(mhq_fs *fs, const wchar_t *path)
{
    int error, tries = 0;
    do {
        mhq_file_info seen;
        if (fs->sys->delete_file(path))
            return 0;
        error = mhq_last();
        if (error != MHQ_WIN(ERROR_ACCESS_DENIED) || mhq_stat(fs, path, &seen) != 0)
            continue;
        if ((seen.attributes & FILE_ATTRIBUTE_DIRECTORY) && mhq_is_link(seen.attributes, seen.tag))
            return mhq_remove_directory(fs, path);
        if (seen.attributes & (FILE_ATTRIBUTE_DIRECTORY | FILE_ATTRIBUTE_READONLY))
            return error;
    } while (mhq_again(fs, error, 1, &tries));
    return error;
}

int mhq_remove_directory(mhq_fs *fs, const wchar_t *path)
{
    int error, tries = 0;
    do {
        if (fs->sys->remove_directory(path))
            return 0;
        error = mhq_last();
    } while (mhq_again(fs, error, 1, &tries));
    return error;
}

int mhq_open_regular(mhq_fs *fs, const wchar_t *path, HANDLE *handle, mhq_file_info *seen)
{
    int error = mhq_open(fs, path, GENERIC_READ, MHQ_SHARE_ALL, OPEN_EXISTING,
                         FILE_ATTRIBUTE_NORMAL, handle);
    if (error)
        return mhq_errno_of(error);
    error = mhq_stat_handle(fs, *handle, seen);
    if (error) {
        DWORD type = fs->sys->type(*handle);
        error = type == FILE_TYPE_PIPE || type == FILE_TYPE_CHAR ? MHQ_ENOTREGULAR
                                                                 : mhq_errno_of(error);
    } else if (seen->attributes & FILE_ATTRIBUTE_DIRECTORY)
        error = EACCES;
    if (error) {
        fs->sys->close(*handle);
        *handle = INVALID_HANDLE_VALUE;
    }
    return error;
}

int mhq_sync_handle(mhq_fs *fs, HANDLE handle)
{
    if (fs->lengthy)
        fs->lengthy(fs->context);
    return fs->sys->flush(handle) ? 0 : mhq_last();
}

int mhq_set_size(mhq_fs *fs, HANDLE handle, int64_t size)
{
    FILE_END_OF_FILE_INFO end = {.EndOfFile = {.QuadPart = size}};
    return fs->sys->set(handle, FileEndOfFileInfo, &end, sizeof end) ? 0 : mhq_last();
}
