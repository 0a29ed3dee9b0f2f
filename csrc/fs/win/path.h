/* fs/win/path.h - paths as Windows takes them. */
#ifndef MHQ_FS_WIN_PATH_H
#define MHQ_FS_WIN_PATH_H

#include "fs/win/errors.h"

#include <wchar.h>

/* A path in UTF-16, with the prefix that lifts the limit of 260 where it needs that. */
#define MHQ_PATH_INLINE 320
typedef struct mhq_path {
    wchar_t *text;
    size_t length;
    wchar_t inlined[MHQ_PATH_INLINE];   /* where text is, unless it is longer */
} mhq_path;

/* Makes a path of one in UTF-8, lone surrogates kept. */
int mhq_path_open(mhq_fs *fs, const char *given, mhq_path *path);
/* The same from the root on and always with the prefix, so that names can be added to it. Without
 * a slash at its end; *slash (unless NULL): whether it had one. */
int mhq_path_open_full(mhq_fs *fs, const char *given, mhq_path *path, int *slash);
/* `path`, a backslash, `name`. */
int mhq_path_join(mhq_fs *fs, const mhq_path *top, const wchar_t *name, mhq_path *path);
void mhq_path_close(mhq_fs *fs, mhq_path *path);
/* Moves `from`, which must not be used any more, into `to`, which holds nothing. */
void mhq_path_take(mhq_path *to, const mhq_path *from);
static inline int mhq_is_slash(int c)
{
    return c == '/' || c == '\\';
}

/* Where the last component begins. */
size_t mhq_path_base(const mhq_path *path);

/* UTF-16 to UTF-8, lone surrogates kept: returns the bytes, writes them and a NUL unless `to` is
 * NULL. At most three bytes for each unit. */
size_t mhq_narrow(const wchar_t *from, size_t n, char *to);

/* The other way round, with a NUL: returns the units, or -1: it is no UTF-8. `to` holds as many units as
 * there are bytes. */
ptrdiff_t mhq_widen(const char *from, wchar_t *to);

/* `top`/`name` in UTF-8 on the heap; NULL: no memory. */
char *mhq_join(mhq_fs *fs, const char *top, const wchar_t *name);
/* Reports a leftover: what could not be removed. */
void mhq_report_leftover(mhq_fs *fs, const wchar_t *path);

/* A random name beside `path`: ".mhddq-" and 16 hex digits. */
int mhq_temporary(mhq_fs *fs, const mhq_path *path, mhq_path *temporary);

#endif
