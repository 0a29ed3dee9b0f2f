/* count.c - N operations from submit to delivery, all on one thread, to be counted by callgrind.
 *
 *     count WORK N        WORK: exists, read, write, list
 *
 * With threads the count would depend on which thread waits for which. So the engine's threads are
 * not started: their bodies are kept, and the first one is run when everything is enqueued and the
 * queue is closed; it pops, runs and publishes every job, finds that no more will come, and returns.
 * The system calls of the operations are replaced by ones that do next to nothing, and the clock
 * stands still, so the baton is never passed. What remains is our own instructions, and malloc's.
 *
 * The three parts are functions of their own: submit, run, deliver. Exit status 1: an operation had
 * a wrong result; 2: a wrong command line.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sys/calls.h"
#include "mhq.h"

#define FILE_BYTES 4096
#define LIST 480          /* operations in a list; two lists fit into the pool of records */
#define MOST 4096

/* ---- a system that does nothing ---- */

static int no_openat(int dir, const char *path, int flags, mode_t mode)
{
    (void)dir, (void)path, (void)flags, (void)mode;
    return 3;
}

static int no_close(int fd)
{
    (void)fd;
    return 0;
}

static int regular(int fd, struct stat *st)
{
    (void)fd;
    st->st_dev = 1;
    st->st_mode = S_IFREG;
    st->st_size = FILE_BYTES;
    return 0;
}

static int missing(int dir, const char *path, struct stat *st, int flags)
{
    (void)dir, (void)path, (void)st, (void)flags;
    errno = ENOENT;
    return -1;
}

/* One on which sizes are true, as on those that most files lie on. */
static int tmpfs(int fd, uint64_t *magic)
{
    (void)fd;
    *magic = 0x01021994;
    return 0;
}

static ssize_t no_pread(int fd, void *to, size_t n, off_t at)
{
    (void)fd, (void)to;
    size_t left = at < FILE_BYTES ? (size_t)(FILE_BYTES - at) : 0;
    return (ssize_t)(n < left ? n : left);
}

static ssize_t no_pwrite(int fd, const void *from, size_t n, off_t at)
{
    (void)fd, (void)from, (void)at;
    return (ssize_t)n;
}

/* Linked with --wrap=mhq_now. */
uint64_t __wrap_mhq_now(void);
uint64_t __wrap_mhq_now(void)
{
    return 1;
}

/* ---- threads that are kept ---- */

static void *(*bodies[2])(void *);
static void *arguments[2];
static int started;

static void *nothing(void *argument)
{
    return argument;
}

/* There must be a thread, because the engine joins it. */
static int keep_thread(mhq_thread *thread, void *(*body)(void *), void *argument, const char *name)
{
    if (started == 2)
        return EAGAIN;
    bodies[started] = body;
    arguments[started++] = argument;
    return mhq_thread_start(thread, nothing, NULL, name);
}

/* ---- the three parts ---- */

static mhq_job jobs[MOST];
static mhq_op op;
static mhq_entry entries[LIST];
static mhq_list list;

__attribute__((noinline)) static int submit(mhq_engine *engine, int count, int is_list)
{
    for (int i = 0; i < count; i++) {
        if (!is_list)
            mhq_job_init(&jobs[i], &op);
        else if (mhq_job_init_list(&jobs[i], &list))
            return 1;
        if (mhq_submit(engine, &jobs[i], is_list ? LIST : 1, 0) != MHQ_ACCEPTED)
            return 1;
    }
    return 0;
}

__attribute__((noinline)) static void run(void)
{
    bodies[0](arguments[0]);
    bodies[1](arguments[1]);
}

/* Returns how many operations came back with the right result. */
__attribute__((noinline)) static int deliver(mhq_engine *engine, int count)
{
    int good = 0;
    while (count > 0) {
        mhq_run *at = mhq_collect(engine), *next;
        for (; at != NULL; at = next) {
            next = at->next;
            if (at->op != NULL && at->error == 0 && at->length == (op.kind == MHQ_FILE_READ ? FILE_BYTES : 0))
                good++;
            count -= mhq_delivered(engine, at);
        }
    }
    return good;
}

static int prepare(const char *work)
{
    static const char data[FILE_BYTES];
    op = (mhq_op){.kind = MHQ_FILE_EXISTS, .path = "missing"};
    if (strcmp(work, "read") == 0)
        op.kind = MHQ_FILE_READ;
    else if (strcmp(work, "write") == 0)
        op = (mhq_op){.kind = MHQ_FILE_WRITE, .path = "file", .data = data, .size = FILE_BYTES};
    else if (strcmp(work, "exists") != 0 && strcmp(work, "list") != 0)
        return 1;
    for (int i = 0; i < LIST; i++)
        entries[i].op = &op;
    list = (mhq_list){.count = LIST, .total = LIST, .depth = 1, .entries = entries};
    return 0;
}

int main(int argc, char **argv)
{
    if (argc != 3 || prepare(argv[1]))
        return 2;
    int operations = atoi(argv[2]), is_list = strcmp(argv[1], "list") == 0;
    int count = is_list ? operations / LIST : operations;
    if (count < 1 || count > MOST)
        return 2;

    mhq_calls calls = mhq_calls_real;
    calls.openat = no_openat;
    calls.close = no_close;
    calls.fstat = regular;
    calls.fstatat = missing;
    calls.file_system = tmpfs;
    calls.pread = no_pread;
    calls.pwrite = no_pwrite;
    calls.thread_start = keep_thread;
    mhq_config config = {
        .ring_size = MOST, .buffer_bytes = 1 << 30, .head = 32, .tail = 1, .calls = &calls};
    mhq_engine *engine;
    if (mhq_engine_open(&config, &engine) || submit(engine, count, is_list))
        return 1;
    mhq_close(engine);
    run();
    int good = deliver(engine, count);
    mhq_engine_free(engine);
    return good == operations ? 0 : 1;
}
