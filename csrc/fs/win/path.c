/* fs/win/path.c - paths as Windows takes them, and the calls that everyone makes with them.
 *
 * A path goes to the system as it was given, which resolves it as it always does. Only where it is
 * long it is made whole first, as the system itself would, and gets the prefix that lifts the
 * limit of 260 characters and tells the system to resolve nothing more.
 */
#include "fs/win/win.h"

#include <string.h>

/* ---- errors and patience ---- */

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
        fs->lengthy(fs->who);
    fs->sys->nap(1u << (*tries)++); /* 1, 2, 4, ... milliseconds */
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

/* ---- UTF-8 and UTF-16 ---- */

/* The caller's UTF-8 is valid but for lone surrogates, which pass. -1: it is not. */
static long next_point(const unsigned char **at)
{
    static const unsigned char heads[] = {0x1f, 0x0f, 0x07};
    const unsigned char *p = *at;
    if (p[0] < 0x80) {
        *at = p + 1;
        return p[0];
    }
    int more = p[0] >= 0xf0 ? 3 : p[0] >= 0xe0 ? 2 : 1;
    long point = p[0] & heads[more - 1];
    if (p[0] < 0xc2 || p[0] > 0xf4)
        return -1;
    for (int i = 1; i <= more; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return -1;
        point = point << 6 | (p[i] & 0x3f);
    }
    *at = p + 1 + more;
    return point;
}

/* `to` has room for as many units as there are bytes. -1: no UTF-8. */
static ptrdiff_t widen(const char *from, wchar_t *to)
{
    const unsigned char *at = (const unsigned char *)from;
    wchar_t *begin = to;
    while (*at) {
        long point = next_point(&at);
        if (point < 0 || point > 0x10ffff)
            return -1;
        if (point >= 0x10000) {
            *to++ = (wchar_t)(0xd800 + ((point - 0x10000) >> 10));
            point = 0xdc00 + ((point - 0x10000) & 0x3ff);
        }
        *to++ = (wchar_t)point;
    }
    *to = 0;
    return to - begin;
}

size_t mhq_narrow(const wchar_t *from, size_t n, char *to)
{
    size_t at = 0;
    for (size_t i = 0; i < n; i++) {
        unsigned long point = (unsigned short)from[i];
        if ((point & 0xfc00) == 0xd800 && i + 1 < n && (from[i + 1] & 0xfc00) == 0xdc00)
            point = 0x10000 + ((point & 0x3ff) << 10) + ((unsigned short)from[++i] & 0x3ff);
        int more = point < 0x80 ? 0 : point < 0x800 ? 1 : point < 0x10000 ? 2 : 3;
        if (to != NULL) {
            static const unsigned char heads[] = {0, 0xc0, 0xe0, 0xf0};
            to[at] = (char)(heads[more] | point >> 6 * more);
            for (int left = more - 1, k = 1; left >= 0; left--, k++)
                to[at + (size_t)k] = (char)(0x80 | (point >> 6 * left & 0x3f));
        }
        at += 1 + (size_t)more;
    }
    if (to != NULL)
        to[at] = 0;
    return at;
}

/* ---- paths ---- */

/* Where the system's own limit begins: a directory's path leaves room for a short file name. */
#define SHORT_ENOUGH 247

static int make_room(mhq_fs *fs, mhq_path *path, size_t n)
{
    path->text = path->room;
    if (n < MHQ_PATH_ROOM)
        return 0;
    path->text = n < SIZE_MAX / sizeof(wchar_t) - 1 ? fs->sys->alloc((n + 1) * sizeof(wchar_t))
                                                    : NULL;
    return path->text ? 0 : ENOMEM;
}

void mhq_path_close(mhq_fs *fs, mhq_path *path)
{
    if (path->text != path->room)
        fs->sys->release(path->text);
    path->text = path->room;
    path->length = 0;
}

void mhq_path_take(mhq_path *to, const mhq_path *from)
{
    *to = *from;
    if (from->text == from->room)
        to->text = to->room;
}

static int read_given(mhq_fs *fs, const char *given, mhq_path *path)
{
    int error = make_room(fs, path, strlen(given));
    if (error)
        return error;
    ptrdiff_t n = widen(given, path->text);
    if (n < 0 || n > 32767) {
        mhq_path_close(fs, path);
        return MHQ_WIN(n < 0 ? ERROR_NO_UNICODE_TRANSLATION : ERROR_FILENAME_EXCED_RANGE);
    }
    path->length = (size_t)n;
    return 0;
}

/* \\?\... and \\.\...: taken as they are. */
static int is_verbatim(const wchar_t *text)
{
    return text[0] == '\\' && text[1] == '\\' && (text[2] == '?' || text[2] == '.')
        && text[3] == '\\';
}

/* Makes `path` whole, with the prefix. */
static int complete(mhq_fs *fs, mhq_path *path)
{
    enum { PREFIX = 8 }; /* \\?\UNC\ */
    mhq_path whole;
    DWORD n = fs->sys->full_path(path->text, 0, NULL);
    if (n == 0)
        return mhq_last();
    int error = make_room(fs, &whole, n + PREFIX);
    if (error)
        return error;
    wchar_t *text = whole.text + PREFIX;
    DWORD got = fs->sys->full_path(path->text, n, text);
    if (got == 0 || got >= n) {
        error = got ? MHQ_WIN(ERROR_FILENAME_EXCED_RANGE) : mhq_last();
        mhq_path_close(fs, &whole);
        return error;
    }
    const wchar_t *prefix = L"\\\\?\\";
    if (is_verbatim(text))
        prefix = L""; /* a device, as NUL is */
    else if (text[0] == '\\' && text[1] == '\\')
        prefix = L"\\\\?\\UNC\\", text += 2, got -= 2;
    size_t head = wcslen(prefix);
    memmove(whole.text + head, text, (got + 1) * sizeof *text);
    memcpy(whole.text, prefix, head * sizeof *prefix);
    whole.length = head + got;
    mhq_path_close(fs, path);
    mhq_path_take(path, &whole);
    return 0;
}

int mhq_path_open(mhq_fs *fs, const char *given, mhq_path *path)
{
    int error = read_given(fs, given, path);
    if (error || is_verbatim(path->text))
        return error;
    size_t n = path->length;
    if (n > 0 && n < SHORT_ENOUGH && path->text[0] != '\\' && path->text[0] != '/'
        && !(n > 2 && path->text[1] == ':' && (path->text[2] == '\\' || path->text[2] == '/')))
        n += fs->sys->directory(0, NULL); /* relative */
    error = n < SHORT_ENOUGH ? 0 : complete(fs, path);
    if (error)
        mhq_path_close(fs, path);
    return error;
}

int mhq_path_open_full(mhq_fs *fs, const char *given, mhq_path *path, int *slash)
{
    int error = read_given(fs, given, path);
    if (error)
        return error;
    if (path->length == 0)
        error = MHQ_WIN(ERROR_PATH_NOT_FOUND);
    else if (!is_verbatim(path->text))
        error = complete(fs, path);
    if (error) {
        mhq_path_close(fs, path);
        return error;
    }
    size_t n = path->length;
    int found = n > 0 && (path->text[n - 1] == '\\' || path->text[n - 1] == '/');
    if (slash)
        *slash = found;
    if (found && n > 3 && path->text[n - 2] != ':') /* not of the root, which is its name */
        path->text[--path->length] = 0;
    return 0;
}

int mhq_path_join(mhq_fs *fs, const mhq_path *top, const wchar_t *name, mhq_path *path)
{
    size_t n = wcslen(name), at = top->length;
    int error = make_room(fs, path, at + 1 + n);
    if (error)
        return error;
    memcpy(path->text, top->text, at * sizeof *path->text);
    if (at > 0 && path->text[at - 1] != '\\')
        path->text[at++] = '\\';
    memcpy(path->text + at, name, (n + 1) * sizeof *name);
    path->length = at + n;
    return 0;
}

size_t mhq_path_base(const mhq_path *path)
{
    size_t at = path->length;
    while (at > 0 && path->text[at - 1] != '\\' && path->text[at - 1] != '/')
        at--;
    return at;
}

char *mhq_join(mhq_fs *fs, const char *top, const wchar_t *name)
{
    size_t n = wcslen(name), at = strlen(top);
    char *path = fs->sys->alloc(at + 3 * n + 2);
    if (path == NULL)
        return NULL;
    memcpy(path, top, at);
    if (at > 0 && top[at - 1] != '\\' && top[at - 1] != '/')
        path[at++] = '\\';
    mhq_narrow(name, n, path + at);
    return path;
}

void mhq_fail_at(mhq_run *run, int error, int second, char *path)
{
    if (path == NULL) {
        mhq_fail(run, error, second ? MHQ_AT_PATH2 : MHQ_AT_PATH);
        return;
    }
    run->buffer = path;
    run->length = strlen(path);
    mhq_fail(run, error, second ? MHQ_AT_BUFFER2 : MHQ_AT_BUFFER);
}

void mhq_tell_left(mhq_fs *fs, const wchar_t *path)
{
    if (!fs->left_behind)
        return;
    if (is_verbatim(path) && path[5] == ':')
        path += 4;
    size_t n = wcslen(path);
    char *told = fs->sys->alloc(3 * n + 1);
    if (told == NULL)
        return; /* the temporary's name still says whose it is */
    mhq_narrow(path, n, told);
    fs->left_behind(fs->who, told);
    fs->sys->release(told);
}

int mhq_temporary(mhq_fs *fs, const mhq_path *path, mhq_path *temporary)
{
    static const wchar_t prefix[] = L".mhddq-", digits[] = L"0123456789abcdef";
    enum { LENGTH = 7 + 16 };
    unsigned char random[8];
    size_t at = mhq_path_base(path);
    if (!fs->sys->random(random, sizeof random))
        return mhq_last();
    int error = make_room(fs, temporary, at + LENGTH);
    if (error)
        return error;
    memcpy(temporary->text, path->text, at * sizeof *path->text);
    wchar_t *to = temporary->text + at;
    memcpy(to, prefix, sizeof prefix);
    to += 7;
    for (size_t i = 0; i < sizeof random; i++) {
        *to++ = digits[random[i] >> 4];
        *to++ = digits[random[i] & 15];
    }
    *to = 0;
    temporary->length = at + LENGTH;
    return 0;
}

/* ---- looking ---- */

static LARGE_INTEGER time_of(FILETIME time)
{
    LARGE_INTEGER t = {.LowPart = time.dwLowDateTime, .HighPart = (LONG)time.dwHighDateTime};
    return t;
}

/* What kind of reparse point it is; 0 where the file system knows no kinds. */
static int look_at_tag(mhq_fs *fs, HANDLE handle, DWORD *tag)
{
    FILE_ATTRIBUTE_TAG_INFO info = {0, 0};
    if (!fs->sys->get(handle, FileAttributeTagInfo, &info, sizeof info)) {
        int error = mhq_last();
        if (error != MHQ_WIN(ERROR_INVALID_PARAMETER) && error != MHQ_WIN(ERROR_INVALID_FUNCTION)
            && error != MHQ_WIN(ERROR_NOT_SUPPORTED))
            return error; /* it may be a link: nobody shall take it for a directory */
    }
    *tag = info.ReparseTag;
    return 0;
}

int mhq_look_at(mhq_fs *fs, HANDLE handle, mhq_seen *seen)
{
    BY_HANDLE_FILE_INFORMATION info;
    if (!fs->sys->about(handle, &info))
        return mhq_last();
    *seen = (mhq_seen){
        .volume = info.dwVolumeSerialNumber,
        .file = (uint64_t)info.nFileIndexHigh << 32 | info.nFileIndexLow,
        .size = (uint64_t)info.nFileSizeHigh << 32 | info.nFileSizeLow,
        .attributes = info.dwFileAttributes,
        .accessed = time_of(info.ftLastAccessTime),
        .written = time_of(info.ftLastWriteTime),
    };
    if (info.dwFileAttributes & FILE_ATTRIBUTE_REPARSE_POINT)
        return look_at_tag(fs, handle, &seen->tag);
    return 0;
}

uint64_t mhq_print_of(const mhq_seen *seen)
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

static int look(mhq_fs *fs, const wchar_t *path, DWORD flags, mhq_seen *seen)
{
    HANDLE handle;
    int error = mhq_open(fs, path, FILE_READ_ATTRIBUTES, MHQ_SHARE_ALL, OPEN_EXISTING,
                         FILE_FLAG_BACKUP_SEMANTICS | flags, &handle);
    if (error)
        return error;
    error = mhq_look_at(fs, handle, seen);
    fs->sys->close(handle);
    return error;
}

int mhq_look(mhq_fs *fs, const wchar_t *path, mhq_seen *seen)
{
    return look(fs, path, FILE_FLAG_OPEN_REPARSE_POINT, seen);
}

int mhq_look_through(mhq_fs *fs, const wchar_t *path, mhq_seen *seen)
{
    return look(fs, path, 0, seen);
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

/* A target that is open, and be it by those who share it for deletion, is not replaced by
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
        mhq_seen seen;
        if (fs->sys->delete_file(path))
            return 0;
        error = mhq_last();
        if (error != MHQ_WIN(ERROR_ACCESS_DENIED) || mhq_look(fs, path, &seen) != 0)
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
