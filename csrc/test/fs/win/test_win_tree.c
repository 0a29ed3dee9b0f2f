/* test/fs/win/test_win_tree.c - on Windows: what keeps a tree in its place while it is copied, and
 * whom an error of the system's own copy is put down to. tools/wine.py builds and runs it; not
 * run.sh.
 */
#include "test/check.h"
#include "test/usual.h"
#include "fs/win/delete.h"

static mhq_calls calls;
static mhq_fs fs;
static char home[MAX_PATH];

/* ---- the system's copy, watched -------------------------------------------------------------- */

static DWORD copy_error, source_error; /* errors; 0: none */
static wchar_t source[MAX_PATH + 8]; /* of the copy that is watched */
static int copies, displaced;
static DWORD flags_seen;

/* Tries to rename each directory that `path` lies in, up to the one that `top` stands for. */
static void displace(const wchar_t *path, const wchar_t *top)
{
    wchar_t dir[MAX_PATH + 8], other[MAX_PATH + 16];
    (void)wcscpy(dir, path);
    for (wchar_t *slash; (slash = wcsrchr(dir, '\\')) != NULL && wcsstr(dir, top) != NULL;) {
        *slash = 0;
        if (wcsstr(dir, top) == NULL)
            return;
        (void)wcscat(wcscpy(other, dir), L".displaced");
        displaced += MoveFileExW(dir, other, 0) != 0;
    }
}

static BOOL watched_copy(const wchar_t *path, const wchar_t *path2, LPPROGRESS_ROUTINE progress,
                         void *context, DWORD flags)
{
    copies++;
    flags_seen = flags;
    (void)wcscpy(source, path);
    displace(path, L"\\tree");
    displace(path2, L"\\.mhddq-");
    if (copy_error) {
        SetLastError(copy_error);
        return FALSE;
    }
    return mhq_calls_real.copy(path, path2, progress, context, flags);
}

static HANDLE watched_open(const wchar_t *path, DWORD access, DWORD share, DWORD how, DWORD flags)
{
    if (source_error && access == GENERIC_READ && wcscmp(path, source) == 0) {
        SetLastError(source_error);
        return INVALID_HANDLE_VALUE;
    }
    return mhq_calls_real.open(path, access, share, how, flags);
}

/* ---- what is tried --------------------------------------------------------------------------- */

static mhq_run perform(int kind, const char *path, const char *path2)
{
    mhq_op op = {.kind = (uint8_t)kind, .path = path, .path2 = path2,
                 .options = usual_options(kind)};
    mhq_run run = {.error = 0};
    copies = displaced = 0;
    mhq_fs_run(&fs, &op, &run);
    return run;
}

/* While something is copied every directory above it is held, where it is read and where it is
 * built: a user that could put a link in its place would have the copy go elsewhere. */
static void directories_stay(void)
{
    mhq_run run = perform(MHQ_DIRECTORY_COPY, "tree", "copy");
    CHECK_INT(run.error, 0);
    CHECK_INT(copies, 1);
    CHECK_INT(displaced, 0);
    perform(MHQ_DIRECTORY_DELETE, "copy", NULL);
}

/* A file that has become a link is not followed; but the one that was named may be one. */
static void links_are_not_followed(void)
{
    perform(MHQ_DIRECTORY_COPY, "tree", "copy");
    CHECK(flags_seen & COPY_FILE_COPY_SYMLINK);
    perform(MHQ_DIRECTORY_DELETE, "copy", NULL);
    perform(MHQ_FILE_COPY, "tree/sub/file", "copy");
    CHECK(!(flags_seen & COPY_FILE_COPY_SYMLINK));
    perform(MHQ_FILE_DELETE, "copy", NULL);
}

/* 'Access denied' is the source's where that cannot be opened, else the target's. */
static void errors_are_put_down_to(DWORD copying, DWORD opening, int where, const char *named)
{
    copy_error = copying, source_error = opening;
    mhq_run run = perform(MHQ_DIRECTORY_COPY, "tree", "copy");
    copy_error = source_error = 0;
    CHECK_INT(run.error, MHQ_WIN(copying));
    CHECK_INT(run.where, where);
    if (CHECK(run.buffer != NULL))
        CHECK_TEXT(run.buffer, named);
    free(run.buffer);
    CHECK(GetFileAttributesA("copy") == INVALID_FILE_ATTRIBUTES);
}

static void errors(void)
{
    errors_are_put_down_to(ERROR_ACCESS_DENIED, ERROR_ACCESS_DENIED, MHQ_AT_BUFFER,
                           "tree\\sub\\file");
    errors_are_put_down_to(ERROR_ACCESS_DENIED, 0, MHQ_AT_BUFFER2, "copy\\sub\\file");
    errors_are_put_down_to(ERROR_FILE_NOT_FOUND, 0, MHQ_AT_BUFFER, "tree\\sub\\file");
    errors_are_put_down_to(ERROR_DISK_FULL, 0, MHQ_AT_BUFFER2, "copy\\sub\\file");
}

/* ---- stopped at every step ------------------------------------------------------------------- */

static long steps, stop;

static int on_step(void *context, uint64_t done)
{
    (void)context, (void)done;
    CHECK(!stop || steps < stop); /* none while it is undone */
    return ++steps == stop ? ECANCELED : 0;
}

static int count_entries(void)
{
    WIN32_FIND_DATAA found;
    int count = 0;
    HANDLE search = FindFirstFileA("*", &found);
    REQUIRE(search != INVALID_HANDLE_VALUE);
    do
        count++;
    while (FindNextFileA(search, &found));
    CHECK(FindClose(search));
    return count;
}

static void stop_everywhere(int kind, const char *path, const char *path2)
{
    int entries = count_entries();
    steps = stop = 0;
    mhq_run run = perform(kind, path, path2);
    long count = steps;
    CHECK_INT(run.error, 0);
    CHECK(count > 0);
    free(run.buffer);
    if (path2)
        perform(kind == MHQ_FILE_COPY ? MHQ_FILE_DELETE : MHQ_DIRECTORY_DELETE, path2, NULL);
    RemoveDirectoryA("p\\q"), RemoveDirectoryA("p");
    CHECK_INT(count_entries(), entries);
    for (long at = 1; at <= count; at++) {
        steps = 0, stop = at;
        run = perform(kind, path, path2);
        CHECK_INT(run.error, ECANCELED);
        CHECK_INT(run.where, MHQ_AT_PATH);
        CHECK(run.buffer == NULL);
        CHECK_INT(count_entries(), entries);
    }
    steps = stop = 0;
}

static void stops(void)
{
    enum { LARGE = 1 << 20 };
    char *large = calloc(1, LARGE);
    REQUIRE(large != NULL);
    mhq_op op = {.kind = MHQ_FILE_WRITE, .path = "tree/sub/large", .data = large, .size = LARGE};
    mhq_run run = {.error = 0};
    mhq_fs_run(&fs, &op, &run);
    CHECK_INT(run.error, 0);
    fs.step = on_step;
    fs.slice = 65536;
    stop_everywhere(MHQ_FILE_READ, "tree/sub/large", NULL);
    stop_everywhere(MHQ_FILE_COPY, "tree/sub/large", "copy");
    stop_everywhere(MHQ_DIRECTORY_COPY, "tree", "copy");
    stop_everywhere(MHQ_DIRECTORY_COPY, "tree", "p/q/copy");
    stop_everywhere(MHQ_DIRECTORY_CONTENTS, "tree", NULL);
    fs.step = NULL;
    free(large);
    CHECK_INT(perform(MHQ_FILE_DELETE, "tree/sub/large", NULL).error, 0);
}

/* ---- moves ----------------------------------------------------------------------------------- */

static void moves(void)
{
    CHECK_INT(perform(MHQ_DIRECTORY_MOVE, "tree", "tree").error, 0); /* there is nothing to do */
    CHECK_INT(perform(MHQ_DIRECTORY_MOVE, "tree", "p/q/tree").error, 0); /* parents are made */
    CHECK(GetFileAttributesA("p/q/tree/sub/file") != INVALID_FILE_ATTRIBUTES);
    CHECK_INT(perform(MHQ_DIRECTORY_MOVE, "p/q/tree", "tree").error, 0);
    CHECK(RemoveDirectoryA("p\\q") && RemoveDirectoryA("p"));
    CHECK_INT(perform(MHQ_DIRECTORY_MOVE, "tree", "tree/p/q").error, EINVAL);
    CHECK(GetFileAttributesA("tree/p") == INVALID_FILE_ATTRIBUTES);
}

/* ---------------------------------------------------------------------------------------------- */

static void enter_home(void)
{
    char base[MAX_PATH];
    REQUIRE(GetTempPathA(sizeof base, base));
    (void)snprintf(home, sizeof home, "%smhq-tree-%lu-%lu", base, GetCurrentProcessId(),
                   GetTickCount());
    REQUIRE(CreateDirectoryA(home, NULL) && SetCurrentDirectoryA(home));
}

int main(void)
{
    enter_home();
    calls = mhq_calls_real;
    calls.copy = watched_copy;
    calls.open = watched_open;
    REQUIRE(mhq_fs_init(&fs, &calls) == 0);
    REQUIRE(CreateDirectoryA("tree", NULL) && CreateDirectoryA("tree/sub", NULL));
    REQUIRE(perform(MHQ_FILE_CREATE, "tree/sub/file", NULL).error == 0);
    directories_stay();
    links_are_not_followed();
    errors();
    stops();
    moves();
    CHECK_INT(perform(MHQ_DIRECTORY_DELETE, "tree", NULL).error, 0);
    mhq_fs_fini(&fs);
    REQUIRE(SetCurrentDirectoryA(".."));
    CHECK(RemoveDirectoryA(home));
    return check_report("test_win_tree");
}
