# A queue's service: its engine of the core and its callback thread, from the first operation to the exit.
# It is apart from the Queue that users see: that one may be collected while this one goes on.

cdef object hooks = None               # the Python side's part in every queue, see _callbacks.Hooks
cdef PyObject *first_service = NULL    # of a list of all that there are; borrowed pointers
cdef object SERVICES = object()        # whose section that list changes in
cdef bint ending = False               # the program ends: only callbacks may enqueue
cdef bint ended = False                # it has waited for all queues: none starts any more


def serve_with(the_hooks):
    """To be called before there is a queue."""
    global hooks
    hooks = the_hooks


@cython.final
@cython.no_gc
cdef class Service:
    """Started by its queue's first operation, closed once."""
    cdef readonly str name
    cdef dict given                    # the settings that the queue was made with
    cdef object hooks
    cdef bint delivering, stood_in_for  # looked at in the section only
    cdef public bint is_default        # it is never let go
    cdef bint is_named                 # by the program, and so are its I/O threads
    cdef bint background               # its I/O threads ask the system to serve others first
    cdef bint kept                     # it holds itself: it is started and has not come to rest
    cdef shared_word core              # mhq_engine *; stays for good once it is there
    cdef shared_word closed            # after it was set, `core` does not change
    cdef shared_word thread_started
    cdef shared_word starter           # the thread that is starting the callback thread
    cdef shared_word callback_thread
    cdef shared_word thread_number     # of the thread that delivers, for the system
    # The delivering thread's: the record whose callback is running, and those that were collected
    # behind it. A thread that takes the place of one that died goes on with them.
    cdef mhq_run *at
    cdef mhq_run *collected
    cdef deliveries counts               # `adopts` is set before `core`
    cdef deliveries of_closed_ports    # the figures of those; changed in the section
    cdef dict ports                    # weak references to those that are open, by id
    cdef int waiting                   # threads that deliver for it and are in a waiting call
    cdef dict aside                    # the callback thread's: see set_aside
    cdef shared_mutex frees            # what is looked at under it is not freed meanwhile
    cdef PyThread_type_lock begun      # see start_native
    cdef shared_count refused          # operations refused in callbacks
    cdef str first_refused
    cdef bint refusals_reported
    cdef readonly bint gave_up         # shutdown(timeout) did: the exit does not wait again
    cdef PyObject *next_service
    cdef PyObject *previous_service

    def __cinit__(self, name, dict given not None):
        global first_service
        cdef shared_section section
        self.name = name
        self.given = given
        self.hooks = hooks
        self.ports = {}
        shared_enter(&section, <PyObject *>SERVICES)
        self.next_service = first_service
        if first_service != NULL:
            (<Service>first_service).previous_service = <PyObject *>self
        first_service = <PyObject *>self
        shared_leave(&section)

    def __dealloc__(self):
        global first_service
        cdef shared_section section
        cdef mhq_engine *core = <mhq_engine *>shared_get(&self.core)
        shared_enter(&section, <PyObject *>SERVICES)
        if self.previous_service != NULL:
            (<Service>self.previous_service).next_service = self.next_service
        else:
            first_service = self.next_service
        if self.next_service != NULL:
            (<Service>self.next_service).previous_service = self.previous_service
        shared_leave(&section)
        if core != NULL:
            mhq_engine_drop(core)
        if self.begun != NULL:
            PyThread_free_lock(self.begun)

    # -- starting --

    cdef int open(self) except -1:
        cdef mhq_config config
        cdef mhq_engine *opened
        cdef shared_section section
        cdef int error = 0
        if ended:
            shared_set(&self.closed, True)
            return 0
        memset(&config, 0, sizeof(config))
        cdef dict settings = self.hooks.settings(self.given)
        config.ring_size = settings["ring_size"]
        config.buffer_bytes = settings["buffer_bytes"]
        config.write_bytes = settings["write_bytes"]
        config.lookahead = settings["lookahead"]
        config.lookahead_bytes = settings["lookahead_bytes"]
        config.spin_us = settings["spin_us"]
        config.background = self.background
        cdef bytes name = self.name.encode("utf-8", "replace")
        if self.is_named and not self.is_default:
            config.name = name
        config.head = BYTES_HEAD
        config.tail = 1
        cdef bint adopts = proven_adoptable()
        # Python code may have run until here: a signal handler may have opened or closed.
        shared_enter(&section, <PyObject *>self)
        if shared_get(&self.core) == 0 and not shared_get(&self.closed):
            error = mhq_engine_open(&config, &opened)
            if error == 0:
                self.counts.adopts = adopts
                self.keep()
                shared_set(&self.core, <uintptr_t>opened)
        shared_leave(&section)
        if error == errno.ENOMEM:
            raise MemoryError("mhddq: no memory for the queue")
        if error:
            raise RuntimeError("mhddq: cannot start the I/O threads: " + os.strerror(error))
        return 0

    cdef void keep(self) noexcept:
        """In the section."""
        self.kept = True
        Py_INCREF(self)

    cdef void let_go(self) noexcept:
        """It has come to rest, or nothing of it is left to be done by a thread."""
        cdef shared_section section
        cdef bint kept
        if self.is_default:
            return
        shared_enter(&section, <PyObject *>self)
        kept = self.kept
        self.kept = False
        shared_leave(&section)
        if kept:
            Py_DECREF(self)

    cdef int start(self) except -1:
        """Both halves, as far as they are missing. Re-entrant: a signal handler may get here on
        the same thread while it starts the callback thread; then the queue already takes
        operations, beyond its size if need be (see submit)."""
        cdef unsigned long begun_in
        cdef shared_section section
        cdef bint mine, begun = False
        if shared_get(&self.core) == 0:
            self.open()
        begun_in = generation
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
            if generation == begun_in:
                shared_enter(&section, <PyObject *>self)
                if begun:
                    shared_set(&self.thread_started, True)
                shared_set(&self.starter, 0)
                shared_leave(&section)
        return 0

    # -- what others ask --

    cdef bint on_callback_thread(self) noexcept:
        cdef unsigned long delivers = shared_get(&self.callback_thread)
        return delivers == PyThread_get_thread_ident() and delivers != 0

    cdef list open_ports(self):
        cdef Port port
        cdef list found = []
        for reference in list(self.ports.values()):
            port = reference()
            if port is None or port.is_closed():
                continue
            if port.has_lost_its_loop():
                port.give_up()
            else:
                found.append(port)
        return found

    def report_refusals(self):
        """What was refused in callbacks, once."""
        if self.first_refused is not None and not self.refusals_reported:
            self.refusals_reported = True
            self.hooks.report_refusals(shared_read(&self.refused), self.first_refused)

    def left(self):
        """Operations accepted and not yet called back; which of them is under way, as
        {'action', 'params'} or None; and whether that is in its callback."""
        cdef mhq_engine *core = <mhq_engine *>shared_get(&self.core)
        cdef deliveries counts
        self.sum_counts(&counts)
        cdef uint64_t delivered = shared_read(&counts.delivered)   # first: no less is accepted
        cdef uint64_t accepted = self.count()["accepted"]
        cdef request *r
        cdef request kept
        cdef bint in_callback
        cdef int i
        if core == NULL:
            return 0, None, False
        shared_lock(&self.frees)
        r = <request *>shared_get(&self.counts.calling)
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

    cdef uint64_t under_way(self) noexcept:
        """Jobs accepted and not yet delivered."""
        cdef mhq_engine *core = <mhq_engine *>shared_get(&self.core)
        cdef uint64_t accepted, under_way = 0
        if core != NULL:
            mhq_totals(core, &accepted, &under_way)
        return under_way

    def pending(self):
        """Jobs accepted and not yet called back."""
        return self.under_way()

    # -- a forked child --

    cdef void forget_parent(self) noexcept:
        """In the child: the parent's engine is left alone, memory and all, for its threads are not
        here; a fresh one takes its place."""
        shared_forget(<PyObject *>self)
        self.delivering = self.stood_in_for = self.gave_up = self.refusals_reported = False
        self.begun = NULL   # the starter, which may not be here, has it
        self.aside = self.first_refused = None
        self.waiting = 0
        shared_forget_lock(&self.frees)
        shared_zero(&self.refused)
        shared_set(&self.core, 0)
        shared_set(&self.closed, False)
        shared_set(&self.thread_started, False)
        shared_set(&self.starter, 0)
        shared_set(&self.callback_thread, 0)
        shared_set(&self.thread_number, 0)
        self.at = self.collected = NULL
        forget_deliveries(&self.counts)
        forget_deliveries(&self.of_closed_ports)
        self.ports = {}
        if self.kept:
            self.kept = False
            Py_DECREF(self)

    # -- figures --

    cdef int sum_counts(self, deliveries *counts) except -1:
        cdef Port port
        cdef shared_section section
        memset(counts, 0, sizeof(deliveries))
        add_deliveries(counts, &self.counts)
        shared_enter(&section, <PyObject *>self)
        add_deliveries(counts, &self.of_closed_ports)
        shared_leave(&section)
        for reference in list(self.ports.values()):
            port = reference()
            if port is not None:
                add_deliveries(counts, &port.counts)
        return 0

    def count(self):
        cdef mhq_counters c
        cdef deliveries counts
        self.sum_counts(&counts)
        memset(&c, 0, sizeof(c))
        cdef mhq_engine *core = <mhq_engine *>shared_get(&self.core)
        if core != NULL:
            mhq_count(core, &c)
        return {
            "accepted": c.accepted,
            "completed": c.completed,
            "failed": c.failed + shared_read(&counts.late_failures),
            "cancelled": c.cancelled,
            "skipped": c.skipped,
            "callbacks": shared_read(&counts.callbacks),
            "callback_errors": shared_read(&counts.callback_errors),
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
            "unwritten_bytes": c.unwritten_bytes,
            "large_reads_copied": shared_read(&counts.copied),
            "large_reads_uncopied": shared_read(&counts.uncopied),
            "disk_overlaps": c.overlaps,
            "lookahead_files": c.lookahead_files,
            "lookahead_bytes": c.lookahead_bytes,
            "lookahead_passed_over": c.lookahead_passed_over,
            "lookahead_windows": c.lookahead_windows,
            "retries": c.retries,
        }


cdef list all_services():
    """Those that are started and have not come to rest."""
    cdef list found = []
    cdef shared_section section
    cdef PyObject *at
    cdef Service service
    shared_enter(&section, <PyObject *>SERVICES)
    at = first_service
    while at != NULL:
        if (<Service>at).kept:
            found.append(<Service>at)
        at = (<Service>at).next_service
    shared_leave(&section)
    return found


def services():
    return all_services()


def after_fork():
    """In the child. What the parent lent stays the child's copy to free."""
    global generation, ending
    cdef list ports = []
    cdef PyObject *at
    cdef Service service
    cdef Port port
    generation += 1
    note_fork()
    ending = False
    shared_forget(<PyObject *>OPLISTS)
    shared_forget(<PyObject *>SERVICES)
    shared_forget(<PyObject *>lent_views)
    shared_forget_lock(&spares)
    cdef list found = []
    cdef Seat seat = the_seat()
    if seat is not None:   # it may be in a callback of the parent's
        seat.service = None
    at = first_service
    while at != NULL:
        found.append(<Service>at)
        at = (<Service>at).next_service
    for service in found:
        for reference in list(service.ports.values()):
            port = reference()
            if port is not None:
                port.forget_parent()
        service.forget_parent()
    for view in list(lent_views.values()):
        view.release()
    lent_views.clear()
