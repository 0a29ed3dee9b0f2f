/* test/fs/win/test_win_faults.c - on Windows: every system call, every allocation and every start
 * of a thread fails once. tools/wine.py builds and runs it; not run.sh.
 *
 * What test/fs/posix/test_faults.c does on POSIX: each operation runs through the engine while the
 * Nth call fails, once, or it and all later ones; N counts up until a run meets no failure. After
 * each run: one completion came, its error is the injected one and names one of the operation's
 * paths, no handle and no memory is lost, what is there is what was there or what should be there,
 * and an operation that follows works.
 *
 * Handles are counted in the table: all of ours come from it and go back to it. The time between
 * tries is not slept. What lies in `away` is another volume, to renames. Directories are tried once
 * more as clouds keep them, as reparse points that are no links; links are not, for wine makes
 * none.
 *
 *   MHQ_LONG=1 test_win_faults     each call with each error; else call by call with the next one
 */
#include "fs/win/delete.h"
#include "test/trial.h"

enum call {
#define X(type, name, parameters, arguments) CALL_##name,
    MHQ_CALLS(X)
#undef X
    CALL_THREAD
};

/* ---- a table that fails ---------------------------------------------------------------------- */

enum { SYSTEM, MEMORY, STARTING };

/* The thread that runs the operation writes it while it runs, the test's own at other times. */
static struct {
    int what;              /* which calls are counted: SYSTEM, MEMORY, or STARTING: all that a
                            * start needs */
    long nth, count;       /* the Nth of them fails; 0: none */
    int forever;           /* so do all later ones */
    DWORD error;
    enum call hit;         /* the first that failed */
    long hits[CALL_THREAD + 1];
} fault;

static atomic_long handles, blocks;

static int due(enum call call)
{
    int what = call < CALL_alloc ? SYSTEM : MEMORY;
    if (call == CALL_sleep_ms || (fault.what != STARTING && fault.what != what))
        return 0;
    fault.count++;
    if (!fault.nth || fault.count < fault.nth || (fault.count > fault.nth && !fault.forever))
        return 0;
    if (fault.count == fault.nth)
        fault.hit = call;
    fault.hits[call]++;
    SetLastError(fault.error);
    return 1;
}

#define FAILED_BOOL FALSE
#define FAILED_DWORD 0
#define FAILED_HANDLE INVALID_HANDLE_VALUE
#define FAILED_void

#define X(type, name, parameters, arguments)      \
    static type count_##name parameters           \
    {                                             \
        if (due(CALL_##name))                     \
            return FAILED_##type;                 \
        return mhq_calls_real.name arguments;     \
    }
MHQ_SYSTEM_CALLS(X)
#undef X

static HANDLE fault_open(const wchar_t *path, DWORD access, DWORD share, DWORD how, DWORD flags)
{
    HANDLE handle = count_open(path, access, share, how, flags);
    handles += handle != INVALID_HANDLE_VALUE;
    return handle;
}

static BOOL fault_open_at(HANDLE dir, const wchar_t *name, DWORD access, DWORD options,
                          HANDLE *handle)
{
    BOOL opened = count_open_at(dir, name, access, options, handle);
    handles += opened;
    return opened;
}

/* What it was is closed even where closing fails. */
static BOOL fault_close(HANDLE handle)
{
    BOOL fails = due(CALL_close);
    DWORD error = GetLastError();
    handles--;
    CHECK(CloseHandle(handle));
    SetLastError(error);
    return !fails;
}

static BOOL fault_move(const wchar_t *path, const wchar_t *path2, DWORD flags)
{
    if ((wcsstr(path, L"\\away\\") != NULL) == (wcsstr(path2, L"\\away\\") != NULL))
        return count_move(path, path2, flags);
    SetLastError(ERROR_NOT_SAME_DEVICE);
    return FALSE;
}

/* All directories are reparse points. */
static int clouded;

static BOOL fault_about(HANDLE handle, BY_HANDLE_FILE_INFORMATION *info)
{
    if (!count_about(handle, info))
        return FALSE;
    if (clouded && (info->dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY))
        info->dwFileAttributes |= FILE_ATTRIBUTE_REPARSE_POINT;
    return TRUE;
}

static void fault_sleep_ms(DWORD ms)
{
    (void)ms;
}

static void *given(void *p)
{
    blocks += p != NULL;
    return p;
}

static void *fault_alloc(size_t n)
{
    return due(CALL_alloc) ? NULL : given(malloc(n));
}

static void *fault_zeroed(size_t count, size_t n)
{
    return due(CALL_zeroed) ? NULL : given(calloc(count, n));
}

static void *fault_resize(void *p, size_t n)
{
    void *larger = due(CALL_resize) ? NULL : realloc(p, n);
    blocks += p == NULL && larger != NULL;
    return larger;
}

static void *fault_aligned(size_t alignment, size_t n)
{
    return due(CALL_aligned) ? NULL : given(mhq_calls_real.aligned(alignment, n));
}

static void fault_release(void *p)
{
    blocks -= p != NULL;
    free(p);
}

static void fault_release_aligned(void *p)
{
    blocks -= p != NULL;
    mhq_calls_real.release_aligned(p);
}

static int fault_thread_start(mhq_thread *thread, void *(*body)(void *), void *argument,
                              const char *name)
{
    return due(CALL_THREAD) ? EAGAIN : mhq_thread_start(thread, body, argument, name);
}

static void make_table(void)
{
    calls = (mhq_calls){
#define X(type, name, parameters, arguments) .name = count_##name,
        MHQ_SYSTEM_CALLS(X)
#undef X
        .alloc = fault_alloc,
        .resize = fault_resize,
        .zeroed = fault_zeroed,
        .aligned = fault_aligned,
        .release = fault_release,
        .release_aligned = fault_release_aligned,
        .thread_start = fault_thread_start,
    };
    calls.open = fault_open;
    calls.open_at = fault_open_at;
    calls.close = fault_close;
    calls.move = fault_move;
    calls.about = fault_about;
    calls.sleep_ms = fault_sleep_ms;
    (void)count_close, (void)count_sleep_ms;
}

static void no_fault(void)
{
    memset(&fault, 0, sizeof fault);
}

/* ---- what is tried --------------------------------------------------------------------------- */

static const scenario scenarios[] = {
    {MHQ_FILE_EXISTS, "file", NULL, AS_BEFORE, 0},
    {MHQ_FILE_CREATE, "new", NULL, OR_DONE, 0},
    {MHQ_FILE_CREATE, "taken", NULL, AS_BEFORE, EEXIST},
    {MHQ_FILE_DELETE, "file", NULL, AS_BEFORE, 0},
    {MHQ_FILE_DELETE, "tree", NULL, AS_BEFORE, MHQ_WIN(ERROR_ACCESS_DENIED)},
    {MHQ_FILE_RENAME, "file", "new", AS_BEFORE, 0},
    {MHQ_FILE_RENAME, "file", "taken", AS_BEFORE, 0},
    {MHQ_FILE_RENAME, "tree", "new", AS_BEFORE, EISDIR},
    {MHQ_FILE_MOVE, "file", "taken", AS_BEFORE, 0},
    {MHQ_FILE_MOVE, "file", "d", AS_BEFORE, 0},
    {MHQ_FILE_MOVE, "file", "away/new", MOVING, 0},
    {MHQ_FILE_MOVE, "large", "away/taken", MOVING, 0},
    {MHQ_FILE_MOVE, "large", "away/d", MOVING, 0},
    {MHQ_FILE_COPY, "file", "new", AS_BEFORE, 0},
    {MHQ_FILE_COPY, "file", "taken", AS_BEFORE, EEXIST},
    {MHQ_FILE_COPY, "kept/readonly", "d/new", AS_BEFORE, 0},
    {MHQ_FILE_READ, "file", NULL, AS_BEFORE, 0},
    {MHQ_FILE_READ, "large", NULL, AS_BEFORE, 0},
    {MHQ_FILE_READ, "tree", NULL, AS_BEFORE, EACCES},
    {MHQ_FILE_WRITE, "new", NULL, ANY_TARGET, 0},
    {MHQ_FILE_WRITE, "taken", NULL, ANY_TARGET, 0},
    {MHQ_FILE_REPLACE, "new", NULL, OR_DONE, 0},
    {MHQ_FILE_REPLACE, "file", NULL, OR_DONE, 0},
    {MHQ_FILE_REPLACE, "tree", NULL, AS_BEFORE, EACCES},
    {MHQ_DIRECTORY_EXISTS, "tree", NULL, AS_BEFORE, 0},
    {MHQ_DIRECTORY_CREATE, "new", NULL, AS_BEFORE, 0},
    {MHQ_DIRECTORY_DELETE, "tree", NULL, LESS, 0},
    {MHQ_DIRECTORY_DELETE, "chain", NULL, LESS, 0},
    {MHQ_DIRECTORY_CONTENTS, "tree", NULL, AS_BEFORE, 0},
    {MHQ_DIRECTORY_RENAME, "tree", "new", AS_BEFORE, 0},
    {MHQ_DIRECTORY_RENAME, "tree", "kept", AS_BEFORE, MHQ_WIN(ERROR_ALREADY_EXISTS)},
    {MHQ_DIRECTORY_MOVE, "tree", "new", AS_BEFORE, 0},
    {MHQ_DIRECTORY_MOVE, "tree", "d", AS_BEFORE, 0},
    {MHQ_DIRECTORY_MOVE, "tree", "away/new", MOVING, 0},
    {MHQ_DIRECTORY_MOVE, "chain", "away/d", MOVING, 0},
    {MHQ_DIRECTORY_COPY, "tree", "new", AS_BEFORE, 0},
    {MHQ_DIRECTORY_COPY, "kept", "p/q/new", AS_BEFORE, 0},
};

static const DWORD errors[] = {ERROR_ACCESS_DENIED, ERROR_SHARING_VIOLATION, ERROR_DISK_FULL,
                               ERROR_NOT_ENOUGH_MEMORY};
#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

/* Each call with the next of them. */
enum { ERROR_IN_TURN = 0 };

static DWORD error_of(DWORD error, long nth)
{
    return error == ERROR_IN_TURN ? errors[(size_t)nth % COUNT_OF(errors)] : error;
}

/* ---- the world ------------------------------------------------------------------------------- */

enum { LARGE = 300000, CHAIN = 17 }; /* beyond MHQ_LENGTHY; beyond the first room of a walk */

static char home[MAX_PATH];
static const FILETIME then = {0x12345600, 0x01d00000};
static world there;  /* now, with what may be left */
static int chained;  /* a chain belongs to what was there before */

static void put(const char *path, const char *bytes, size_t n)
{
    DWORD done_bytes;
    HANDLE file = CreateFileA(path, GENERIC_WRITE, 0, NULL, CREATE_NEW, 0, NULL);
    REQUIRE(file != INVALID_HANDLE_VALUE);
    REQUIRE(WriteFile(file, bytes, (DWORD)n, &done_bytes, NULL) && done_bytes == n);
    REQUIRE(SetFileTime(file, NULL, NULL, &then));
    REQUIRE(CloseHandle(file));
}

static uint64_t contents(const char *path)
{
    static char bytes[LARGE + 1];
    DWORD got = 0;
    HANDLE file = CreateFileA(path, GENERIC_READ, MHQ_SHARE_ALL, NULL, OPEN_EXISTING, 0, NULL);
    REQUIRE(file != INVALID_HANDLE_VALUE);
    REQUIRE(ReadFile(file, bytes, sizeof bytes, &got, NULL));
    REQUIRE(CloseHandle(file));
    return world_hash(bytes, got, 1);
}

static void note(world *w, const char *path, const WIN32_FIND_DATAA *found)
{
    REQUIRE(w->count < WORLD_THINGS);
    thing *t = &w->things[w->count++];
    int directory = (found->dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY) != 0;
    int old = memcmp(&found->ftLastWriteTime, &then, sizeof then) == 0;
    world_text(t->path, sizeof t->path, path);
    if (directory)
        world_text(t->what, sizeof t->what, "directory");
    else
        (void)snprintf(t->what, sizeof t->what, "file %lx %lu %llx%s", found->dwFileAttributes,
                       found->nFileSizeLow, (unsigned long long)contents(path), old ? " then" : "");
}

/* Looks at what is below `path` (""; else with a slash at its end), or removes it (`w` NULL). */
static void walk(world *w, const char *path)
{
    char below[MAX_PATH];
    WIN32_FIND_DATAA found;
    (void)snprintf(below, sizeof below, "%s*", path);
    HANDLE search = FindFirstFileA(below, &found);
    REQUIRE(search != INVALID_HANDLE_VALUE);
    do {
        if (strcmp(found.cFileName, ".") == 0 || strcmp(found.cFileName, "..") == 0)
            continue;
        (void)snprintf(below, sizeof below, "%s%s", path, found.cFileName);
        if (w)
            note(w, below, &found);
        else
            REQUIRE(SetFileAttributesA(below, FILE_ATTRIBUTE_NORMAL));
        if (found.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY) {
            size_t n = strlen(below);
            below[n] = '/', below[n + 1] = 0;
            walk(w, below);
            below[n] = 0;
            REQUIRE(w || RemoveDirectoryA(below));
        } else {
            REQUIRE(w || DeleteFileA(below));
        }
    } while (FindNextFileA(search, &found));
    FindClose(search);
}

static void stat_path(world *w)
{
    w->count = 0;
    walk(w, "");
    qsort(w->things, w->count, sizeof *w->things, world_order);
}

/* Makes what is missing. bytes NULL: a directory. */
static void make(const char *path, const char *bytes, size_t n, DWORD attributes)
{
    if (world_find(&there, path))
        return;
    if (bytes)
        put(path, bytes, n);
    else
        REQUIRE(CreateDirectoryA(path, NULL));
    if (attributes)
        REQUIRE(SetFileAttributesA(path, attributes));
}

static void make_all(void)
{
    static const char *const directories[] = {"d", "away", "away/d", "tree", "tree/sub",
                                              "tree/sub/deep", "tree/empty", "kept", "kept/sub"};
    char path[MAX_PATH] = "chain";
    for (size_t i = 0; i < COUNT_OF(directories); i++)
        make(directories[i], NULL, 0, 0);
    make("file", large, 100, 0);
    make("large", large, LARGE, 0);
    make("taken", "mine", 4, 0);
    make("away/taken", "mine", 4, 0);
    make("tree/file", "high", 4, 0);
    make("tree/sub/deep/file", large, 5000, 0);
    make("kept/readonly", "stays", 5, FILE_ATTRIBUTE_READONLY);
    make("kept/sub/readonly", "stays", 5, FILE_ATTRIBUTE_READONLY);
    for (int i = 0; chained && i < CHAIN; i++) {
        make(path, NULL, 0, 0);
        (void)strcat(path, "/c");
    }
    if (chained)
        make(path, "end", 3, 0);
}

/* All of it anew. */
static void build(void)
{
    walk(NULL, "");
    there.count = 0;
    make_all();
    stat_path(&before);
}

/* Only what is not as before: each call takes its time under wine. */
static void restore(void)
{
    if (!changed)
        return;
    for (size_t i = there.count; i-- > 0;) { /* the deepest first */
        const thing t = there.things[i], *was = world_find(&before, t.path);
        if (was && strcmp(was->what, t.what) == 0)
            continue;
        REQUIRE(SetFileAttributesA(t.path, FILE_ATTRIBUTE_NORMAL));
        REQUIRE(t.what[0] == 'd' ? RemoveDirectoryA(t.path) : DeleteFileA(t.path));
        world_forget(&there, t.path);
    }
    make_all();
    stat_path(&there);
    REQUIRE(world_differs(&there, &before) == NULL);
}

/* ---- paths ----------------------------------------------------------------------------------- */

static const char *trial_path(const char *name)
{
    return name;
}

static void trial_keep(char *to, const char *path)
{
    world_text(to, TRIAL_PATH, path);
}

static void trial_list(char *to, const char *kept)
{
    size_t n = strlen(home);
    to[0] = 0;
    if (CHECK(strncmp(kept, home, n) == 0))
        world_text(to, TRIAL_PATH, kept + n + 1);
    for (char *at = to; (at = strchr(at, '\\')) != NULL;)
        *at = '/';
}

static void trial_print(void)
{
    fprintf(stderr, "call %ld%s, %s, answered %lu", fault.nth, fault.forever ? " and on" : "",
            call_names[fault.hit], fault.error);
}

/* ---- what is checked ------------------------------------------------------------------------- */

static int error_is_right(const scenario *s, const outcome *o)
{
    int wanted = fault.what == MEMORY ? ENOMEM : MHQ_WIN(fault.error);
    int as_open = s->kind == MHQ_FILE_CREATE || s->kind == MHQ_FILE_READ
        || s->kind == MHQ_FILE_WRITE || s->kind == MHQ_FILE_COPY || s->kind == MHQ_FILE_REPLACE;
    return o->error == (as_open ? mhq_errno_of(wanted) : wanted);
}

static int names_a_path(const scenario *s, const outcome *o)
{
    return o->where != MHQ_AT_NONE
        && (strncmp(o->named, s->path, strlen(s->path)) == 0
            || (s->path2 && strncmp(o->named, s->path2, strlen(s->path2)) == 0));
}

static void check(const scenario *s, const outcome *o, const outcome *clean)
{
    const char *path;
    stat_path(&there);
    now = there;
    changed = world_differs(&now, &before) != NULL;
    if (!o->error || o->error == s->refusal || fault.count < fault.nth) {
        HOLDS(o->error == clean->error, "the error", "");
        HOLDS(o->digest == clean->digest, "the result", "");
        HOLDS(o->lefts == 0, "a leftover, in spite of success", o->left[0]);
        path = world_differs(&now, s->refusal ? &before : &done);
        HOLDS(path == NULL, "what is there", path);
        return;
    }
    HOLDS(error_is_right(s, o), "the error", "");
    HOLDS(names_a_path(s, o), "the path of the error", o->named);
    HOLDS(o->lefts == 0 || fault.forever, "left, though it could be removed", o->left[0]);
    forget_reported(o, fault.what == MEMORY && fault.forever);
    path = rule_broken(s, &before, &done, &now);
    HOLDS(path == NULL, "what is there", path);
}

/* ---- counting up ----------------------------------------------------------------------------- */

static void follows(const scenario *s, const outcome *o)
{
    no_fault();
    outcome next = perform(MHQ_FILE_READ, "kept/readonly", NULL);
    HOLDS(next.error == 0 && next.digest == world_hash("stays", 5, 1), "what follows", "");
}

/* How often which call failed, over all. */
static unsigned long hits[CALL_THREAD + 1];

static void count_up(const scenario *s, int what, DWORD error, int forever, const outcome *clean)
{
    for (long nth = 1;; nth++) {
        long open = handles, used = blocks;
        no_fault();
        fault.what = what, fault.nth = nth, fault.forever = forever;
        fault.error = error_of(error, nth);
        outcome result = perform(s->kind, s->path, s->path2), *o = &result;
        long met = fault.count;
        fault.nth = 0; /* no more */
        HOLDS(handles == open, "a handle", "");
        HOLDS(blocks == used, "memory", "");
        fault.nth = nth;
        for (int i = 0; i <= CALL_THREAD; i++)
            hits[i] += (unsigned long)fault.hits[i];
        check(s, o, clean);
        follows(s, o);
        restore();
        if (met < nth)
            return;
        injected++;
        REQUIRE(nth < 5000);
    }
}

static void sweep(const scenario *s, int thorough)
{
    chained = strcmp(s->path, "chain") == 0;
    build();
    no_fault();
    outcome clean = perform(s->kind, s->path, s->path2), *o = &clean;
    stat_path(&done);
    there = done, changed = 1;
    HOLDS(clean.error == s->refusal, "the error without a fault", "");
    restore();
    for (int forever = 0; forever < 2; forever++) {
        for (size_t e = 0; e < (thorough ? COUNT_OF(errors) : 1); e++)
            count_up(s, SYSTEM, thorough ? errors[e] : ERROR_IN_TURN, forever, &clean);
        count_up(s, MEMORY, ERROR_NOT_ENOUGH_MEMORY, forever, &clean);
    }
    clouded = 1;
    if (s->kind >= MHQ_DIRECTORY_EXISTS)
        count_up(s, SYSTEM, ERROR_ACCESS_DENIED, 0, &clean);
    clouded = 0;
}

/* ---- an engine that cannot start ------------------------------------------------------------- */

static void openings(int forever)
{
    for (long nth = 1;; nth++) {
        mhq_engine *started = NULL;
        no_fault();
        fault.what = STARTING, fault.nth = nth, fault.forever = forever;
        int result = mhq_engine_open(&trial_config, &started);
        if (fault.count < nth) {
            CHECK_INT(result, 0);
            mhq_engine_free(started);
            return;
        }
        injected++;
        hits[fault.hit]++;
        CHECK_INT(result, fault.hit == CALL_THREAD ? EAGAIN : ENOMEM);
        CHECK(started == NULL);
        CHECK_INT(blocks, 0);
        CHECK_INT(handles, 0);
        REQUIRE(nth < 100);
    }
}

/* ---------------------------------------------------------------------------------------------- */

static void enter_home(void)
{
    char base[MAX_PATH];
    REQUIRE(GetTempPathA(sizeof base, base));
    (void)snprintf(home, sizeof home, "%smhq-faults-%lu-%lu", base, GetCurrentProcessId(),
                   GetTickCount());
    REQUIRE(CreateDirectoryA(home, NULL) && SetCurrentDirectoryA(home));
}

static void leave_home(void)
{
    char base[MAX_PATH];
    walk(NULL, "");
    REQUIRE(GetTempPathA(sizeof base, base) && SetCurrentDirectoryA(base));
    CHECK(RemoveDirectoryA(home));
}

int main(void)
{
    make_table();
    enter_home();
    openings(0);
    openings(1);
    large = malloc(LARGE), large_size = LARGE;
    REQUIRE(large != NULL);
    for (size_t i = 0; i < LARGE; i++)
        large[i] = (char)(i * 2654435761u >> 13);
    no_fault();
    REQUIRE(mhq_engine_open(&trial_config, &engine) == 0);
    for (size_t i = 0; i < COUNT_OF(scenarios); i++)
        sweep(&scenarios[i], getenv("MHQ_LONG") != NULL);
    mhq_close(engine);
    CHECK(mhq_collect(engine) == NULL);
    mhq_engine_free(engine);
    CHECK_INT(blocks, 0);
    CHECK_INT(handles, 0);
    leave_home();
    free(large);
    printf("test_win_faults: %lu injections; of each call:", injected);
    for (int i = 0; i <= CALL_THREAD; i++)
        printf(" %s %lu", call_names[i], hits[i]);
    printf("\n");
    return check_report("test_win_faults");
}
