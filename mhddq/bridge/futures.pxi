# Futures: what Future (mhddq.futures) is made of. Whatever concurrent.futures looks at in one of its own
# is there under its name; but the condition is made only where something waits, or adds a callback:
# where there is none, a value is set by four stores.

cdef tuple STATES = ("PENDING", "FINISHED", "CANCELLED_AND_NOTIFIED")   # concurrent.futures' own

cdef object future_class = None        # mhddq.futures.Future, once that is imported
cdef object future_base = None         # concurrent.futures.Future
cdef object new_condition = None       # threading.Condition


def use_future_class(future, base, condition):
    """mhddq.futures makes itself known; so importing mhddq does not import it."""
    global future_class, future_base, new_condition
    future_class, future_base, new_condition = future, base, condition


cdef class FutureBase(Pending):
    """The fields of a Future, and what is quicker than concurrent.futures' own."""
    cdef object condition, callbacks, waiters

    def __init__(self):
        raise TypeError("futures are made by the functions of mhddq.futures and by queue.futures")

    cdef int settle(self, int state, object value, object error, object what) except -1:
        cdef shared_section section
        cdef bint quick
        shared_enter(&section, <PyObject *>self)
        quick = self.condition is None and shared_get(&self.state) == PENDING
        if quick:
            self.value = value
            self.error = error
            self.what = what
            shared_set(&self.state, state)
        shared_leave(&section)
        if not quick:
            self.settle_with_condition(state, value, error, what)
        self.unlink()
        return 0

    cdef int settle_with_condition(self, int state, object value, object error,
                                   object what) except -1:
        if self.condition is None:   # it has ended: by a cancel
            return 0
        with self.condition:
            if shared_get(&self.state) != PENDING:
                return 0
            self.value = value
            self.error = error
            self.what = what
            shared_set(&self.state, state)
            for waiter in self.waiters or ():
                if state == CANCELLED:
                    waiter.add_cancelled(self)
                elif error is not None:
                    waiter.add_exception(self)
                else:
                    waiter.add_result(self)
            self.condition.notify_all()
        if self.callbacks:
            self._invoke_callbacks()
        return 0

    cdef void forget_condition(self) noexcept:
        self.condition = self.callbacks = self.waiters = None

    cdef void forget_callbacks(self) noexcept:
        self.callbacks = None

    # -- what concurrent.futures looks at --

    @property
    def _condition(self):
        cdef shared_section section
        self.now()
        if self.condition is None:
            made = new_condition()
            shared_enter(&section, <PyObject *>self)
            if self.condition is None:
                self.condition = made
            shared_leave(&section)
        return self.condition

    @property
    def _state(self):
        return <object>STATES[self.now()]

    @property
    def _result(self):
        return self.value

    @property
    def _exception(self):
        return self.error

    @property
    def _waiters(self):
        if self.waiters is None:
            self.waiters = []
        return self.waiters

    @property
    def _done_callbacks(self):
        if self.callbacks is None:
            self.callbacks = []
        return self.callbacks

    # -- what users call --

    def cancel(self):
        """Cancels the operation.

        Returns: True if it never ran and never will. False if it has ended, or it runs: then it is
            asked to stop, and cancelled() shows in the end whether it was.
        Threads: any. Done-callbacks run in this one, where it is cancelled by this call.
        """
        return self.stop()

    def cancelled(self):
        """Whether the operation was cancelled: it never ran, or was stopped and undone."""
        return self.now() == CANCELLED

    def done(self):
        """Whether it has ended, cancelled or not."""
        return self.now() != PENDING

    def running(self):
        """Whether the operation is being run."""
        cdef mhq_state at
        if self.now() != PENDING or self.fate == NULL:
            return False
        at = mhq_fate_state(self.fate)
        return at == MHQ_RUNNING or at == MHQ_STOPPING

    def result(self, timeout=None):
        """The operation's value, waited for.

        timeout: seconds to wait at most; None: as long as it takes.
        Raises: the operation's error; concurrent.futures.CancelledError; TimeoutError; RuntimeError
            where it would wait for ever: in the thread that would have to deliver it, in a callback
            of its queue, of a member of a list that is not enqueued yet.
        """
        if self.now() == FINISHED and self.error is None:
            return self.value
        return self.asked_by(future_base.result, timeout)

    def exception(self, timeout=None):
        """The operation's error, waited for, or None. Raises: as result(), but for that."""
        if self.now() == FINISHED:
            self.asked = True
            return self.error
        return self.asked_by(future_base.exception, timeout)

    cdef object asked_by(self, method, timeout):
        cdef list waits
        self.asked = True
        if self.now() != PENDING:
            return method(self, timeout)
        self.refuse_to_wait_for_ever(timeout)
        waits = begin_waiting(the_seat())
        try:
            return method(self, timeout)
        finally:
            mark_waiting(waits, -1)

    cdef int refuse_to_wait_for_ever(self, timeout) except -1:
        if not self.enqueued:
            raise RuntimeError("the list of this operation has not been enqueued yet")
        if timeout is not None and timeout <= 0:
            return 0
        if self.port is None:
            if self.service.on_callback_thread():
                raise RuntimeError("a callback cannot wait for an operation that its own thread "
                                   "delivers")
        elif not self.port.closed_for_good and self.port.seat is the_seat():
            raise RuntimeError("this thread cannot wait for an operation that it has to deliver: "
                               "call deliver()")
        if is_calling(self.service):
            raise RuntimeError("a callback cannot wait for an operation of its own queue")
        return 0

    def add_done_callback(self, fn):
        """Has fn(future) called when the operation has ended, by the thread that delivers it; or at
        once where it has ended. Until then the future is kept."""
        cdef Link link = self.held_link()
        if not self.enqueued and self.now() == PENDING:
            raise RuntimeError("the list of this operation has not been enqueued yet")
        self.asked = True
        if link is not None and self.now() == PENDING:
            link.keep(self)
        future_base.add_done_callback(self, fn)
        if link is not None and self.now() != PENDING:
            link.keep(None)

    def set_running_or_notify_cancel(self):
        raise RuntimeError("the queue sets what becomes of the operation")

    def set_result(self, result):
        raise RuntimeError("the queue sets the operation's value")

    def set_exception(self, exception):
        raise RuntimeError("the queue sets the operation's error")


cdef extern from *:
    """
    static PyObject *mhddq_new(PyObject *type, PyObject *no_arguments)
    {
        return ((PyTypeObject *)type)->tp_new((PyTypeObject *)type, no_arguments, NULL);
    }
    """
    object mhddq_new(object type, object no_arguments)


cdef int load(str name) except -1:
    """Imports it, and raises what that raises; an import statement passes over it where the module is
    one that is loaded later."""
    __import__(name)
    getattr(sys.modules[name], "__all__", None)
    return 0


cdef FutureBase new_future():
    if future_class is None:
        load("mhddq.futures")   # which makes itself known
        if future_class is None:
            raise ImportError("mhddq.futures is just being imported")
    return <FutureBase>mhddq_new(future_class, ())
