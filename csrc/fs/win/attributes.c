/* fs/win/attributes.c - what is known of a path or a handle, and its attributes and times: path_exists,
 * path_stat, path_chmod, path_utime, disk_usage. They fail as the functions of os do, with Windows' code.
 */
#include <string.h>

#include "fs/win/handle.h"
#include "fs/win/path.h"

/* 100 ns since 1601 there; since 1970 here. */
#define TICKS INT64_C(10000000)
#define FIRST_TICK INT64_C(116444736000000000)

static DWORD follows(const mhq_op *op)
{
    return op->options & MHQ_FOLLOW_SYMLINKS ? 0 : FILE_FLAG_OPEN_REPARSE_POINT;
}

/* The handle's file, or what is at the path, opened for its attributes. */
static int reach(mhq_fs *fs, const mhq_op *op, DWORD access, HANDLE *handle)
{
    mhq_path path;
    if (op->handle)
        return mhq_enter(op, handle);
    int error = mhq_path_open(fs, op->path, &path);
    if (!error) {
        error = mhq_open(fs, path.text, access, MHQ_SHARE_ALL, OPEN_EXISTING,
                         FILE_FLAG_BACKUP_SEMANTICS | follows(op), handle);
        mhq_path_close(fs, &path);
    }
    return error;
}

/* ---- path_exists ---- */

void mhq_fs_path_exists(mhq_fs *fs, const mhq_op *op, mhq_run *run)
{
    HANDLE handle;
    int error = reach(fs, op, FILE_READ_ATTRIBUTES, &handle);
    if (!error)
        fs->sys->close(handle);
    /* A device has none, and what is open in no shared way is there. */
    run->exists = !error || error == MHQ_WIN(ERROR_INVALID_PARAMETER)
                  || error == MHQ_WIN(ERROR_INVALID_FUNCTION) || error == MHQ_WIN(ERROR_SHARING_VIOLATION);
    if (!run->exists && !mhq_is_missing(error))
        mhq_fail(run, error, MHQ_AT_PATH);
}

/* ---- path_stat ---- */

static void take_time(mhq_status *status, int which, FILETIME time)
{
    int64_t ticks = (int64_t)((uint64_t)time.dwHighDateTime << 32 | time.dwLowDateTime) - FIRST_TICK;
    int64_t rest = ticks % TICKS;
    if (rest < 0)
        rest += TICKS;
    status->seconds[which] = (ticks - rest) / TICKS;
    status->nanoseconds[which] = rest * 100;
}

/* As os.stat has it there. */
static uint64_t mode_of(const mhq_file_info *seen, int executable)
{
    int link = (seen->attributes & FILE_ATTRIBUTE_REPARSE_POINT) && seen->tag == IO_REPARSE_TAG_SYMLINK;
    int directory = !link && (seen->attributes & FILE_ATTRIBUTE_DIRECTORY);
    uint64_t bits = seen->attributes & FILE_ATTRIBUTE_READONLY ? 0444 : 0666;
    if (directory || executable)
        bits |= 0111;
    return bits | (link ? 0120000u : directory ? 0040000u : 0100000u);
}

int mhq_status_of(mhq_fs *fs, HANDLE handle, int executable, mhq_status *status)
{
    BY_HANDLE_FILE_INFORMATION info;
    mhq_file_info seen;
    int error = fs->sys->about(handle, &info) ? mhq_stat_handle(fs, handle, &seen) : mhq_last();
    if (error)
        return error;
    memset(status, 0, sizeof *status);
    status->mode = mode_of(&seen, executable);
    status->inode = seen.file;
    status->device = seen.volume;
    status->links = info.nNumberOfLinks;
    status->size = (int64_t)seen.size;
    status->attributes = seen.attributes;
    status->reparse_tag = seen.tag;
    take_time(status, 0, info.ftLastAccessTime);
    take_time(status, 1, info.ftLastWriteTime);
    take_time(status, 2, info.ftCreationTime); /* what Python calls so there */
    take_time(status, 3, info.ftCreationTime);
    return 0;
}

/* By its name, which is all that Windows goes by. */
static int is_executable(const char *path)
{
    static const char *const endings[] = {".exe", ".bat", ".cmd", ".com"};
    size_t n = strlen(path);
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
        if (n >= 4 && _stricmp(path + n - 4, endings[i]) == 0)
            return 1;
    return 0;
}

void mhq_fs_path_stat(mhq_fs *fs, const mhq_op *op, mhq_run *run)
{
    mhq_status status;
    HANDLE handle;
    int error = reach(fs, op, FILE_READ_ATTRIBUTES, &handle);
    if (!error)
        error = mhq_leave_with(fs, op, handle,
                               mhq_status_of(fs, handle, !op->handle && is_executable(op->path), &status));
    if (!error)
        error = mhq_result_of(fs, run, sizeof status);
    if (error)
        mhq_fail(run, error, MHQ_AT_PATH);
    else
        memcpy(run->buffer, &status, sizeof status);
}

/* ---- path_chmod, path_utime ---- */

/* A field of 0 leaves what it is about as it is. */
static int set_basics(mhq_fs *fs, const mhq_op *op, HANDLE handle, FILE_BASIC_INFO *basics)
{
    int error = fs->sys->set(handle, FileBasicInfo, basics, sizeof *basics) ? 0 : mhq_last();
    return mhq_leave_with(fs, op, handle, error);
}

void mhq_fs_path_chmod(mhq_fs *fs, const mhq_op *op, mhq_run *run)
{
    FILE_BASIC_INFO basics = {.FileAttributes = 0};
    mhq_file_info seen;
    HANDLE handle;
    int error = reach(fs, op, FILE_READ_ATTRIBUTES | FILE_WRITE_ATTRIBUTES, &handle);
    if (!error) {
        error = mhq_stat_handle(fs, handle, &seen);
        if (error) {
            error = mhq_leave_with(fs, op, handle, error);
        } else {
            basics.FileAttributes = op->numbers->mode & 0200 ? seen.attributes & ~(DWORD)FILE_ATTRIBUTE_READONLY
                                                             : seen.attributes | FILE_ATTRIBUTE_READONLY;
            if (basics.FileAttributes == 0)
                basics.FileAttributes = FILE_ATTRIBUTE_NORMAL;
            error = set_basics(fs, op, handle, &basics);
        }
    }
    if (error)
        mhq_fail(run, error, MHQ_AT_PATH);
}

static LARGE_INTEGER ticks_of(int64_t seconds, int64_t nanoseconds)
{
    LARGE_INTEGER ticks = {.QuadPart = seconds * TICKS + nanoseconds / 100 + FIRST_TICK};
    return ticks;
}

static LARGE_INTEGER now(void)
{
    FILETIME time;
    GetSystemTimeAsFileTime(&time);
    LARGE_INTEGER ticks = {.LowPart = time.dwLowDateTime, .HighPart = (LONG)time.dwHighDateTime};
    return ticks;
}

static int is_settable(int64_t seconds)
{
    return seconds > -FIRST_TICK / TICKS && seconds < INT64_MAX / TICKS - FIRST_TICK / TICKS;
}

void mhq_fs_path_utime(mhq_fs *fs, const mhq_op *op, mhq_run *run)
{
    const mhq_numbers *n = op->numbers;
    FILE_BASIC_INFO basics = {.FileAttributes = 0};
    HANDLE handle;
    int error = 0;
    if (n == NULL || n->accessed == MHQ_ABSENT) {
        basics.LastAccessTime = basics.LastWriteTime = now();
    } else if (is_settable(n->accessed) && is_settable(n->modified)) {
        basics.LastAccessTime = ticks_of(n->accessed, n->accessed_ns);
        basics.LastWriteTime = ticks_of(n->modified, n->modified_ns);
    } else {
        error = MHQ_WIN(ERROR_INVALID_PARAMETER);
    }
    if (!error)
        error = reach(fs, op, FILE_WRITE_ATTRIBUTES, &handle);
    if (!error)
        error = set_basics(fs, op, handle, &basics);
    if (error)
        mhq_fail(run, error, MHQ_AT_PATH);
}

/* ---- disk_usage ---- */

/* Of a file its directory is asked. */
static int ask_room(mhq_fs *fs, mhq_path *path, uint64_t *total, uint64_t *unused)
{
    if (fs->sys->room(path->text, total, unused))
        return 0;
    int error = mhq_last();
    size_t base = mhq_path_base(path);
    if (error != MHQ_WIN(ERROR_DIRECTORY) || base == 0)
        return error;
    path->text[base] = 0;
    return fs->sys->room(path->text, total, unused) ? 0 : mhq_last();
}

void mhq_fs_disk_usage(mhq_fs *fs, const mhq_op *op, mhq_run *run)
{
    uint64_t total = 0, unused = 0;
    mhq_path path;
    int error = mhq_path_open_full(fs, op->path, &path, NULL);
    if (!error) {
        error = ask_room(fs, &path, &total, &unused);
        mhq_path_close(fs, &path);
    }
    if (!error)
        error = mhq_result_of(fs, run, sizeof(mhq_usage));
    if (error)
        mhq_fail(run, error, MHQ_AT_PATH);
    else
        *(mhq_usage *)(void *)run->buffer = (mhq_usage){total, total - unused, unused};
}
