/* test/core/test_baton.c - the baton and parking.
 *
 * The litmus tries the four seq_cst accesses of core/park.h with both sides let go at the same moment.
 * Whether it can see a lost wake-up at all is shown by a build in which they are weakened, which
 * must fail: litmus.sh makes both, and runs 10^8 rounds.
 */
#include "test/race.h"

#ifndef MHQ_WEAKEN_PARK
enum { WEAKENED = 0 };
#else
enum { WEAKENED = 1 };
/* core/park.h is compiled into this file: what it names here is what the litmus runs. */
#undef mhq_store_sc
#undef mhq_load_sc
#undef mhq_swap_sc
#define mhq_store_sc(p, v) mhq_store_rel(p, v)
#define mhq_load_sc(p) mhq_load_acq(p)
#define mhq_swap_sc(p, v) mhq_swap_ar(p, v)
#endif

#include "core/baton.h"
#include "sys/sys.h"

/* ---- trading ------------------------------------------------------------------------------ */

#define TRADES 100000u

static struct {
    mhq_baton baton;
    /* plain on purpose: the baton alone makes these the holder's */
    unsigned inside, turns, by[2], last;
    unsigned held_by_two, not_traded;
} trading;

static void *trader(void *argument)
{
    uint32_t me = *(uint32_t *)argument;
    while (mhq_baton_wait(&trading.baton, me)) {
        trading.held_by_two += trading.inside++ != 0;
        trading.not_traded += trading.turns != 0 && trading.last == me;
        trading.last = me;
        trading.by[me]++;
        trading.inside--;
        if (++trading.turns == TRADES) {
            mhq_baton_finish(&trading.baton, me);
            break;
        }
        mhq_baton_pass(&trading.baton, me);
    }
    return NULL;
}

static void trades(void)
{
    race_deadline(240, "two threads trade");
    uint32_t names[2] = {0, 1};
    pthread_t second = race_start(trader, &names[1]);
    pthread_t first = race_start(trader, &names[0]);
    race_join(first);
    race_join(second);
    CHECK_INT(trading.held_by_two, 0);
    CHECK_INT(trading.not_traded, 0);
    CHECK_INT(trading.turns, TRADES);
    CHECK_INT(trading.by[0], TRADES / 2);
    CHECK_INT(trading.by[1], TRADES / 2);
}

/* ---- the end ------------------------------------------------------------------------------ */

static void *other_thread(void *argument)
{
    mhq_baton *baton = argument;
    return mhq_baton_wait(baton, 1) ? baton : NULL;
}

static void finish_wakes_the_other_thread(void)
{
    race_deadline(240, "finish wakes the other thread");
    for (unsigned round = 0; round < 2000; round++) {
        mhq_baton baton = {0};
        pthread_t thread = race_start(other_thread, &baton);
        if (round % 2) /* else finish races with that thread, which goes to sleep */
            RACE_UNTIL(mhq_is_parked(&baton.waiting[1]));
        CHECK_INT(mhq_baton_wait(&baton, 0), 1);
        mhq_baton_finish(&baton, 0);
        void *got_it = &baton;
        REQUIRE(pthread_join(thread, &got_it) == 0);
        CHECK(got_it == NULL);
    }
}

static void pass_wakes_the_other_thread(void)
{
    race_deadline(240, "pass wakes the other thread");
    for (unsigned round = 0; round < 500; round++) {
        mhq_baton baton = {0};
        pthread_t thread = race_start(other_thread, &baton);
        RACE_UNTIL(mhq_is_parked(&baton.waiting[1]));
        mhq_baton_pass(&baton, 0);
        void *got_it = NULL;
        REQUIRE(pthread_join(thread, &got_it) == 0);
        CHECK(got_it == &baton);
    }
}

/* ---- parking: the litmus ------------------------------------------------------------------ */

static struct {
    alignas(MHQ_CACHE_LINE) mhq_parker parker;
    alignas(MHQ_CACHE_LINE) _Atomic uint32_t condition;
    alignas(MHQ_CACHE_LINE) race_pair gate;
    alignas(MHQ_CACHE_LINE) uint64_t rounds; /* at most; then, how many there were */
    uint64_t until;                          /* and not longer */
    /* of the present round: each side's own until the next meeting */
    alignas(MHQ_CACHE_LINE) int sleeper_saw;
    int is_last;
    alignas(MHQ_CACHE_LINE) int waker_saw;
    unsigned lost;
} litmus;

static void dawdle(uint64_t round, unsigned salt)
{
    uint64_t mixed = (round * 2 + salt) * UINT64_C(0x9E3779B97F4A7C15);
    for (uint64_t i = mixed >> 60; i > 0; i--)
        __asm__ __volatile__("" ::: "memory");
}

static void *litmus_sleeper(void *ignored)
{
    (void)ignored;
    for (uint64_t round = 0; !litmus.is_last; round++) {
        litmus.is_last = round + 1 == litmus.rounds || (round % 64 == 0 && mhq_now() > litmus.until);
        race_meet(&litmus.gate, 2 * round);
        dawdle(round, 0);
        mhq_park_prepare(&litmus.parker);                               /* [P1] */
        litmus.sleeper_saw = mhq_load_sc(&litmus.condition) != 0;       /* [P2] */
        race_meet(&litmus.gate, 2 * round + 1);
        if (!litmus.sleeper_saw && !litmus.waker_saw)
            litmus.lost++; /* the sleeper would sleep for ever */
        mhq_park_cancel(&litmus.parker);
        mhq_store_rlx(&litmus.condition, 0);
        if (litmus.is_last)
            litmus.rounds = round + 1;
    }
    return NULL;
}

static void *litmus_waker(void *ignored)
{
    (void)ignored;
    int is_last = 0;
    for (uint64_t round = 0; !is_last; round++) {
        race_meet(&litmus.gate, 2 * round);
        is_last = litmus.is_last;
        dawdle(round, 1);
        mhq_store_sc(&litmus.condition, 1);              /* [W1] */
        litmus.waker_saw = mhq_unpark(&litmus.parker);   /* [W2] */
        race_meet(&litmus.gate, 2 * round + 1);
    }
    return NULL;
}

/* A meeting needs both processors at the same time, or else a turn of every other thread. So where
 * the command line names no number of rounds, the litmus also ends after ten seconds. */
static void no_thread_misses_the_other(uint64_t rounds)
{
    race_deadline(rounds ? 3600 : 240, "litmus");
    litmus.rounds = rounds ? rounds : 1000000;
    litmus.until = rounds ? UINT64_MAX : mhq_now() + UINT64_C(10000000000);
    pthread_t sleeper = race_start(litmus_sleeper, NULL);
    pthread_t waker = race_start(litmus_waker, NULL);
    race_join(sleeper);
    race_join(waker);
    printf("litmus: %llu rounds, %u lost\n", (unsigned long long)litmus.rounds, litmus.lost);
    CHECK_INT(litmus.lost, 0);
}

/* ---- parking: with real sleep ------------------------------------------------------------- */

#define SLEEPS 200000u

static struct {
    alignas(MHQ_CACHE_LINE) mhq_parker parker[2];
    alignas(MHQ_CACHE_LINE) _Atomic uint32_t turn;
    unsigned plain; /* written by the thread whose turn it is */
} sleeps;

static void *sleep_in_turn(void *argument)
{
    uint32_t me = *(uint32_t *)argument;
    for (uint32_t turn = me; turn < SLEEPS; turn += 2) {
        while (mhq_load_sc(&sleeps.turn) != turn) {
            mhq_park_prepare(&sleeps.parker[me]);
            if (mhq_load_sc(&sleeps.turn) == turn)
                mhq_park_cancel(&sleeps.parker[me]);
            else
                mhq_park_wait(&sleeps.parker[me], -1);
        }
        sleeps.plain++;
        mhq_store_sc(&sleeps.turn, turn + 1);
        mhq_unpark(&sleeps.parker[1 - me]);
    }
    return NULL;
}

static void sleepers_are_woken(void)
{
    race_deadline(240, "sleepers are woken");
    uint32_t names[2] = {0, 1};
    pthread_t second = race_start(sleep_in_turn, &names[1]);
    pthread_t first = race_start(sleep_in_turn, &names[0]);
    race_join(first);
    race_join(second);
    CHECK_INT(sleeps.plain, SLEEPS);
}

int main(int count, char **arguments)
{
    no_thread_misses_the_other(count > 1 ? strtoull(arguments[1], NULL, 10) : 0);
    if (!WEAKENED) { /* else a sleeper may sleep for ever */
        trades();
        finish_wakes_the_other_thread();
        pass_wakes_the_other_thread();
        sleepers_are_woken();
    }
    return check_report("test_baton");
}
