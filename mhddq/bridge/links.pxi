# Links: the way from a job to the object that is notified of its end. The object is held weakly, unless
# something waits for it: where it is collected before its operation has started, and that only looks,
# the operation is skipped.
#
# The taker ends a link, any thread cancels by it, and where there is no GIL they may do so at once: what
# they take from it they take in a section, and only one of them finds it. A thread that calls a method of
# a link holds a reference of its own, for the end takes the link from its Pending.

cdef enum:
    # What became of it, as concurrent.futures has it.
    PENDING
    FINISHED
    CANCELLED


cdef class Pending:
    """The end of an operation, before and after it is there: what Future is made of (mhddq.futures),
    and what other styles may be. An object of a subclass: it sets its own value or error.

    A subclass defines how by `settle`, which is called once, by the taker, or by the thread that
    cancels.
    """
    cdef mhq_fate *fate
    cdef Link link
    cdef Service service
    cdef Port port                     # None: the queue's own
    cdef Control own                   # the control that was passed, or made at its first use
    cdef mhq_control *own_core         # what that is made of
    cdef unsigned long generation
    cdef bint looks
    cdef bint enqueued                 # else it is a member of a list that is still being filled
    cdef bint asked
    cdef shared_word state             # released after value and error
    cdef object value, error           # the error, where it ended with one; value: of one that was
                                       # cancelled the Link, which knows its paths
    cdef object what                   # of one that failed: what reports name it by
    cdef object __weakref__

    cdef int settle(self, int state, object value, object error, object what) except -1:
        raise NotImplementedError

    cdef int now(self) noexcept:
        """Its state; in a child of the process that it is of it is found cancelled."""
        if shared_get(&self.state) == PENDING and self.generation != generation:
            shared_set(&self.state, CANCELLED)
            self.unlink()
            self.forget_condition()
        return <int>shared_get(&self.state)

    cdef Link held_link(self):
        cdef shared_section section
        cdef Link link
        shared_enter(&section, <PyObject *>self)
        link = self.link
        shared_leave(&section)
        return link

    cdef void unlink(self) noexcept:
        """The link is freed outside of the section: a view may be the last thing that it has."""
        cdef shared_section section
        cdef Link link
        shared_enter(&section, <PyObject *>self)
        link = self.link
        self.link = None
        shared_leave(&section)

    cdef bint stop(self) except -1:
        """Cancels it. True: it never ran and never will."""
        cdef Link link
        if self.now() != PENDING:
            return self.now() == CANCELLED
        link = self.held_link()
        return link is not None and link.cancel()

    cdef void forget_condition(self) noexcept:
        pass

    cdef void forget_callbacks(self) noexcept:
        """Its port is closed: what would have been called there is not called."""
        pass

    def __del__(self):
        if self.fate == NULL or self.generation != generation:
            return
        if shared_get(&self.state) == PENDING:
            if self.looks:
                mhq_skip(self.fate)
        elif self.error is not None and not self.asked and self.what is not None:
            attempt(self.service.hooks, "failed_unasked", self.what, self.error)

    def __dealloc__(self):
        if self.generation != generation:
            return
        if self.fate != NULL:
            mhq_fate_drop(self.fate)
        if self.own_core != NULL:
            mhq_control_drop(self.own_core)

    @property
    def control(self):
        """The Control that was passed, or one of its own. That of an operation which is done in one
        step cancels it, and has no figures."""
        cdef Control made
        cdef Link link
        if self.own is None:
            made = Control.__new__(Control)
            made.links = {}
            made.interval = 0.1
            if self.own_core != NULL and self.generation == generation:
                made.adopt(self.own_core)
                self.own_core = NULL
            else:
                made.make()
            note_control(made)
            link = self.held_link()
            if link is not None and self.now() == PENDING:
                made.links[id(link)] = link
            self.own = made
        return self.own

    def __reduce__(self):
        raise TypeError("what an operation will give cannot be pickled or copied")


@cython.final
@cython.freelist(256)
cdef class Link:
    """Between a job and a Pending."""
    cdef mhq_fate *fate                # a reference, for the list that has the operation
    cdef unsigned long generation
    cdef object weak                   # a weak reference to it
    cdef object strong                 # the same, while something waits for it
    cdef object view                   # of the caller's buffer, while it is lent
    cdef Control control               # in whose `links` it is
    cdef object path, path2            # what the operation was given, for the text of a cancellation
    cdef bint ended

    def __dealloc__(self):
        if self.fate != NULL and self.generation == generation:
            mhq_fate_drop(self.fate)

    cdef object target(self):
        cdef shared_section section
        cdef object found
        shared_enter(&section, <PyObject *>self)
        found = self.strong
        shared_leave(&section)
        return found if found is not None else self.weak()

    cdef void keep(self, object pending) noexcept:
        """Something waits for it from now on; None: no more."""
        cdef shared_section section
        cdef object before
        shared_enter(&section, <PyObject *>self)
        before = self.strong
        if not self.ended:
            self.strong = pending
        shared_leave(&section)

    cdef object end(self):
        """Returns: the view of the caller's buffer, if there is one and the other did not take it."""
        cdef shared_section section
        cdef object strong, view
        cdef Control control
        shared_enter(&section, <PyObject *>self)
        self.ended = True
        strong, view, control = self.strong, self.view, self.control
        self.strong = self.view = self.control = None
        shared_leave(&section)
        if control is not None:
            control.links.pop(id(self), None)
        return view

    cdef bint cancel(self) except -1:
        """True: it never runs, and has ended now."""
        cdef Pending pending = self.target()
        cdef mhq_engine *core
        if pending is None or pending.now() != PENDING or pending.fate == NULL:
            return False
        core = <mhq_engine *>shared_get(&pending.service.core)
        if core == NULL or not (mhq_cancel(core, pending.fate)
                                or mhq_fate_state(pending.fate) == MHQ_CANCELLED):
            return False
        view = self.end()
        if view is not None:   # the data is the caller's again
            try:
                view.release()
            except BufferError:   # code has found the view, and exports it
                pass
        pending.settle(CANCELLED, self, None, None)
        return True

    cdef object was_cancelled(self):
        """The error of an operation that was cancelled, which names what it was about."""
        error = Cancelled(ECANCELED, os.strerror(ECANCELED), shown_path(self.path))
        if self.path2 is not None:
            error.filename2 = shown_path(self.path2)
        return error


cdef object shown_path(given):
    """The path, or the name of a Handle and of a file."""
    if given is None or isinstance(given, (str, bytes)):
        return given
    if hasattr(type(given), "__fspath__"):
        return PyOS_FSPath(given)
    return getattr(given, "name", None)


cdef Link linked(Pending pending, Service service, Port port):
    """Makes a new Pending ready to be enqueued."""
    cdef Link link = Link.__new__(Link)
    pending.fate = mhq_fate_new()
    if pending.fate == NULL:
        raise MemoryError()
    mhq_fate_hold(pending.fate)
    link.fate = pending.fate
    link.generation = generation
    pending.service = service
    pending.port = port
    pending.generation = generation
    pending.link = link
    link.weak = PyWeakref_NewRef(pending, NULL)
    return link
