/* memory.pml - shared memory with a store buffer for each thread, and the futex.
 *
 * A store goes into the storing thread's own buffer, and reaches the memory when the process
 * `memory` takes it out. The thread itself sees it at once, the others only then. The orders:
 *
 *   plain             leaves together with the next release, as late as it may
 *   relaxed           leaves when no older store of the thread to the same word is left
 *   release           leaves when all older stores have left, or takes them along if they are plain
 *   seq_cst store     as release, and a later seq_cst load of the thread waits until it has left
 *   acquire load      waits for nothing: it may overtake any store that stands above it
 *   read-modify-write begins as a release would leave, takes the newest value and reserves the
 *                     word; its own store waits in the buffer, so what follows may overtake it. A
 *                     seq_cst one changes the memory at once, but for the scenes with LATE
 *
 * So stores overtake stores (which x86 does not do) and loads overtake stores (which it does).
 * Loads do not overtake loads here: the acquire half of a pair is not put to the test.
 */

#define me _pid /* threads are numbered as they are declared */

#define PLAIN 0
#define RLX 1
#define REL 2
#define SC 4
#define RMW 8

typedef buffer {
    byte n;  /* entries, the oldest first */
    byte sc; /* how many of them are seq_cst */
    byte word[DEPTH];
    byte value[DEPTH];
    byte kind[DEPTH];
};

byte mem[WORDS];
byte reserved[WORDS];
buffer buf[THREADS];
byte asleep[THREADS]; /* 0, or 1 + the word that the thread sleeps on */
byte early = EARLY;   /* sleeps that may yet end for no reason */
byte wakes;           /* sleepers that are yet to be woken */
hidden byte at;
hidden byte slot;

/* ---- loads and stores: the names of atomic.h ---- */

inline look(_v, _w)
{
    _v = mem[_w];
    for (at : 0 .. DEPTH - 1) {
        if
        :: at < buf[me].n && buf[me].word[at] == (_w) -> _v = buf[me].value[at]
        :: else
        fi
    }
    at = 0
}

inline put(_w, _v, _k)
{
    assert(buf[me].n < DEPTH); /* never full: nothing is left out for want of room */
    buf[me].word[buf[me].n] = _w;
    buf[me].value[buf[me].n] = _v;
    buf[me].kind[buf[me].n] = _k;
    buf[me].n++;
    if
    :: (_k) & SC -> buf[me].sc++
    :: else
    fi;
    if
    :: (_k) & RMW -> reserved[_w] = 1
    :: else
    fi
}

inline LOAD_RLX(VAR, WORD) { d_step { look(VAR, WORD) } }
inline LOAD_ACQ(VAR, WORD) { d_step { look(VAR, WORD) } }
inline LOAD_SC(VAR, WORD) { d_step { buf[me].sc == 0; look(VAR, WORD) } }

inline STORE_PLAIN(WORD, VAR) { d_step { put(WORD, VAR, PLAIN) } }
inline STORE_RLX(WORD, VAR) { d_step { put(WORD, VAR, RLX) } }
inline STORE_REL(WORD, VAR) { d_step { put(WORD, VAR, REL) } }
inline STORE_SC(WORD, VAR) { d_step { put(WORD, VAR, SC) } }

/* Only plain stores are left, which leave with a release. */
#define ALL_PLAIN(t)                                                                      \
    ((buf[t].n < 1 || buf[t].kind[0] == PLAIN) && (buf[t].n < 2 || buf[t].kind[1] == PLAIN) \
     && (buf[t].n < 3 || buf[t].kind[2] == PLAIN) && (buf[t].n < 4 || buf[t].kind[3] == PLAIN) \
     && buf[t].n < 5)
#define FREE(w) (ALL_PLAIN(me) && !reserved[w])

inline drop(_t, _i)
{
    for (at : _i .. DEPTH - 2) {
        buf[_t].word[at] = buf[_t].word[at + 1];
        buf[_t].value[at] = buf[_t].value[at + 1];
        buf[_t].kind[at] = buf[_t].kind[at + 1]
    }
    buf[_t].n--;
    buf[_t].word[buf[_t].n] = 0;
    buf[_t].value[buf[_t].n] = 0;
    buf[_t].kind[buf[_t].n] = 0;
    at = 0
}

inline take_plain_along(__t)
{
    do
    :: buf[__t].n > 0 && buf[__t].kind[0] == PLAIN ->
        mem[buf[__t].word[0]] = buf[__t].value[0];
        drop(__t, 0)
    :: else -> break
    od
}

inline change(_w, _v, _k)
{
    if
    :: (_k) & (REL + SC) -> take_plain_along(me)
    :: else
    fi;
    if
    :: (_k) & SC && !LATE -> mem[_w] = _v
    :: else -> put(_w, _v, (_k) + RMW)
    fi
}

inline modify(w_, v_, k_) { d_step { FREE(w_); change(w_, v_, k_) } }
inline ADD_RLX(WORD, BY) { modify(WORD, mem[WORD] + (BY), RLX) }
inline ADD_REL(WORD, BY) { modify(WORD, mem[WORD] + (BY), REL) }
inline ADD_SC(WORD, BY) { modify(WORD, mem[WORD] + (BY), SC) }
inline SUB_REL(WORD, BY) { modify(WORD, mem[WORD] - (BY), REL) }
inline SUB_SC(WORD, BY) { modify(WORD, mem[WORD] - (BY), SC) }
/* VAR: what was there before. */
inline SUB_AR(VAR, WORD, BY) { d_step { FREE(WORD); VAR = mem[WORD]; change(WORD, mem[WORD] - (BY), REL) } }
inline OR_REL(WORD, BY) { modify(WORD, mem[WORD] | (BY), REL) }
inline OR_SC(WORD, BY) { modify(WORD, mem[WORD] | (BY), SC) }

inline swap(v_, w_, to_, k_) { d_step { FREE(w_); v_ = mem[w_]; change(w_, to_, k_) } }
inline SWAP_ACQ(VAR, WORD, TO) { swap(VAR, WORD, TO, RLX) }
inline SWAP_AR(VAR, WORD, TO) { swap(VAR, WORD, TO, REL) }
inline SWAP_SC(VAR, WORD, TO) { swap(VAR, WORD, TO, SC) }

/* done: did it take place; if not, v is what was found. To fail for no reason is left out: it only
 * goes once more round the loop. */
inline cas(done_, w_, v_, to_, k_)
{
    d_step {
        FREE(w_);
        done_ = mem[w_] == v_;
        if
        :: done_ -> change(w_, to_, k_)
        :: else -> v_ = mem[w_]
        fi
    }
}
inline CAS_RLX(DONE_, WORD, VAR, TO) { cas(DONE_, WORD, VAR, TO, RLX) }
inline CAS_REL(DONE_, WORD, VAR, TO) { cas(DONE_, WORD, VAR, TO, REL) }
inline CAS_SC(DONE_, WORD, VAR, TO) { cas(DONE_, WORD, VAR, TO, SC) }

/* ---- the kernel: looks and puts to sleep in one step, behind a full barrier ---- */

#define SLEEPS(t, w) (asleep[t] == (w) + 1)

inline FUTEX_WAIT(WORD, VAR)
{
    d_step {
        ALL_PLAIN(me);
        take_plain_along(me);
        if
        :: mem[WORD] == VAR -> assert(MAY_SLEEP(WORD)); asleep[me] = (WORD) + 1
        :: else
        fi
    }
    if
    :: asleep[me] == 0
    :: d_step { asleep[me] != 0 && early > 0; early--; asleep[me] = 0 }
    fi
}

inline FUTEX_WAKE(WORD)
{
    d_step {
        ALL_PLAIN(me);
        take_plain_along(me);
        for (at : 0 .. THREADS - 1) {
            if
            :: SLEEPS(at, WORD) -> asleep[at] = 0
            :: else
            fi
        }
        at = 0
    }
}

/* Up to so many of the first three threads, whichever they are. */
inline FUTEX_WAKE_SOME(WORD, MOST)
{
    atomic {
        d_step { ALL_PLAIN(me); take_plain_along(me); wakes = MOST };
        do
        :: wakes > 0 && SLEEPS(0, WORD) -> asleep[0] = 0; wakes--
        :: wakes > 0 && SLEEPS(1, WORD) -> asleep[1] = 0; wakes--
        :: wakes > 0 && SLEEPS(2, WORD) -> asleep[2] = 0; wakes--
        :: else -> break
        od;
        wakes = 0
    }
}

/* ---- stores leave the buffers ---- */

#define OLDER(t, i, j) ((i) > (j) && buf[t].word[i] == buf[t].word[j])
#define PLAIN_BEFORE(t, i)                                                                \
    (((i) < 1 || buf[t].kind[0] == PLAIN) && ((i) < 2 || buf[t].kind[1] == PLAIN)          \
     && ((i) < 3 || buf[t].kind[2] == PLAIN))
#define RELEASES(t, i) (buf[t].n > (i) && (buf[t].kind[i] & (REL + SC)))
#define MAY_LEAVE(t, i)                                                                   \
    (buf[t].n > (i) && (!RELEASES(t, i) || PLAIN_BEFORE(t, i))                             \
     && buf[t].kind[i] != PLAIN                                                            \
     && !OLDER(t, i, 0) && !OLDER(t, i, 1) && !OLDER(t, i, 2)                             \
     && ((buf[t].kind[i] & RMW) || !reserved[buf[t].word[i]]))

inline leave(t, i)
{
    d_step {
        MAY_LEAVE(t, i);
        slot = i;
        if
        :: RELEASES(t, i) -> take_plain_along(t); slot = 0
        :: else
        fi;
        mem[buf[t].word[slot]] = buf[t].value[slot];
        if
        :: buf[t].kind[slot] & SC -> buf[t].sc--
        :: else
        fi;
        if
        :: buf[t].kind[slot] & RMW -> reserved[buf[t].word[slot]] = 0
        :: else
        fi;
        drop(t, slot);
        slot = 0
    }
}

#define LEAVES(t) :: leave(t, 0) :: leave(t, 1) :: leave(t, 2) :: leave(t, 3)
