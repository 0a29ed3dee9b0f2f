/* sys/calls_win.h - the rows of the table of calls for Windows; see sys/calls.h.
 *
 * Windows' own convention: FALSE (INVALID_HANDLE_VALUE from `open`) and GetLastError on failure.
 * Paths and names are UTF-16, as mhq_path has them. Handles are never inherited.
 */
#ifndef MHQ_SYS_CALLS_WIN_H
#define MHQ_SYS_CALLS_WIN_H

#ifndef _WIN32_WINNT
#define _WIN32_WINNT 0x0A00
#endif
#ifndef NTDDI_VERSION
#define NTDDI_VERSION 0x0A000007
#endif
#ifndef WIN32_LEAN_AND_MEAN
#define WIN32_LEAN_AND_MEAN
#endif
#ifndef NOMINMAX
#define NOMINMAX
#endif
#include <windows.h>

/* X(return type, name, (parameters), (arguments))
 * open       CreateFileW, sharing everything unless `share` says otherwise
 * open_at    the entry `name` of the open directory, never through a link: NtCreateFile
 * attributes GetFileAttributesExW; `find` FindFirstFileW, closed again
 * copy_access gives path2 the access list (DACL) of path: GetFileSecurityW, SetFileSecurityW
 * read_at    ReadFile from this position on; nothing, and success, where the file has ended
 * write_at   WriteFile from this position on; UINT64_MAX: at the end of the file
 * room       GetDiskFreeSpaceExW
 * get, set   GetFileInformationByHandleEx, SetFileInformationByHandle */
#define MHQ_SYSTEM_CALLS(X)                                                                     \
    X(HANDLE, open, (const wchar_t *path, DWORD access, DWORD share, DWORD how, DWORD flags), (path, access, share, how, flags)) \
    X(BOOL, open_at, (HANDLE dir, const wchar_t *name, DWORD access, DWORD options, HANDLE *handle), (dir, name, access, options, handle)) \
    X(BOOL, close, (HANDLE handle), (handle))                                                   \
    X(DWORD, type, (HANDLE handle), (handle))                                                   \
    X(BOOL, attributes, (const wchar_t *path, WIN32_FILE_ATTRIBUTE_DATA *data), (path, data))   \
    X(BOOL, find, (const wchar_t *path, WIN32_FIND_DATAW *data), (path, data))                  \
    X(BOOL, about, (HANDLE handle, BY_HANDLE_FILE_INFORMATION *info), (handle, info))           \
    X(BOOL, get, (HANDLE handle, int what, void *to, DWORD n), (handle, what, to, n))           \
    X(BOOL, set, (HANDLE handle, int what, void *from, DWORD n), (handle, what, from, n))       \
    X(BOOL, read, (HANDLE handle, void *to, DWORD n, DWORD *got), (handle, to, n, got))         \
    X(BOOL, write, (HANDLE handle, const void *from, DWORD n, DWORD *put), (handle, from, n, put)) \
    X(BOOL, flush, (HANDLE handle), (handle))                                                   \
    X(BOOL, copy_access, (const wchar_t *path, const wchar_t *path2), (path, path2))            \
    X(BOOL, read_at, (HANDLE handle, void *to, DWORD n, uint64_t at, DWORD *got), (handle, to, n, at, got)) \
    X(BOOL, write_at, (HANDLE handle, const void *from, DWORD n, uint64_t at, DWORD *put), (handle, from, n, at, put)) \
    X(BOOL, make_directory, (const wchar_t *path), (path))                                      \
    X(BOOL, remove_directory, (const wchar_t *path), (path))                                    \
    X(BOOL, delete_file, (const wchar_t *path), (path))                                         \
    X(BOOL, move, (const wchar_t *path, const wchar_t *path2, DWORD flags), (path, path2, flags)) \
    X(BOOL, copy, (const wchar_t *path, const wchar_t *path2, LPPROGRESS_ROUTINE progress, void *context, DWORD flags), (path, path2, progress, context, flags)) \
    X(BOOL, link, (const wchar_t *path, const wchar_t *text, DWORD flags), (path, text, flags)) \
    X(BOOL, hard_link, (const wchar_t *path, const wchar_t *existing), (path, existing))        \
    X(BOOL, room, (const wchar_t *path, uint64_t *total, uint64_t *free), (path, total, free))  \
    X(BOOL, control, (HANDLE handle, DWORD code, void *in, DWORD n, void *out, DWORD *m), (handle, code, in, n, out, m)) \
    X(DWORD, full_path, (const wchar_t *path, DWORD size, wchar_t *to), (path, size, to))       \
    X(DWORD, final_path, (HANDLE handle, wchar_t *to, DWORD size), (handle, to, size))          \
    X(DWORD, directory, (DWORD size, wchar_t *to), (size, to))                                  \
    X(BOOL, random, (void *to, size_t n), (to, n))                                              \
    X(void, sleep_ms, (DWORD ms), (ms))

#endif
