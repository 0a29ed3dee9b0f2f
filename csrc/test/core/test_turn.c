/* test/core/test_turn.c - when a turn at the disk is over, and which thread spins before parking,
 * by a clock that stands still until the test moves it. */
#include "test/check.h"
#include "sys/sys.h"

static uint64_t the_time;
static unsigned readings; /* of the clock */

static uint64_t clock_of_the_test(void)
{
    readings++;
    return the_time;
}

/* core/turn.h is compiled into this file: this is the clock that it reads. */
#define mhq_now clock_of_the_test
#include "core/turn.h"

enum { MICROSECOND = 1000, MILLISECOND = 1000000 };

static mhq_turn turn;
static mhq_parker awake = {.state = MHQ_AWAKE}, parked = {.state = MHQ_PARKED};

static void begin(void)
{
    the_time = 77 * (uint64_t)MILLISECOND;
    turn = (mhq_turn){0};
    mhq_turn_init(&turn);
    mhq_turn_begin(&turn);
    readings = 0;
}

/* Jobs that take so long each, up to `most`: how many there are until the turn is over. */
static unsigned jobs_until_over(uint64_t each, unsigned most, mhq_parker *callback_thread)
{
    for (unsigned jobs = 1; jobs <= most; jobs++) {
        the_time += each;
        if (mhq_turn_is_over(&turn, callback_thread))
            return jobs;
    }
    return 0;
}

static void one_long_job_is_a_turn(void)
{
    begin();
    CHECK_INT(jobs_until_over(MHQ_LONG_NS + 1, 5, &awake), 1);
    mhq_turn_begin(&turn);
    CHECK_INT(jobs_until_over(MHQ_LONG_NS + 1, 5, &awake), 1);
    mhq_turn_begin(&turn);
    CHECK_INT(jobs_until_over(MHQ_LONG_NS, 5, &awake), 5); /* four are a slice: not more */
}

static void a_slice_of_middling_jobs(void)
{
    begin();
    CHECK_INT(jobs_until_over(100 * MICROSECOND, 100, &awake), 41);
    CHECK_INT(readings, 41); /* one after each job */
}

static void short_jobs_have_long_turns_and_few_readings(void)
{
    begin();
    unsigned jobs = jobs_until_over(MICROSECOND, 60000, &awake);
    CHECK(jobs > 50000 && jobs <= 50000 + MHQ_GROUP);
    CHECK(readings <= 6 + 50000 / MHQ_GROUP + 1); /* after 1, 2, 4, ... 32, then 64 */
    CHECK_INT(turn.time_every, MHQ_GROUP);
    mhq_turn_begin(&turn); /* it still counts the jobs as short */
    CHECK_INT(turn.time_every, MHQ_GROUP);
}

/* Jobs were short, then one is long: the clock is not read before the group is full ... */
static void a_long_one_after_short_ones(void)
{
    begin();
    CHECK_INT(jobs_until_over(MICROSECOND, 1000, &awake), 0);
    CHECK_INT(turn.time_every, MHQ_GROUP);
    uint32_t before = turn.since_timed;
    the_time += 3 * MILLISECOND;
    CHECK_INT(mhq_turn_is_over(&turn, &awake), 0);
    CHECK_INT(turn.since_timed, before + 1);
    /* ... unless the callback thread has gone to sleep. Then each job is timed by itself again. */
    CHECK_INT(mhq_turn_is_over(&turn, &parked), 0);
    CHECK_INT(turn.since_timed, 0);
    CHECK_INT(turn.time_every, 1);
    CHECK_INT(jobs_until_over(3 * MILLISECOND, 5, &parked), 1);
}

static void a_callback_thread_that_sleeps_is_no_reason_to_time_short_jobs(void)
{
    begin();
    (void)jobs_until_over(MICROSECOND, 1000, &awake);
    uint32_t before = turn.since_timed;
    the_time += MICROSECOND;
    CHECK_INT(mhq_turn_is_over(&turn, &parked), 0);
    CHECK_INT(turn.since_timed, before + 1); /* nothing has taken long */
}

static void a_job_marked_lengthy_is_timed(void)
{
    begin();
    (void)jobs_until_over(MICROSECOND, 1000, &awake);
    turn.lengthy = 1;
    turn.since_timed = 0;
    turn.timed = the_time;
    CHECK_INT(jobs_until_over(2 * MILLISECOND, 5, &awake), 1);
    CHECK_INT(turn.lengthy, 0);
}

static void waiting_is_no_part_of_the_turn(void)
{
    begin();
    CHECK_INT(jobs_until_over(100 * MICROSECOND, 20, &awake), 0);
    the_time += 10 * (uint64_t)MILLISECOND;
    mhq_turn_idle(&turn, 10 * (uint64_t)MILLISECOND);
    CHECK_INT(jobs_until_over(100 * MICROSECOND, 100, &awake), 21);
}

/* ---- core/park.h: for how long a waiter spins before it parks ---- */

static unsigned checks;
static int never(void *what)
{
    (void)what;
    checks++;
    the_time += MICROSECOND;
    return 0;
}

/* Did the wait spin before it parked? Each wait parks, for a moment. */
static int spins(mhq_parker *parker)
{
    uint64_t parks = mhq_load_rlx(&parker->parks);
    checks = 0;
    CHECK_INT(mhq_park_until(parker, MILLISECOND, 1, never, NULL), 0);
    CHECK_INT(mhq_load_rlx(&parker->parks) - parks, 1);
    CHECK(checks == 3 || checks > 100);
    return checks > 3;
}

static void a_thread_that_made_way_parks_once_without_spinning(void)
{
    mhq_parker parker = {.state = MHQ_AWAKE};
    CHECK(spins(&parker));
    parker.usual = 0;
    mhq_park_make_way(&parker);
    CHECK(!spins(&parker));
    parker.usual = 0;
    CHECK(spins(&parker));
    parker.crowded = 3;
    mhq_park_make_way(&parker); /* changes nothing */
    for (int i = 0; i < 3; i++)
        CHECK(!spins(&parker));
    parker.usual = 0;
    CHECK(spins(&parker));
    parker.usual = MILLISECOND; /* lately it took too long */
    CHECK(!spins(&parker));
}

/* True from the `comes`-th look on. */
static unsigned comes;
static int at_last(void *what)
{
    (void)what;
    return ++checks >= comes;
}

/* How often it looked before it yielded for the first time: by the number of the look after that. */
static void what_a_yield_has_brought_is_looked_for_by_a_yield(void)
{
    mhq_parker parker = {.state = MHQ_AWAKE};
    checks = 0, comes = 1 + MHQ_CHECKS + 1; /* that before it spins; all up to the yield; the one after */
    CHECK_INT(mhq_park_until(&parker, MILLISECOND, -1, at_last, NULL), 1);
    CHECK_INT(parker.yields, 1);
    checks = 0, comes = 1 + 1; /* after a yield, at once */
    CHECK_INT(mhq_park_until(&parker, MILLISECOND, -1, at_last, NULL), 1);
    CHECK_INT(parker.yields, 1);
    checks = 0, comes = 1 + 1 + 1; /* not by the yield: after it */
    CHECK_INT(mhq_park_until(&parker, MILLISECOND, -1, at_last, NULL), 1);
    CHECK_INT(parker.yields, 0);
    CHECK_INT(mhq_load_rlx(&parker.parks), 0);
}

int main(void)
{
    one_long_job_is_a_turn();
    a_slice_of_middling_jobs();
    short_jobs_have_long_turns_and_few_readings();
    a_long_one_after_short_ones();
    a_callback_thread_that_sleeps_is_no_reason_to_time_short_jobs();
    a_job_marked_lengthy_is_timed();
    waiting_is_no_part_of_the_turn();
    a_thread_that_made_way_parks_once_without_spinning();
    what_a_yield_has_brought_is_looked_for_by_a_yield();
    return check_report("test_turn");
}
