/* check.h - the few assertions that the plain-C tests need.
 *
 * A failed check prints its place and counts; the test goes on. CHECK may be called from any
 * thread. A test's main ends with `return check_report("name");`.
 */
#ifndef MHQ_CHECK_H
#define MHQ_CHECK_H

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Under a sanitizer everything is slow, and it has its own allocator. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define CHECK_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define CHECK_SANITIZED 1
#endif
#endif
#ifndef CHECK_SANITIZED
#define CHECK_SANITIZED 0
#endif

static atomic_ulong check_count, check_failures;

static inline int check_that(int holds, const char *file, int line, const char *text)
{
    atomic_fetch_add(&check_count, 1);
    if (!holds) {
        atomic_fetch_add(&check_failures, 1);
        fprintf(stderr, "%s:%d: failed: %s\n", file, line, text);
    }
    return holds;
}

static inline int check_equal(long long a, long long b, const char *file, int line,
                              const char *text)
{
    if (check_that(a == b, file, line, text))
        return 1;
    fprintf(stderr, "    %lld, wanted %lld\n", a, b);
    return 0;
}

/* All are true where the check holds. */
#define CHECK(condition) check_that((condition) ? 1 : 0, __FILE__, __LINE__, #condition)
#define CHECK_INT(a, b) \
    check_equal((long long)(a), (long long)(b), __FILE__, __LINE__, #a " == " #b)
#define CHECK_TEXT(a, b) check_that(strcmp((a), (b)) == 0, __FILE__, __LINE__, #a " is " #b)

/* For what the test itself needs: without it there is nothing left to test. */
#define REQUIRE(condition)        \
    do {                          \
        if (!CHECK(condition)) {  \
            perror("    errno");  \
            exit(2);              \
        }                         \
    } while (0)

static inline int check_report(const char *name)
{
    unsigned long failures = atomic_load(&check_failures);
    printf("%s: %lu checks, %lu failed\n", name, atomic_load(&check_count), failures);
    return failures ? 1 : 0;
}

#endif
