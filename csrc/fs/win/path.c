/* fs/win/path.c - paths as Windows takes them.
 *
 * A path goes to the system as it was given, which resolves it as it always does. Only where it is
 * long it is made whole first, as the system itself would, and gets the prefix that lifts the
 * limit of 260 characters and makes the system resolve nothing more.
 */
#include "fs/win/path.h"

#include <string.h>

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

ptrdiff_t mhq_widen(const char *from, wchar_t *to)
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

/* Where the system's own limit begins: a directory's path leaves space for a short file name. */
#define SHORT_ENOUGH 247

static int make_room(mhq_fs *fs, mhq_path *path, size_t n)
{
    path->text = path->inlined;
    if (n < MHQ_PATH_INLINE)
        return 0;
    path->text = n < SIZE_MAX / sizeof(wchar_t) - 1 ? fs->sys->alloc((n + 1) * sizeof(wchar_t))
                                                    : NULL;
    return path->text ? 0 : ENOMEM;
}

void mhq_path_close(mhq_fs *fs, mhq_path *path)
{
    if (path->text != path->inlined)
        fs->sys->release(path->text);
    path->text = path->inlined;
    path->length = 0;
}

void mhq_path_take(mhq_path *to, const mhq_path *from)
{
    *to = *from;
    if (from->text == from->inlined)
        to->text = to->inlined;
}

static int read_given(mhq_fs *fs, const char *given, mhq_path *path)
{
    int error = make_room(fs, path, strlen(given));
    if (error)
        return error;
    ptrdiff_t n = mhq_widen(given, path->text);
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

void mhq_report_leftover(mhq_fs *fs, const wchar_t *path)
{
    if (!fs->report_leftover)
        return;
    if (is_verbatim(path) && path[5] == ':')
        path += 4;
    size_t n = wcslen(path);
    char *text = fs->sys->alloc(3 * n + 1);
    if (text == NULL)
        return; /* the temporary's name still shows where it comes from */
    mhq_narrow(path, n, text);
    fs->report_leftover(fs->context, text);
    fs->sys->release(text);
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
