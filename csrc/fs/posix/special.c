/* fs/posix/special.c - see fs/posix/special.h. */
#include "fs/posix/special.h"

/* The times go by name: they do no harm. */
static int apply_metadata(mhq_fs *fs, const struct stat *st, int dir2, const char *name2, int ownership)
{
    struct timespec times[2] = { st->st_atim, st->st_mtim };
    int error = 0;
    if (ownership || !S_ISLNK(st->st_mode))
        error = mhq_apply_node_metadata(fs, st, dir2, name2, ownership);
    if (error)
        return error;
    MHQ_TRY(error, fs->sys->utimensat(dir2, name2, times, AT_SYMLINK_NOFOLLOW));
    return mhq_unsupported(error) || error == EPERM ? 0 : error;
}

static int copy_link(mhq_fs *fs, int dir, const char *name, int dir2, const char *name2, int *side)
{
    char *text = fs->scratch;
    *side = 0;
    ssize_t n;
    MHQ_RETRY(n, fs->sys->readlinkat(dir, name, text, MHQ_SCRATCH));
    if (n < 0)
        return errno;
    if ((size_t)n >= MHQ_SCRATCH)
        return ENAMETOOLONG;
    text[n] = '\0';
    *side = 1;
    int error;
    MHQ_TRY(error, fs->sys->symlinkat(text, dir2, name2));
    return error;
}

int mhq_copy_special(mhq_fs *fs, int dir, const char *name, const struct stat *st, int dir2,
                     const char *name2, int ownership, int *side)
{
    int error;
    *side = 0;
    if (S_ISLNK(st->st_mode)) {
        error = copy_link(fs, dir, name, dir2, name2, side);
    } else if (S_ISFIFO(st->st_mode) || S_ISSOCK(st->st_mode)) {
        *side = 1;
        MHQ_TRY(error, fs->sys->mknodat(dir2, name2, st->st_mode & (S_IFMT | 0777), 0));
    } else {
        return MHQ_ENOTREGULAR;
    }
    if (error)
        return error;
    error = apply_metadata(fs, st, dir2, name2, ownership);
    if (error)
        mhq_unlink(fs, dir2, name2, 0);
    return error;
}
