# Loops: the port of an event loop. It is made at the first operation in the loop (mhddq.aio._loops), which
# calls `serve` whenever the port's descriptor is readable.
#
# A task that awaits is gone on with from here, in its own context, where asyncio would put it into the
# loop's queue for the next turn: nothing stands in that queue before it that it could have waited for.

cdef extern from *:
    """
    #ifdef MS_WINDOWS
    #include <windows.h>
    static int64_t mhddq_nanoseconds(void)
    {
        LARGE_INTEGER ticks, frequency;
        QueryPerformanceCounter(&ticks);
        QueryPerformanceFrequency(&frequency);
        return (int64_t)((double)ticks.QuadPart / (double)frequency.QuadPart * 1e9);
    }
    #else
    #include <time.h>
    static int64_t mhddq_nanoseconds(void)
    {
        struct timespec now;
        clock_gettime(CLOCK_MONOTONIC, &now);
        return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
    }
    #endif
    """
    int64_t mhddq_nanoseconds()

cdef enum:
    TURN = 1000000                     # ns: what is delivered in one turn of the loop
    LINGER = 20000                     # ns: what a turn of the loop and a wake-up cost: so long more is
                                       # looked for

cdef dict modules = sys.modules

cdef object running_asyncio_loop = None   # asyncio's own function, once the program has imported that
cdef object current_asyncio_task = None
cdef object trio_lowlevel = None       # likewise
cdef object port_of_loop = None        # mhddq.aio._loops.port_of


def use_loops(makes_port):
    """mhddq.aio registers itself; so importing mhddq does not import it."""
    global port_of_loop
    port_of_loop = makes_port


@cython.final
cdef class LoopPort:
    """The port of one queue in one loop. Served by the loop's thread alone.

    release: called before it is closed, to take it out of the loop. served: the loop calls `serve`; else
    whatever awaits does (trio, past its system tasks).
    """
    cdef Port port
    cdef Service service
    cdef uintptr_t loop                # its address, or that of trio's token
    cdef object reference              # to the loop, weak; of trio the token itself
    cdef bint in_trio
    cdef public bint served
    cdef public object release
    cdef public object when_idle       # called once nothing awaits any more, or None
    cdef readonly Py_ssize_t waiting   # awaits that wait
    cdef bint settling                 # what wakes now is woken by `serve`
    cdef list woken
    cdef unsigned long thread
    cdef object __weakref__

    def __init__(self):
        raise TypeError("made by mhddq.aio")

    @property
    def closed(self):
        return self.port.is_closed()

    def fileno(self):
        return self.port.fileno()

    cdef bint is_of(self, object loop, Service service) noexcept:
        return (self.loop == <uintptr_t><PyObject *>loop and self.service is service
                and not self.port.is_closed())

    cdef int come_here(self) except -1:
        """The loop runs in this thread now."""
        cdef Seat seat = the_seat()
        self.thread = PyThread_get_thread_ident()
        if seat is not self.port.seat:
            seat = seat_here()
            reference = self.port.seat.ports.pop(id(self.port), None)
            self.port.seat = seat
            if reference is not None:
                seat.ports[id(self.port)] = reference
        return 0

    def serve(self):
        """Delivers what is due, for a millisecond at most."""
        cdef list kept = None if self.in_trio else []   # there it would end the run
        cdef mhq_run *run
        cdef int64_t deadline
        if self.port.generation != generation:
            return
        self.come_here()
        cdef bint at_once = not self.in_trio and current_asyncio_task(self.reference()) is None
        deadline = mhddq_nanoseconds() + TURN
        while self.has_more(deadline):
            run = self.port.take()
            if run == NULL:
                break
            self.settling = at_once
            self.port.deliver_next(run, kept)
            self.settling = False
            if self.woken:
                self.wake_all(kept)
            if self.port.generation != generation:
                return
            if kept or mhddq_nanoseconds() >= deadline:
                break
        self.port.rest()
        if shared_get(&self.service.closed) and not self.port.waiting_for():
            self.close()
        if kept:
            raise kept[0]

    cdef bint has_more(self, int64_t deadline) noexcept:
        """Something is in hand, or comes while it is cheaper to look for it than to come back."""
        if self.port.collect():
            return True
        if not self.port.waiting_for():
            return False
        return (mhq_port_linger(self.port.core, min(<int64_t>LINGER, deadline - mhddq_nanoseconds()))
                and self.port.collect())

    cdef int wake_all(self, list kept) except -1:
        cdef Awaiting awaiting
        while self.woken:
            awaiting = self.woken.pop(0)
            try:
                awaiting.go_on()
            except BaseException as error:   # KeyboardInterrupt and SystemExit leave a task
                kept.append(error)
        return 0

    cdef int wake(self, Awaiting awaiting) except -1:
        """Any thread."""
        cdef bint idle = self.count(-1) == 0 and self.when_idle is not None
        cdef bint here = self.thread == PyThread_get_thread_ident()
        if self.settling and here:
            self.woken.append(awaiting)
        elif self.in_trio:
            if here:
                awaiting.go_on()
            else:
                self.reference.run_sync_soon(awaiting.function, awaiting)
        else:
            self.wake_later(awaiting.function, awaiting, awaiting.context, here)
        if idle:
            self.wake_later(self.when_idle, None, None, here)
        return 0

    cdef Py_ssize_t count(self, Py_ssize_t by) noexcept:
        cdef shared_section section
        cdef Py_ssize_t waiting
        shared_enter(&section, <PyObject *>self)
        self.waiting += by
        waiting = self.waiting
        shared_leave(&section)
        return waiting

    cdef int wake_later(self, object function, object argument, object context,
                        bint here) except -1:
        loop = self.reference()
        if loop is None or loop.is_closed():
            return 0
        try:
            if here:
                loop.call_soon(function, argument, context=context)
            else:
                loop.call_soon_threadsafe(function, argument, context=context)
        except RuntimeError:   # it was closed in this moment
            pass
        return 0

    def close(self):
        """The loop ends: what is under way runs, and nothing awaits it."""
        if self.port.is_closed():
            return
        release = self.release
        self.release = None
        if release is not None:
            release()
        self.port.give_up()

    def give_up(self):
        """The loop is gone."""
        self.port.give_up()


def new_loop_port(Service service not None, loop, reference, bint in_trio):
    """For the loop that runs in this thread. reference: as in LoopPort."""
    global current_asyncio_task
    cdef LoopPort made = LoopPort.__new__(LoopPort)
    made.service = service
    made.port = port_at(None, service)
    if not in_trio:
        made.port.loop = reference
        current_asyncio_task = sys.modules["asyncio"].current_task
    made.loop = <uintptr_t><PyObject *>loop
    made.reference = reference
    made.in_trio = in_trio
    made.served = True
    made.woken = []
    made.thread = PyThread_get_thread_ident()
    return made


cdef object running_loop(bint *in_trio):
    """The running loop, or trio's token; None: none runs here. Imports neither."""
    global running_asyncio_loop, trio_lowlevel
    if trio_lowlevel is None and "trio" in modules:
        trio_lowlevel = getattr(modules["trio"], "lowlevel", None)
    if trio_lowlevel is not None and trio_lowlevel.in_trio_task():
        in_trio[0] = True
        return trio_lowlevel.current_trio_token()
    if running_asyncio_loop is None:
        running_asyncio_loop = getattr(sys.modules.get("asyncio.events"), "_get_running_loop", None)
        if running_asyncio_loop is None:
            return None
    in_trio[0] = False
    return running_asyncio_loop()


cdef LoopPort port_here(Service service):
    """That of the loop which runs in this thread."""
    cdef Seat seat = seat_here()
    cdef LoopPort last = seat.loop_port
    cdef bint in_trio = False
    loop = running_loop(&in_trio)
    if loop is None:
        raise RuntimeError("no event loop runs in this thread: neither asyncio's nor trio's")
    must_be_open(service, None)
    if last is None or not last.is_of(loop, service):
        if port_of_loop is None:
            load("mhddq.aio")   # which makes itself known
        last = port_of_loop(service, loop, in_trio)
        if last.served:
            seat.loop_port = last
    if last.port.seat is not seat:
        last.come_here()
    return last
