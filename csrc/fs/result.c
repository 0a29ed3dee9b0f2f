/* fs/result.c - memory for results. It leaves the core: free() must take it back. */
#include "fs/table.h"

#include <errno.h>
#include <string.h>

#include "fs/block.h"
#include "sys/calls.h"

#if defined(__SANITIZE_ADDRESS__)
#define SEES_EVERY_BYTE 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SEES_EVERY_BYTE 1
#endif
#endif

/* From here on memory is mapped anew for each result, and most of a read's time is page faults. */
#define FRESH_BYTES ((size_t)32 << 20)

/* The kernel's copy is a tenth to a quarter faster to an address that 32 divides. malloc's are
 * divided by 16, and a heap's first is not by 32: after it, nor is any other. So, with glibc, whose
 * blocks have a head of 8 bytes and lie side by side, results take an even number of 32 bytes, and
 * where the bytes of a large one lie odd, a shim of an odd number of 16 goes before it. The shim is
 * freed at once: a small block stays with the thread that frees it, where it is, and what lies
 * behind it stays even. The next one is of another size, for the first is found again where it is.
 * Nothing but speed depends on it. */
#if defined(__GLIBC__) && !defined(SEES_EVERY_BYTE)
#define EVEN ((size_t)32)
#define HEAD ((size_t)8)
#define SHIMS 3
#else
#define EVEN ((size_t)1)
#define HEAD ((size_t)0)
#define SHIMS 0
#endif
#define SHIM_BYTES(n) ((size_t)(n) * EVEN + EVEN / 2 - HEAD)
#define WORTH_A_SHIM ((size_t)262144)

static size_t even(size_t bytes)
{
    return ((bytes + HEAD + EVEN - 1) & ~(EVEN - 1)) - HEAD;
}

/* A page's beginning behind malloc's head: a mapping of its own, which no shim moves. */
static int lies_odd(const char *buffer, size_t head)
{
    return (uintptr_t)(buffer + head) % EVEN != 0 && (uintptr_t)buffer % 4096 != 2 * HEAD;
}

static char *alloc_even(mhq_fs *fs, size_t bytes)
{
    void *shims[SHIMS + 1];
    int n = 0, most = bytes < WORTH_A_SHIM ? 0 : SHIMS;
    char *buffer = fs->sys->alloc(even(bytes));
    while (buffer != NULL && n < most && lies_odd(buffer, fs->head)) {
        fs->sys->release(buffer);
        shims[n] = fs->sys->alloc(SHIM_BYTES(n + 1));
        n++;
        buffer = fs->sys->alloc(even(bytes));
    }
    for (int i = 0; i < n; i++)
        fs->sys->release(shims[i]);
    if (buffer == NULL && n > 0) /* there was memory for it before */
        buffer = fs->sys->alloc(even(bytes));
    if (buffer != NULL && bytes >= FRESH_BYTES)
        mhq_advise_huge(buffer, bytes);
    return buffer;
}

char *mhq_result_grow(mhq_fs *fs, mhq_run *run, char *buffer, size_t keep, size_t bytes)
{
    if (buffer == NULL && fs->blocks != NULL && bytes <= MHQ_BLOCK_BYTES &&
        (buffer = mhq_block_take(fs->blocks, fs->sys)) != NULL) {
        run->holds = MHQ_HOLDS_BLOCK;
        return buffer;
    }
    if (run->holds && bytes <= MHQ_BLOCK_BYTES)
        return buffer;
    if (buffer == NULL)
        return alloc_even(fs, bytes);
    if (!run->holds)
        return fs->sys->resize(buffer, even(bytes));
    char *larger = alloc_even(fs, bytes);
    if (larger != NULL) {
        memcpy(larger, buffer, keep);
        mhq_result_drop(fs, run, buffer);
    }
    return larger;
}

void mhq_result_drop(mhq_fs *fs, mhq_run *run, char *buffer)
{
    if (run->holds)
        mhq_block_put_back(fs->blocks, buffer);
    else
        fs->sys->release(buffer);
    run->holds = MHQ_HOLDS_BYTES;
}

int mhq_result_of(mhq_fs *fs, mhq_run *run, size_t n)
{
    run->buffer = mhq_result_grow(fs, run, NULL, 0, n ? n : 1);
    run->length = n;
    return run->buffer ? 0 : ENOMEM;
}

/* ---- growing results ---- */

#define WORTH_GIVING_BACK ((size_t)65536)

static size_t room_after(const mhq_fs *fs)
{
    return fs->tail ? fs->tail : 1;
}

int mhq_reserve(mhq_fs *fs, mhq_run *run, mhq_growing *g, size_t capacity)
{
    size_t after = room_after(fs);
    if (capacity > PTRDIFF_MAX || fs->head > PTRDIFF_MAX - capacity ||
        after > PTRDIFF_MAX - capacity - fs->head)
        return ENOMEM;
    if (fs->charge && capacity > run->charged)
        fs->charge(fs->context, run, capacity - run->charged);
    char *larger =
        mhq_result_grow(fs, run, g->buffer, fs->head + g->have, fs->head + capacity + after);
    if (!larger)
        return ENOMEM;
    g->buffer = larger;
    g->capacity = capacity;
    return 0;
}

void mhq_give_back(mhq_fs *fs, mhq_growing *g)
{
    if (g->capacity < WORTH_GIVING_BACK || g->have >= g->capacity / 2)
        return;
    char *smaller = fs->sys->resize(g->buffer, even(fs->head + g->have + room_after(fs)));
    if (smaller)
        g->buffer = smaller;
}

int mhq_keep(mhq_fs *fs, mhq_run *run, const char *from, size_t n)
{
    if (n > PTRDIFF_MAX - run->length)
        return ENOMEM;
    if (fs->charge && n)
        fs->charge(fs->context, run, n);
    size_t size = run->length + n;
    /* An empty directory's result has a buffer too. */
    size_t rounded = even(size ? size : 1);
    char *larger = run->buffer ? fs->sys->resize(run->buffer, rounded) : fs->sys->alloc(rounded);
    if (!larger)
        return ENOMEM;
    run->buffer = larger;
    if (n)
        memcpy(larger + run->length, from, n);
    run->length = size;
    return 0;
}
