# Ports: where the thread that made one delivers, in a main loop of its own.

cdef object BIG = float("inf")


cdef object moment_after(object timeout):
    """A time.monotonic(): so many seconds from now; inf for None."""
    if timeout is None:
        return BIG
    if isinstance(timeout, bool) or not isinstance(timeout, (int, float)):
        raise TypeError("timeout must be a number of seconds or None, not %r" % (timeout,))
    try:
        seconds = float(timeout)
    except OverflowError:   # an int of hundreds of digits
        seconds = BIG if timeout > 0 else 0.0
    if seconds != seconds:
        raise ValueError("timeout must be a number of seconds or None, not nan")
    return time.monotonic() + seconds


cdef int64_t slice_until(object deadline) except -1:
    """Nanoseconds to wait before the next check for signals."""
    return <int64_t>(max(0.0, min(0.05, deadline - time.monotonic())) * 1e9)


@cython.final
@cython.no_gc
cdef class Port:
    """Where completions are delivered by the program's own main loop. Made by Queue.port().

    All operations are methods, callback first: a callback runs in deliver(), in the thread that made
    the port. Any thread may enqueue through it, ask it and close it. A port that is collected, or
    whose thread has ended, is closed as by close(0). It cannot be pickled or copied.
    """
    cdef readonly Queue queue
    cdef Service service
    cdef Seat seat
    cdef object loop                   # of an event loop's: a weak reference to that; else None
    cdef mhq_port *core                # opened with the first operation or the descriptor
    cdef mhq_run *in_hand              # taken and not delivered; whatever call took them
    cdef deliveries counts
    cdef dict aside
    cdef int depth                     # its callbacks that are running, one inside of another
    cdef uint64_t unreturned           # of these, those that end their operation or list
    cdef bint refuses                  # it is closed, or being closed
    cdef bint closed_for_good
    cdef bint gave_up                  # when it was closed something was due or under way
    cdef unsigned long generation
    cdef object __weakref__

    def __init__(self):
        raise TypeError("ports are made by Queue.port()")

    cdef mhq_port *opened(self) except NULL:
        cdef mhq_port *made = NULL
        cdef shared_section section
        cdef int error = 0
        if self.core != NULL:
            return self.core
        if shared_get(&self.service.core) == 0:
            self.service.open()
        if shared_get(&self.service.core) == 0:
            raise RuntimeError("the queue is closed")
        shared_enter(&section, <PyObject *>self)
        if self.core == NULL:
            error = mhq_port_open(<mhq_engine *>shared_get(&self.service.core), &made)
            if not error:
                self.counts.adopts = self.service.counts.adopts
                self.core = made
        shared_leave(&section)
        if error:
            raise OSError(error, os.strerror(error))
        return self.core

    cdef bint is_closed(self) noexcept:
        return self.refuses or self.generation != generation

    cdef bint has_lost_its_loop(self) except -1:
        """An event loop's: that was closed, and will not serve it any more."""
        if self.loop is None:
            return False
        loop = self.loop()
        return loop is None or loop.is_closed()

    cdef void forget_parent(self) noexcept:
        """In a forked child: it is closed; what the parent has of it is left alone."""
        self.core = NULL
        self.in_hand = NULL
        self.refuses = self.closed_for_good = True

    cdef uint64_t waiting_for(self) noexcept:
        if self.core == NULL or self.generation != generation or self.closed_for_good:
            return 0
        return mhq_port_pending(self.core)

    cdef bint has_others(self) noexcept:
        """Is anything under way but the operations whose callbacks this is called in?"""
        return self.waiting_for() > self.unreturned

    cdef int give_up(self) except -1:
        """Closes. What is due or under way goes to the callback thread, which calls no callback of it."""
        cdef shared_section section
        cdef mhq_run *in_hand
        cdef uint64_t left = 0
        cdef bint mine
        if self.generation != generation:
            return 0
        shared_enter(&section, <PyObject *>self)
        mine = not self.closed_for_good
        self.refuses = self.closed_for_good = True
        in_hand = self.in_hand
        self.in_hand = NULL
        if mine and self.core != NULL:
            left = mhq_port_close(self.core, in_hand)
            self.gave_up = left > self.unreturned
        shared_leave(&section)
        if not mine:
            return 0
        self.seat.ports.pop(id(self), None)
        shared_enter(&section, <PyObject *>self.service)
        if self.service.ports.pop(id(self), None) is not None:
            add_deliveries(&self.service.of_closed_ports, &self.counts)
        shared_leave(&section)
        if left and not shared_get(&self.service.thread_started):
            self.service.start()
        return 0

    def __dealloc__(self):
        if self.service is None or self.generation != generation:
            return
        try:
            self.give_up()
        except BaseException:   # no thread to be had: the exit stands in
            pass
        if self.core != NULL:
            mhq_port_drop(self.core)

    # -- delivering --

    cdef int must_be_here(self) except -1:
        if self.seat is not the_seat():
            raise RuntimeError("a port is served by the thread that made it")
        return 0

    cdef mhq_run *take(self) noexcept:
        cdef shared_section section
        cdef mhq_run *run
        shared_enter(&section, <PyObject *>self)
        run = self.in_hand
        if run != NULL:
            self.in_hand = run.next
        shared_leave(&section)
        return run

    cdef bint collect(self) noexcept:
        """Is there anything in hand?"""
        cdef shared_section section
        cdef bint any
        shared_enter(&section, <PyObject *>self)
        if self.in_hand == NULL and not self.closed_for_good and self.core != NULL:
            self.in_hand = mhq_port_collect(self.core)
        any = self.in_hand != NULL
        shared_leave(&section)
        return any

    cdef bint deliver_next(self, mhq_run *run, list kept) except -1:
        """Whether a call was made."""
        cdef uint64_t calls = shared_read(&self.counts.callbacks)
        cdef uintptr_t outer = shared_get(&self.counts.calling)
        cdef mhq_engine *core = <mhq_engine *>shared_get(&self.service.core)
        cdef bint called = True, counts = not run.progress and run == &run.job.run
        cdef listed *around = NULL
        self.depth += 1
        self.unreturned += counts
        if run.progress:
            deliver_progress(self.service.hooks, run, kept)
        else:
            around = keep_list(run)
            if self.aside is None:
                self.aside = set_aside()
            if deliver_any(self.service.hooks, &self.counts, self.aside, run, kept):
                self.aside = None
            let_spare_go(&self.counts, self.in_hand)
            called = (shared_read(&self.counts.callbacks) != calls
                      or (run.op != NULL and (<request *>run.op).op.flags & FUTURE))
            if self.generation == generation:
                if run.op != NULL:
                    shared_bump(&self.counts.delivered)
                shared_lock(&self.service.frees)
                shared_unlock(&self.service.frees)
                finish(core, run, kept)
                if around != NULL:
                    leave_list(around)
        shared_set(&self.counts.calling, outer)
        self.unreturned -= counts
        self.depth -= 1
        return called

    cdef Py_ssize_t deliver_due(self, Py_ssize_t limit, bint *any) except -1:
        """What is in hand, or else what is due now. Returns how many calls were made."""
        cdef Py_ssize_t calls = 0
        cdef list kept = []
        cdef mhq_run *run
        any[0] = False
        if not self.collect():
            return 0
        while limit < 0 or calls < limit:
            run = self.take()
            if run == NULL:
                break
            any[0] = True
            calls += self.deliver_next(run, kept)
            if kept:
                self.rest()
                raise kept[0]
            if self.generation != generation:
                return calls
        self.rest()
        return calls

    cdef void rest(self) noexcept:
        let_spare_go(&self.counts, NULL)
        if not self.closed_for_good and self.core != NULL and self.generation == generation:
            mhq_port_rest(self.core, self.in_hand != NULL)

    cdef int wait(self, object deadline) except -1:
        """Until something may be due, for as long as a signal may wait to be handled."""
        cdef int64_t ns = slice_until(deadline)
        cdef mhq_port *core = self.core
        cdef list waits = begin_waiting(self.seat)
        if core != NULL:
            with nogil:
                mhq_port_wait(core, ns)
        else:
            time.sleep(ns / 1e9)
        mark_waiting(waits, -1)
        PyErr_CheckSignals()
        return 0

    def deliver(self, limit=None, timeout=0):
        """Calls what is due: callbacks, done-callbacks of futures, progress; in the order of the
        operations, one after another.

        limit: a whole number: so many calls at most; the rest stays due. None: no limit.
        timeout: seconds to wait for the first one; 0: not at all; None: until there was one or the
            port is closed.
        Returns: how many calls it made. A future that was set counts as one, the end of an
            operation without a callback as none. 0 at once where nothing is under way, unless
            timeout is None.
        Raises: RuntimeError in another thread than the one that made the port; TypeError or
            ValueError for a wrong limit or timeout. KeyboardInterrupt and SystemExit of a callback
            leave it, and the rest stays due; other exceptions are printed with the operation.
            Ctrl-C interrupts the wait.
        Threads: the one that made the port. It may be called inside a callback, and delivers what
            comes next.
        """
        cdef Py_ssize_t most = -1, calls
        cdef bint any = False
        if limit is not None:
            if isinstance(limit, bool) or not isinstance(limit, int):
                raise TypeError("limit must be int or None, not '%s'" % type(limit).__name__)
            if limit < 0:
                raise ValueError("limit must not be negative, not %s" % limit)
            most = min(<object>limit, sys.maxsize)
        deadline = moment_after(timeout)
        self.must_be_here()
        while True:
            calls = self.deliver_due(most, &any)
            if any or calls or self.is_closed() or most == 0:
                return calls
            if timeout is not None and (not self.has_others() or time.monotonic() >= deadline):
                return 0
            self.wait(deadline)

    def fileno(self):
        """The descriptor (on Windows: a socket) that is readable while something is to be delivered.

        Returns: int; the same one each time, made at the first call. It is for select(), for a
            selector, and for the main loops of toolkits. Neither read nor close it, and unregister
            it before the port is closed.
        Raises: RuntimeError in another thread than the port's; ValueError where the port is closed;
            OSError where there is no descriptor to be had.
        """
        cdef intptr_t descriptor = -1
        cdef int error
        self.must_be_here()
        if self.is_closed():
            raise ValueError("the port is closed")
        error = mhq_port_descriptor(self.opened(), self.in_hand != NULL, &descriptor)
        if error:
            raise OSError(error, os.strerror(error))
        return descriptor

    @property
    def pending(self):
        """Operations (a list counts as one) accepted through the port and not yet delivered."""
        return self.waiting_for()

    @property
    def closed(self):
        """Whether it has been closed, or its thread has ended."""
        return self.is_closed()

    @property
    def futures(self):
        """The same operations, without callback, returning a Future that is set by deliver()."""
        return futures_of(self.queue, self.service, self)

    def close(self, timeout=None):
        """Accepts nothing more, delivers what is under way, and gives up the rest: that runs all the
        same, but reads that have not started are skipped, and failures are reported on stderr.

        timeout: seconds to deliver for, at most. None: until all is delivered, but for what a pause
            holds.
        Returns: True if nothing was given up.
        Raises: TypeError or ValueError for a wrong timeout.
        Threads: any; another one than the port's waits for that one to deliver. Any number of times.
        """
        deadline = moment_after(timeout)
        cdef bint here = self.seat is the_seat()
        if self.is_closed() and self.closed_for_good:
            return True
        self.refuses = True
        if not here and not self.seat.ended:
            return self.close_elsewhere(deadline)
        while self.has_others():
            self.serve_a_turn()
            if not self.has_others() or time.monotonic() >= deadline or self.is_held():
                break
            self.wait(deadline)
        left = self.has_others()
        self.give_up()
        return not left

    cdef int serve_a_turn(self) except -1:
        cdef bint any = False
        self.deliver_due(-1, &any)
        return 0

    cdef bint is_held(self) except -1:
        """By a pause, with nothing due."""
        if self.collect():
            return False
        return mhq_is_paused(<mhq_engine *>shared_get(&self.service.core)) or any_control_paused()

    cdef bint close_elsewhere(self, object deadline) except -1:
        cdef mhq_port *core = self.core
        if core == NULL:
            return True
        mhq_port_nudge(core)
        while mhq_port_pending(core):
            if time.monotonic() >= deadline:
                return False
            time.sleep(slice_until(deadline) / 2e10)
        return not self.gave_up

    def __enter__(self):
        return self

    def __exit__(self, exc_type, exc, tb):
        self.close()

    def enqueue_oplist(self, oplist, *, callback=None, control=None):
        """As Queue.enqueue_oplist(), delivered by this port."""
        return enqueue_oplist_at(self.service, self, oplist, callback, control)

    def oplist(self, callback=None, *, on_error="continue", control=None):
        """As Queue.oplist(), delivered by this port."""
        return ListContext(self, callback, on_error, control)

    def __reduce__(self):
        raise TypeError("a port cannot be pickled or copied")

    def __repr__(self):
        return "<mhddq.Port of %r%s>" % (self.queue, ", closed" if self.is_closed() else "")


cdef Port port_at(Queue queue, Service service):
    """For this thread. queue: kept open by it, or None."""
    cdef Port port = Port.__new__(Port)
    hooks.prepare()
    port.queue = queue
    port.service = service
    port.generation = generation
    port.seat = seat_here()
    port.seat.ports[id(port)] = port.service.ports[id(port)] = PyWeakref_NewRef(port, NULL)
    return port


@cython.final
cdef class Latch:
    """Is called once for each of several ends, and then lets a thread go on, or ends what is pending."""
    cdef int left
    cdef Pending pending
    cdef PyThread_type_lock lock

    def __cinit__(self):
        self.left = 1
        self.lock = PyThread_allocate_lock()
        if self.lock == NULL:
            raise MemoryError()
        PyThread_acquire_lock(self.lock, WAIT_LOCK)

    def __dealloc__(self):
        if self.lock != NULL:
            PyThread_free_lock(self.lock)

    cdef bint is_open(self) noexcept:
        return self.left == 0

    cdef int change(self, int by) noexcept:
        """How many ends it waits for then."""
        cdef shared_section section
        cdef int left
        shared_enter(&section, <PyObject *>self)
        self.left += by
        left = self.left
        shared_leave(&section)
        return left

    cdef int wait(self, int64_t ns) except -1:
        cdef int got
        cdef long long microseconds = ns // 1000
        with nogil:
            got = PyThread_acquire_lock_timed(self.lock, microseconds, 0)
        if got:
            PyThread_release_lock(self.lock)
        return 0

    def __call__(self, args=None):
        if self.change(-1) == 0:
            PyThread_release_lock(self.lock)
            if self.pending is not None and self.pending.now() == PENDING:
                self.pending.settle(FINISHED, None, None, None)
