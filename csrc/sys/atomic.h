/* sys/atomic.h - the only file of the core that names memory orders.
 *
 * Names say the order: _rlx relaxed, _acq acquire, _rel release, _ar acquire-release,
 * _sc sequentially consistent. A release is paired with the acquire that carries the same
 * label in a comment ("[done] pairs with [done] in ..."). The _sc ones serve flags where
 * both sides store one word and then load the other's (park and wake, close, capacity): weaker
 * orders lose wake-ups there. No stand-alone fences: ThreadSanitizer does not model them.
 */
#ifndef MHQ_SYS_ATOMIC_H
#define MHQ_SYS_ATOMIC_H

#include <stdatomic.h>
#include <stdint.h>

#define mhq_load_rlx(p) atomic_load_explicit((p), memory_order_relaxed)
#define mhq_load_acq(p) atomic_load_explicit((p), memory_order_acquire)
#define mhq_load_sc(p) atomic_load_explicit((p), memory_order_seq_cst)
#define mhq_store_rlx(p, v) atomic_store_explicit((p), (v), memory_order_relaxed)
#define mhq_store_rel(p, v) atomic_store_explicit((p), (v), memory_order_release)
#define mhq_store_sc(p, v) atomic_store_explicit((p), (v), memory_order_seq_cst)
#define mhq_add_rlx(p, v) atomic_fetch_add_explicit((p), (v), memory_order_relaxed)
#define mhq_add_rel(p, v) atomic_fetch_add_explicit((p), (v), memory_order_release)
#define mhq_add_sc(p, v) atomic_fetch_add_explicit((p), (v), memory_order_seq_cst)
#define mhq_sub_sc(p, v) atomic_fetch_sub_explicit((p), (v), memory_order_seq_cst)
#define mhq_sub_ar(p, v) atomic_fetch_sub_explicit((p), (v), memory_order_acq_rel)
#define mhq_or_sc(p, v) atomic_fetch_or_explicit((p), (v), memory_order_seq_cst)
#define mhq_swap_acq(p, v) atomic_exchange_explicit((p), (v), memory_order_acquire)
#define mhq_swap_ar(p, v) atomic_exchange_explicit((p), (v), memory_order_acq_rel)
#define mhq_swap_sc(p, v) atomic_exchange_explicit((p), (v), memory_order_seq_cst)
/* Weak: may fail for no reason, so always in a loop. On failure *expected is what was found. */
#define mhq_cas_sc(p, expected, v)                                                        \
    atomic_compare_exchange_weak_explicit((p), (expected), (v), memory_order_seq_cst,     \
                                          memory_order_relaxed)
#define mhq_cas_rel(p, expected, v)                                                       \
    atomic_compare_exchange_weak_explicit((p), (expected), (v), memory_order_release,     \
                                          memory_order_relaxed)

/* For counters that one thread writes and others only read: no locked instruction. */
#define mhq_bump(p, v) mhq_store_rlx((p), mhq_load_rlx(p) + (v))

#define MHQ_CACHE_LINE 64

/* A hint to load a cache line. The address need not be valid. */
#if defined(__GNUC__)
#define mhq_prefetch(p) __builtin_prefetch(p)
#else
#define mhq_prefetch(p) ((void)(p))
#endif

/* A function that stays out of the one that calls it, where most calls do without it and would save
 * registers for it all the same. */
#if defined(__GNUC__)
#define MHQ_APART __attribute__((noinline))
#define MHQ_COLD __attribute__((cold, noinline)) /* and that hardly ever runs */
#else
#define MHQ_APART
#define MHQ_COLD
#endif

#if defined(_MSC_VER) && (defined(_M_X64) || defined(_M_IX86))
#include <intrin.h>
#define mhq_relax() _mm_pause()
#elif defined(_MSC_VER) && defined(_M_ARM64)
#include <intrin.h>
#define mhq_relax() __yield()
#elif defined(__x86_64__) || defined(__i386__)
#define mhq_relax() __builtin_ia32_pause()
#elif defined(__aarch64__) || defined(__arm__)
#define mhq_relax() __asm__ __volatile__("yield")
#else
#define mhq_relax() ((void)0)
#endif

#endif
