/* sys/calls_win.c - the real table of system calls, for Windows. As thin as it can be. Any thread;
 * no state. */
#define _CRT_RAND_S

#include "sys/calls.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <winternl.h>

/* The server of a named pipe must not be able to act as this user. */
static HANDLE real_open(const wchar_t *path, DWORD access, DWORD share, DWORD how, DWORD flags)
{
    return CreateFileW(path, access, share, NULL, how,
                       flags | SECURITY_SQOS_PRESENT | SECURITY_ANONYMOUS, NULL);
}

/* No other call opens relative to a directory. */
static BOOL real_open_at(HANDLE dir, const wchar_t *name, DWORD access, DWORD options,
                         HANDLE *handle)
{
    size_t bytes = wcslen(name) * sizeof *name;
    UNICODE_STRING text = {(USHORT)bytes, (USHORT)bytes, (wchar_t *)(uintptr_t)name};
    OBJECT_ATTRIBUTES which;
    IO_STATUS_BLOCK status;
    if (bytes > 0xfffe) {
        SetLastError(ERROR_FILENAME_EXCED_RANGE);
        return FALSE;
    }
    InitializeObjectAttributes(&which, &text, 0, dir, NULL);
    NTSTATUS result = NtCreateFile(handle, access | SYNCHRONIZE, &which, &status, NULL, 0,
                                   FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                                   FILE_OPEN,
                                   options | FILE_SYNCHRONOUS_IO_NONALERT
                                       | FILE_OPEN_REPARSE_POINT
                                       | FILE_OPEN_FOR_BACKUP_INTENT,
                                   NULL, 0);
    if (result >= 0)
        return TRUE;
    *handle = INVALID_HANDLE_VALUE;
    SetLastError(RtlNtStatusToDosError(result));
    return FALSE;
}

static BOOL real_attributes(const wchar_t *path, WIN32_FILE_ATTRIBUTE_DATA *data)
{
    return GetFileAttributesExW(path, GetFileExInfoStandard, data);
}

static BOOL real_find(const wchar_t *path, WIN32_FIND_DATAW *data)
{
    HANDLE handle = FindFirstFileW(path, data);
    if (handle == INVALID_HANDLE_VALUE)
        return FALSE;
    FindClose(handle);
    return TRUE;
}

static BOOL real_get(HANDLE handle, int what, void *to, DWORD n)
{
    return GetFileInformationByHandleEx(handle, (FILE_INFO_BY_HANDLE_CLASS)what, to, n);
}

static BOOL real_set(HANDLE handle, int what, void *from, DWORD n)
{
    return SetFileInformationByHandle(handle, (FILE_INFO_BY_HANDLE_CLASS)what, from, n);
}

static BOOL real_read(HANDLE handle, void *to, DWORD n, DWORD *got)
{
    return ReadFile(handle, to, n, got, NULL);
}

static BOOL real_write(HANDLE handle, const void *from, DWORD n, DWORD *put)
{
    return WriteFile(handle, from, n, put, NULL);
}

static BOOL real_copy_access(const wchar_t *path, const wchar_t *path2)
{
    DWORD size = 0;
    if (GetFileSecurityW(path, DACL_SECURITY_INFORMATION, NULL, 0, &size)
        || GetLastError() != ERROR_INSUFFICIENT_BUFFER)
        return FALSE;
    void *list = malloc(size);
    if (list == NULL) {
        SetLastError(ERROR_NOT_ENOUGH_MEMORY);
        return FALSE;
    }
    BOOL done = GetFileSecurityW(path, DACL_SECURITY_INFORMATION, list, size, &size)
        && SetFileSecurityW(path2, DACL_SECURITY_INFORMATION, list);
    DWORD error = GetLastError();
    free(list);
    SetLastError(error);
    return done;
}

static OVERLAPPED position(uint64_t at)
{
    OVERLAPPED place = {.Offset = (DWORD)at, .OffsetHigh = (DWORD)(at >> 32)};
    return place;
}

static BOOL real_read_at(HANDLE handle, void *to, DWORD n, uint64_t at, DWORD *got)
{
    OVERLAPPED place = position(at);
    *got = 0;
    return ReadFile(handle, to, n, got, &place) || GetLastError() == ERROR_HANDLE_EOF;
}

static BOOL real_write_at(HANDLE handle, const void *from, DWORD n, uint64_t at, DWORD *put)
{
    OVERLAPPED place = position(at);
    return WriteFile(handle, from, n, put, &place);
}

static BOOL real_make_directory(const wchar_t *path)
{
    return CreateDirectoryW(path, NULL);
}

static BOOL real_copy(const wchar_t *path, const wchar_t *path2, LPPROGRESS_ROUTINE progress,
                      void *context, DWORD flags)
{
    return CopyFileExW(path, path2, progress, context, NULL, flags);
}

static BOOL real_link(const wchar_t *path, const wchar_t *text, DWORD flags)
{
    return CreateSymbolicLinkW(path, text, flags) != 0;
}

static BOOL real_hard_link(const wchar_t *path, const wchar_t *existing)
{
    return CreateHardLinkW(path, existing, NULL);
}

static BOOL real_room(const wchar_t *path, uint64_t *total, uint64_t *unused)
{
    ULARGE_INTEGER ours, all, rest;
    if (!GetDiskFreeSpaceExW(path, &ours, &all, &rest))
        return FALSE;
    *total = all.QuadPart;
    *unused = rest.QuadPart;
    return TRUE;
}

static BOOL real_control(HANDLE handle, DWORD code, void *in, DWORD n, void *out, DWORD *m)
{
    return DeviceIoControl(handle, code, in, n, out, out ? *m : 0, m, NULL);
}

static DWORD real_full_path(const wchar_t *path, DWORD size, wchar_t *to)
{
    return GetFullPathNameW(path, size, to, NULL);
}

static DWORD real_final_path(HANDLE handle, wchar_t *to, DWORD size)
{
    return GetFinalPathNameByHandleW(handle, to, size, 0);
}

static BOOL real_random(void *to, size_t n)
{
    unsigned some;
    for (char *at = to; n > 0; at += sizeof some, n -= n < sizeof some ? n : sizeof some) {
        if (rand_s(&some) != 0) {
            SetLastError(ERROR_GEN_FAILURE);
            return FALSE;
        }
        memcpy(at, &some, n < sizeof some ? n : sizeof some);
    }
    return TRUE;
}

static void *real_aligned(size_t alignment, size_t n)
{
    return _aligned_malloc(n, alignment);
}

/* Functions of the system, under the table's names. */
#define real_close CloseHandle
#define real_flush FlushFileBuffers
#define real_type GetFileType
#define real_about GetFileInformationByHandle
#define real_remove_directory RemoveDirectoryW
#define real_delete_file DeleteFileW
#define real_move MoveFileExW
#define real_directory GetCurrentDirectoryW
#define real_sleep_ms Sleep
#define real_alloc malloc
#define real_resize realloc
#define real_zeroed calloc

const mhq_calls mhq_calls_real = {
#define X(type, name, parameters, arguments) .name = real_##name,
    MHQ_CALLS(X)
#undef X
    .release = free,
    .release_aligned = _aligned_free,
    .thread_start = mhq_thread_start,
    .bell_open = mhq_bell_open,
    .thread_background = mhq_thread_background,
};
