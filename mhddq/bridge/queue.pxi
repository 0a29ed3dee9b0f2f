# The queue: one engine of the core and its callback thread, from the first operation to the exit.

@cython.final
cdef class Queue:
    """One engine and its callback thread; started by its first operation, closed once.

    hooks: an object with the Python side's part, see ``_callbacks.Hooks``.
    """
    cdef object hooks
    cdef readonly unsigned long generation   # moves in a forked child, which is alone then
    cdef bint delivering, stood_in_for  # looked at in the section only
    cdef shared_word core               # mhq_engine *; stays for good once it is there
    cdef shared_word closed             # after it was set, `core` does not change
    cdef shared_word thread_started
    cdef shared_word starter            # the thread that is starting the callback thread
    cdef shared_word callback_thread
    cdef shared_word thread_number      # of the thread that delivers, for the system
    # The delivering thread's: the record whose callback is running, and those that were collected
    # behind it. A thread that takes the place of one that died goes on with them.
    cdef mhq_run *at
    cdef mhq_run *collected
    cdef deliveries told                # `adopts` is set before `core`
    cdef dict aside                     # the callback thread's: see set_aside
    cdef shared_mutex frees             # what is looked at under it is not freed meanwhile
    cdef PyThread_type_lock begun       # see start_native
    cdef shared_count refused           # operations refused in callbacks
    cdef str first_refused
    cdef bint refusals_reported
    cdef readonly bint gave_up          # shutdown(timeout) did: the exit does not wait again

    def __init__(self, hooks):
        self.hooks = hooks

    def __dealloc__(self):
        if self.begun != NULL:
            PyThread_free_lock(self.begun)

    # -- starting --

    cdef int open(self) except -1:
        cdef mhq_config config
        cdef mhq_engine *opened
        cdef shared_section section
        cdef int error = 0
        memset(&config, 0, sizeof(config))
        cdef dict settings = self.hooks.settings()
        config.ring_size = settings["ring_size"]
        config.buffer_bytes = settings["buffer_bytes"]
        config.lookahead = settings["lookahead"]
        config.lookahead_bytes = settings["lookahead_bytes"]
        config.spin_us = settings["spin_us"]
        config.head = BYTES_HEAD
        config.tail = 1
        cdef bint adopts = proven_adoptable()
        # Python code may have run until here: a signal handler may have opened or closed.
        shared_enter(&section, <PyObject *>self)
        if shared_get(&self.core) == 0 and not shared_get(&self.closed):
            error = mhq_engine_open(&config, &opened)
            if error == 0:
                self.told.adopts = adopts
                shared_set(&self.core, <uintptr_t>opened)
        shared_leave(&section)
        if error == errno.ENOMEM:
            raise MemoryError("mhddq: no memory for the queue")
        if error:
            raise RuntimeError("mhddq: cannot start the I/O threads: " + os.strerror(error))
        return 0

    cdef int start(self) except -1:
        """Both halves, as far as they are missing. Re-entrant: a signal handler may get here on
        the same thread while it starts the callback thread; then the queue already takes
        operations, beyond its size if need be (see submit)."""
        cdef unsigned long generation
        cdef shared_section section
        cdef bint mine, begun = False
        if shared_get(&self.core) == 0:
            self.open()
        generation = self.generation
        shared_enter(&section, <PyObject *>self)
        mine = (shared_get(&self.core) != 0 and not shared_get(&self.thread_started)
                and not shared_get(&self.starter))
        if mine:
            shared_set(&self.starter, PyThread_get_thread_ident())
        shared_leave(&section)
        if not mine:
            return 0
        try:
            self.hooks.start_thread(self)
            begun = True
        finally:
            if self.generation == generation:
                shared_enter(&section, <PyObject *>self)
                if begun:
                    shared_set(&self.thread_started, True)
                shared_set(&self.starter, 0)
                shared_leave(&section)
        return 0

    # -- enqueuing --

    cdef bint submit(self, mhq_job *job, uint64_t operations, request *lender) except -1:
        """True: the job is the core's. Waits for room; False once closed. Whatever is raised
        (a signal handler's exception, a failed start) is raised before the job is accepted.

        lender: the job's request where it has lent a view, else NULL. It is noted before it is
        offered, for afterwards it may be gone; not while it waits for room: a signal handler may
        fork then, and the child goes on with the same operation."""
        cdef int accepted
        cdef unsigned long me
        cdef mhq_engine *core
        while True:
            if not shared_get(&self.thread_started):
                if shared_get(&self.closed):
                    return False
                self.start()
                if shared_get(&self.core) == 0:
                    continue
            core = <mhq_engine *>shared_get(&self.core)
            if lender != NULL:
                note_lent(lender)
            accepted = mhq_submit(core, job, operations, False)
            if accepted != MHQ_ACCEPTED:
                me = PyThread_get_thread_ident()
                if me == shared_get(&self.callback_thread) or me == shared_get(&self.starter):
                    accepted = mhq_submit(core, job, operations, True)
            if accepted == MHQ_ACCEPTED:
                return True
            if lender != NULL:
                forget_lent(lender)
            if accepted == MHQ_RING_CLOSED:
                if me == shared_get(&self.callback_thread):
                    self.note_refused(job, operations)
                return False
            # Not behind the wait: a thread that was woken for room must take it before handlers run
            # (mhq.h).
            try:
                PyErr_CheckSignals()
            except BaseException:
                if core == <mhq_engine *>shared_get(&self.core):
                    mhq_withdraw(core, job)
                raise
            if self.miss_thread():
                continue
            if core == <mhq_engine *>shared_get(&self.core):   # no handler has forked
                with nogil:
                    mhq_wait_room(core, job, 50000000)
            else:
                job.marks &= MHQ_WATCHED   # what it held is the parent's

    cdef void note_refused(self, mhq_job *job, uint64_t operations) noexcept:
        if self.first_refused is None:
            self.first_refused = (<object>SHAPES[job.op.kind].action if job.op != NULL
                                  else "enqueue_oplist")
        shared_add(&self.refused, operations)

    def enqueue(self, oplist):
        cdef list lenders = []
        cdef Frozen frozen = freeze(the_oplist(oplist), lenders), lender
        cdef listed *l = <listed *>calloc(1, sizeof(listed))
        if l == NULL or mhq_job_init_list(&l.job, NULL if frozen is None else &frozen.frozen):
            free(l)
            raise MemoryError()
        Py_INCREF(frozen)
        l.frozen = <PyObject *>frozen
        cdef bint accepted = False
        try:
            accepted = self.submit(&l.job, 0 if frozen is None else frozen.frozen.total, NULL)
            if accepted:
                for lender in lenders:   # which holds them: they cannot have been freed yet
                    lender.note_lent()
        finally:
            if not accepted:
                free_listed(l)
        return accepted

    # -- the callback thread --

    def deliver(self, deadline=None):
        """The callback thread's loop: until the queue is closed and drained. Returns at once where
        another thread is at it, and in a forked child, whose queue is another.

        deadline: a time.monotonic(), inf for none, for a thread that stands in for the callback
        thread while it closes the queue: it also looks for signals. A callback thread that gets
        going only then waits, for the other may give up."""
        cdef mhq_engine *core = <mhq_engine *>shared_get(&self.core)
        cdef unsigned long generation = self.generation
        cdef shared_section section
        cdef bint ended = False
        if core == NULL:
            return
        while not self.begin_to_deliver(deadline is not None):
            if deadline is not None or not self.is_stood_in_for(core):
                return
        try:
            while not ended and self.generation == generation:
                if deadline is None:
                    ended = self.deliver_batch(core, generation)
                    continue
                if self.has_come(core, deadline):
                    ended = self.deliver_batch(core, generation)
                if time.monotonic() >= deadline:
                    break
        finally:
            if self.generation == generation:
                shared_enter(&section, <PyObject *>self)
                shared_set(&self.callback_thread, 0)
                shared_set(&self.thread_number, 0)
                if not ended:
                    self.delivering = False
                    shared_set(&self.thread_started, False)
                shared_leave(&section)

    cdef void set_aside(self) noexcept:
        try:
            self.aside = set_aside()
        except BaseException:
            pass

    cdef bint begin_to_deliver(self, bint stands_in) noexcept:
        cdef shared_section section
        cdef bint mine
        shared_enter(&section, <PyObject *>self)
        mine = not self.delivering
        if mine:
            self.delivering = True
            self.stood_in_for = stands_in
            shared_set(&self.thread_started, True)
            shared_set(&self.callback_thread, PyThread_get_thread_ident())
            shared_set(&self.thread_number, mhddq_thread_number())
        shared_leave(&section)
        return mine

    cdef bint miss_thread(self) noexcept:
        """Has the thread that delivers died (a callback may end it, past Python)? Then another may
        be started. Looked at where its work is waited for."""
        cdef shared_section section
        cdef uintptr_t number = shared_get(&self.thread_number)
        cdef bint missing = False
        if number == 0 or not mhddq_thread_has_ended(number):
            return False
        shared_enter(&section, <PyObject *>self)
        missing = self.delivering and shared_get(&self.thread_number) == number
        if missing:
            self.delivering = False
            shared_set(&self.thread_number, 0)
            shared_set(&self.callback_thread, 0)
            shared_set(&self.told.calling, 0)
            shared_set(&self.thread_started, False)
        shared_leave(&section)
        return missing

    cdef bint is_stood_in_for(self, mhq_engine *core) noexcept:
        """For the callback thread that is not let in. Waits for a moment."""
        cdef shared_section section
        cdef bint waits
        shared_enter(&section, <PyObject *>self)
        waits = self.stood_in_for
        shared_leave(&section)
        if waits:
            with nogil:
                waits = not mhq_wait_stopped(core, 50000000)
        return waits

    cdef bint has_come(self, mhq_engine *core, object deadline) except -1:
        cdef int64_t ns = <int64_t>(max(0.0, min(0.05, deadline - time.monotonic())) * 1e9)
        cdef bint come
        with nogil:
            come = mhq_wait_done(core, ns)
        PyErr_CheckSignals()
        return come

    cdef bint deliver_batch(self, mhq_engine *core, unsigned long generation) except -1:
        """Everything that is ready. True: it was the last."""
        cdef mhq_run *run
        if self.at != NULL:    # a thread has died in this callback
            shared_bump(&self.told.delivered)
            run = self.at
            self.at = NULL
            finish(core, run)
        if self.collected == NULL:
            with nogil:
                run = mhq_collect(core)
            if run == NULL:
                mhq_stop(core)
                return True
            self.collected = run
        while self.collected != NULL:
            run = self.collected
            self.collected = run.next
            if run.op != NULL:
                self.at = run
                if self.aside is None:
                    self.set_aside()
                if deliver_one(self.hooks, &self.told, self.aside, run):
                    self.aside = None
                if self.generation == generation:
                    self.at = NULL
                    shared_bump(&self.told.delivered)
            if self.generation != generation:
                return False
            # The [frees] section is empty: whoever looked at the run's request has kept it by now.
            shared_lock(&self.frees)
            shared_unlock(&self.frees)
            finish(core, run)
            if self.generation != generation:
                return False
        report_leftovers(self.hooks, core)
        return False

    # -- ending --

    cdef int close(self, bint when_quiet) except -1:
        """No operation is accepted any more; when_quiet: none but those of callbacks, and none at
        all once no job is accepted and no callback running. Any thread, any moment."""
        cdef shared_section section
        cdef mhq_engine *core
        shared_enter(&section, <PyObject *>self)
        shared_set(&self.closed, True)
        core = <mhq_engine *>shared_get(&self.core)
        shared_leave(&section)
        if core != NULL:
            if when_quiet:
                mhq_close_when_quiet(core)
            else:
                mhq_close(core)
        return 0

    cdef bint on_callback_thread(self) noexcept:
        cdef unsigned long delivers = shared_get(&self.callback_thread)
        return delivers == PyThread_get_thread_ident() and delivers != 0

    cdef int ensure_deliveries(self, object deadline) except -1:
        """Where operations were accepted but their callback thread could not be started (the system
        was out of threads, or of descriptors for an import), or is being started by this thread
        further down its stack, this thread delivers. Where nothing is left, too: a thread for that
        would only be in the way of an exit, and what it imports make the interpreter forget that
        Ctrl-C was why it ends."""
        cdef bint ready = False
        try:
            ready = self.pending() and self.ensure_callback_thread()
        except (RuntimeError, MemoryError, ImportError, OSError):
            pass
        if not ready:
            self.deliver(deadline)
        return 0

    cdef bint ensure_callback_thread(self) except -1:
        """Where operations were accepted while the callback thread could not be started: tries
        again. False: this very thread is starting it, further down its stack, and a signal
        handler or a finaliser has got in between."""
        if shared_get(&self.core) != 0 and not shared_get(&self.thread_started):
            self.start()
            return (shared_get(&self.thread_started) != 0
                    or shared_get(&self.starter) != PyThread_get_thread_ident())
        return True

    def end(self, object deadline, bint when_quiet=False):
        """Closes the queue and waits until it has come to rest, or until `deadline`, a
        time.monotonic(); on the callback thread, which cannot wait for itself, it does not wait.
        What a signal handler raises meanwhile is raised behind the wait, the first of it;
        KeyboardInterrupt alone ends the wait. when_quiet: see close.

        This is not Python code because that could be interrupted outside its own ``try``."""
        cdef object kept = None
        cdef object begun = time.monotonic()
        cdef bint more = True, reported = False
        while more:
            try:
                more = self.wait_a_turn(deadline, when_quiet)
                if more and when_quiet and not reported and time.monotonic() - begun > 1.0:
                    reported = True
                    self.hooks.report_wait(self)
            except KeyboardInterrupt:
                raise
            except BaseException as error:
                if kept is None:
                    kept = error
        if kept is not None:
            raise kept

    cdef bint wait_a_turn(self, object deadline, bint when_quiet) except -1:
        """For as long as a signal may wait to be handled. False: the wait is over."""
        self.close(when_quiet)   # at each turn: a handler may have forked, and this be the child
        if self.on_callback_thread():
            return False
        self.miss_thread()
        self.ensure_deliveries(deadline)
        if self.stopped(max(0.0, min(0.05, deadline - time.monotonic()))):
            return False
        if time.monotonic() < deadline:
            return True
        # All may be done, and the threads just about to leave their loops.
        if self.pending():
            self.hooks.report_timeout(self)
            self.gave_up = True
        return False

    def report_refusals(self):
        """What was refused in callbacks, once."""
        if self.first_refused is not None and not self.refusals_reported:
            self.refusals_reported = True
            self.hooks.report_refusals(shared_read(&self.refused), self.first_refused)

    def left(self):
        """Operations accepted and not yet called back; which of them is under way, as
        {'action', 'params'} or None; and whether that is in its callback."""
        cdef mhq_engine *core = <mhq_engine *>shared_get(&self.core)
        cdef uint64_t delivered = shared_read(&self.told.delivered)   # first: no less is accepted
        cdef uint64_t accepted = self.count()["accepted"]
        cdef request *r
        cdef request kept
        cdef bint in_callback
        cdef int i
        if core == NULL:
            return 0, None, False
        shared_lock(&self.frees)
        r = <request *>shared_get(&self.told.calling)
        in_callback = r != NULL
        if r == NULL:
            r = <request *>mhq_running(core)
        if r != NULL:   # with a reference to each, before anything else can run
            kept = r[0]
            Py_XINCREF(kept.callback)
            Py_XINCREF(kept.more)
            for i in range(MAX_POSITIONAL):
                Py_XINCREF(kept.given[i])
        shared_unlock(&self.frees)
        if r == NULL:
            return accepted - delivered, None, False
        try:
            return accepted - delivered, described(&kept), in_callback
        finally:
            Py_XDECREF(kept.callback)
            Py_XDECREF(kept.more)
            for i in range(MAX_POSITIONAL):
                Py_XDECREF(kept.given[i])

    def stopped(self, double seconds=0.0):
        """Is everything that was accepted done, and everyone at rest? Waits for it, releasing the
        GIL, until `seconds` have passed or a signal came."""
        cdef bint closed = shared_get(&self.closed) != 0   # before `core`, see there
        cdef mhq_engine *core = <mhq_engine *>shared_get(&self.core)
        cdef int64_t ns = <int64_t>(seconds * 1e9)
        cdef bint yes
        if core == NULL:
            return closed
        with nogil:
            yes = mhq_wait_stopped(core, ns)
        PyErr_CheckSignals()
        return yes

    def pending(self):
        """Jobs accepted and not yet called back."""
        return self.count()["in_flight"]

    def after_fork(self):
        """In the child: the parent's queue is left alone, memory and all, for its threads are not
        here; a fresh one takes its place. What the parent lent stays the child's copy to free."""
        shared_forget(<PyObject *>self)
        shared_forget(<PyObject *>OPLISTS)
        shared_forget(<PyObject *>lent_views)
        note_fork()
        shared_forget_lock(&spares)
        self.generation += 1
        self.delivering = self.stood_in_for = self.gave_up = self.refusals_reported = False
        self.begun = NULL   # the starter, who may not be here, has it
        self.aside = self.first_refused = None
        shared_forget_lock(&self.frees)
        shared_zero(&self.refused)
        shared_zero(&self.told.delivered)
        shared_set(&self.told.calling, 0)
        shared_set(&self.core, 0)
        shared_set(&self.closed, False)
        shared_set(&self.thread_started, False)
        shared_set(&self.starter, 0)
        shared_set(&self.callback_thread, 0)
        shared_set(&self.thread_number, 0)
        self.at = self.collected = NULL
        shared_zero(&self.told.callbacks)
        shared_zero(&self.told.callback_errors)
        shared_zero(&self.told.late_failures)
        shared_zero(&self.told.copied)
        shared_zero(&self.told.uncopied)
        for view in list(lent_views.values()):
            view.release()
        lent_views.clear()

    def count(self):
        cdef mhq_counters c
        memset(&c, 0, sizeof(c))
        cdef mhq_engine *core = <mhq_engine *>shared_get(&self.core)
        if core != NULL:
            mhq_count(core, &c)
        return {
            "accepted": c.accepted,
            "completed": c.completed,
            "failed": c.failed + shared_read(&self.told.late_failures),
            "callbacks": shared_read(&self.told.callbacks),
            "callback_errors": shared_read(&self.told.callback_errors),
            "refused": shared_read(&self.refused),
            "thread_operations": [c.thread_operations[0], c.thread_operations[1]],
            "trades": c.trades,
            "parks": c.parks,
            "wakes": c.wakes,
            "ring_size": c.ring_size,
            "ring_high_water": c.ring_high_water,
            "in_flight": c.in_flight,
            "bytes_read": c.bytes_read,
            "bytes_written": c.bytes_written,
            "undelivered_bytes": c.undelivered_bytes,
            "large_reads_copied": shared_read(&self.told.copied),
            "large_reads_uncopied": shared_read(&self.told.uncopied),
            "disk_overlaps": c.overlaps,
            "lookahead_files": c.lookahead_files,
            "lookahead_bytes": c.lookahead_bytes,
            "lookahead_passed_over": c.lookahead_passed_over,
            "lookahead_windows": c.lookahead_windows,
            "retries": c.retries,
        }
