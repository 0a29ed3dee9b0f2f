# Operations: what await is given. An Operation is started by its call; each await of it is an Awaiting,
# which to a task of asyncio is the future that the task waits for. So no future is made, and what is
# delivered goes to the task on one way.

cdef extern from *:
    """
    enum { MHDDQ_YIELDS, MHDDQ_RETURNS, MHDDQ_RAISES };
    static int (*mhddq_step)(PyObject *, PyObject **);

    static PySendResult mhddq_send(PyObject *self, PyObject *value, PyObject **result)
    {
        switch (mhddq_step(self, result)) {
        case MHDDQ_YIELDS:
            return PYGEN_NEXT;
        case MHDDQ_RETURNS:
            return PYGEN_RETURN;
        default:
            *result = NULL;
            return PYGEN_ERROR;
        }
    }

    static void mhddq_raise_value(PyObject *value)
    {
        if (value == Py_None)
            PyErr_SetNone(PyExc_StopIteration);
        else if (!PyTuple_Check(value) && !PyExceptionInstance_Check(value))
            PyErr_SetObject(PyExc_StopIteration, value);
        else { /* which it would be made of, or be taken for */
            PyObject *error = PyObject_CallOneArg(PyExc_StopIteration, value);
            if (error != NULL)
                PyErr_SetObject(PyExc_StopIteration, error);
            Py_XDECREF(error);
        }
    }

    static PyObject *mhddq_next(PyObject *self)
    {
        PyObject *result = NULL;
        switch (mhddq_step(self, &result)) {
        case MHDDQ_YIELDS:
            return result;
        case MHDDQ_RETURNS:
            mhddq_raise_value(result);
            Py_DECREF(result);
            return NULL;
        default:
            return NULL;
        }
    }

    /* In place of what Cython has made, which costs a frame for each value. */
    static void mhddq_take_steps(PyObject *type, int (*step)(PyObject *, PyObject **))
    {
        mhddq_step = step;
        ((PyTypeObject *)type)->tp_iternext = mhddq_next;
        ((PyTypeObject *)type)->tp_as_async->am_send = mhddq_send;
        PyType_Modified((PyTypeObject *)type);
    }

    static void mhddq_raise(PyObject *error)
    {
        PyException_SetTraceback(error, Py_None); /* each await begins anew */
        PyErr_SetObject((PyObject *)Py_TYPE(error), error);
    }
    """
    enum: MHDDQ_YIELDS
    enum: MHDDQ_RETURNS
    enum: MHDDQ_RAISES
    void mhddq_take_steps(object type, int (*step)(PyObject *, PyObject **) noexcept)
    void mhddq_raise(object error)
    void mhddq_raise_value(object value)

cdef extern from "Python.h":
    int PyContext_Enter(object context)
    int PyContext_Exit(object context) except -1
    void PyErr_Clear()

cdef object awaits_in_trio = None      # mhddq.aio._trio.wait
cdef object new_scope = None           # anyio's CancelScope, once the program has imported that


def use_trio(wait):
    global awaits_in_trio
    awaits_in_trio = wait


cdef class Operation(Pending):
    """An operation that has been enqueued by the call that returned it. ``await`` gives its value or
    raises its error, any number of times.

    To the eye it is a coroutine: create_task(), TaskGroup, gather(), wait_for() and nurseries take
    it. control: the Control that was passed, else one of its own.

    Cancelling an await cancels the operation, and ends when it is known what became of it. One that
    is collected before it has started ends, if it only looks; what writes runs. A failure that was
    never asked for is reported on stderr when it is collected.
    """
    cdef LoopPort server
    cdef Awaiting first                # that waits
    cdef list others
    cdef dict driven                   # Awaitings, by the task that took this for a coroutine

    def __init__(self):
        raise TypeError("made by the functions of mhddq.aio and by queue.aio")

    cdef int settle(self, int state, object value, object error, object what) except -1:
        cdef shared_section section
        cdef Awaiting awaiting
        cdef list others
        cdef bint mine
        shared_enter(&section, <PyObject *>self)
        mine = shared_get(&self.state) == PENDING
        if mine:
            self.value = value
            self.error = error
            self.what = what
            shared_set(&self.state, state)
        awaiting = self.first
        others = self.others
        self.first = self.others = None
        shared_leave(&section)
        self.unlink()
        if awaiting is not None:
            awaiting.wake()
        if others is not None:
            for awaiting in others:
                awaiting.wake()
        return 0

    cdef bint note(self, Awaiting awaiting) except -1:
        """It waits from now on. False: this has ended."""
        cdef shared_section section
        cdef Link link = self.held_link()
        cdef bint noted
        shared_enter(&section, <PyObject *>self)
        noted = shared_get(&self.state) == PENDING
        if noted:
            self.server.count(1)
            if self.first is None:
                self.first = awaiting
            elif self.others is None:
                self.others = [awaiting]
            else:
                self.others.append(awaiting)
        shared_leave(&section)
        if noted and link is not None:
            link.keep(self)
        return noted

    cdef bint forget(self, Awaiting awaiting) except -1:
        """It waits no more. False: it did not."""
        cdef shared_section section
        cdef Link link = self.held_link()
        cdef bint found = True, last
        shared_enter(&section, <PyObject *>self)
        if self.first is awaiting:
            self.first = None
        elif self.others is not None and awaiting in self.others:
            self.others.remove(awaiting)
        else:
            found = False
        last = self.first is None and not self.others
        shared_leave(&section)
        if found:
            self.server.count(-1)
        if found and last and link is not None:
            link.keep(None)
        return found

    cdef int leave_alone(self) except -1:
        """It is not awaited any more: it ends if it has not started."""
        if self.now() == PENDING and (self.fate == NULL
                                      or mhq_fate_state(self.fate) == MHQ_QUEUED):
            self.stop()
        return 0

    def cancel(self):
        """Cancels the operation, whichever task awaits it.

        Returns: True if it never ran and never will. False if it has ended, or it runs: then it is
            asked to stop, and cancelled() reports it in the end.
        Threads: any.
        """
        return self.stop()

    def done(self):
        """Whether it has ended, cancelled or not. Threads: any."""
        return self.now() != PENDING

    def cancelled(self):
        """Whether it was cancelled: it never ran, or was stopped and undone. Threads: any."""
        return self.now() == CANCELLED

    def result(self):
        """The value of one that has ended.

        Raises: its error; Cancelled; RuntimeError where it has not ended.
        Threads: any.
        """
        if self.now() == PENDING:
            raise RuntimeError("the operation has not ended")
        self.asked = True
        if self.now() == CANCELLED:
            raise was_cancelled(self)
        if self.error is not None:
            raise self.error.with_traceback(None)
        return self.value

    def abandon_on_cancel(self):
        """Returns: an awaitable in place of this: cancelling it ends the wait at once. The operation is
        cancelled if it has not started; if it runs, it goes on."""
        return Abandoning(self)

    def __await__(self):
        return self.awaited(False)

    cdef object awaited(self, bint abandons):
        if not self.enqueued and self.now() == PENDING:
            raise RuntimeError("the list of this operation has not been enqueued yet")
        if self.server.in_trio:
            return awaits_in_trio(self, self.server, abandons).__await__()
        return awaiting_of(self, abandons)

    # -- a coroutine, to code that looks --

    cdef object driver(self):
        task = None
        if not self.server.in_trio and current_asyncio_task is not None:
            task = current_asyncio_task()
        if self.driven is None:
            self.driven = {}
        found = self.driven.get(task)
        if found is None:
            found = self.driven[task] = self.awaited(False)
        return found

    def send(self, value):
        return self.driver().send(value)

    def throw(self, kind, value=None, traceback=None):
        return self.driver().throw(exception_of(kind, value, traceback))

    def close(self):
        """What drives this as a coroutine does not go on. The operation runs all the same."""
        cdef dict driven = self.driven
        self.driven = None
        if driven is not None:
            for each in list(driven.values()):
                each.close()

    def __repr__(self):
        return "<mhddq.aio.Operation, %s>" % ("pending", "finished", "cancelled")[self.now()]


cdef object was_cancelled(Operation operation):
    """In a forked child no path is known."""
    if isinstance(operation.value, Link):
        return (<Link>operation.value).was_cancelled()
    return Cancelled(ECANCELED, os.strerror(ECANCELED))


cdef object exception_of(kind, value, traceback):
    """Of the arguments of throw()."""
    if isinstance(kind, type):
        if isinstance(value, kind):
            made = value
        else:
            made = kind() if value is None else kind(value)
    else:
        made = kind
    return made if traceback is None else made.with_traceback(traceback)


cdef class Abandoning:
    """What abandon_on_cancel() returns."""
    cdef Operation operation

    def __init__(self, Operation operation not None):
        self.operation = operation

    def __await__(self):
        return self.operation.awaited(True)


@cython.final
@cython.freelist(256)
cdef class Awaiting:
    """One await. To asyncio's tasks it is a future, with what they look at in one."""
    cdef Operation operation
    cdef object function, context      # what goes on with the task
    cdef object message                # of the cancellation
    cdef object scope                  # anyio's, that shields the wait for the outcome
    cdef bint abandons
    cdef bint cancelling               # its task was cancelled
    cdef bint woken
    cdef public bint _asyncio_future_blocking

    cdef int wake(self) except -1:
        if self.function is not None and not self.woken:
            self.woken = True
            self.operation.server.wake(self)
        return 0

    cdef int go_on(self) except -1:
        cdef object function = self.function, context = self.context
        if context is None:
            function(self)
        elif PyContext_Enter(context) < 0:   # loops that run one inside of another
            PyErr_Clear()
            self.operation.server.wake_later(function, self, context, True)
        else:
            try:
                PyObject_CallOneArg(function, self)
            finally:
                PyContext_Exit(context)
        return 0

    # -- a future, to a task --

    def get_loop(self):
        return self.operation.server.reference()

    def add_done_callback(self, function, *, context=None):
        self.function = function
        self.context = context
        self.woken = False
        if not self.operation.note(self) or (self.cancelling and self.abandons):
            self.operation.server.count(1)
            self.wake()

    def remove_done_callback(self, function):
        return 1 if self.operation.forget(self) else 0

    def done(self):
        return self.operation.now() != PENDING

    def cancelled(self):
        return False

    def result(self):
        """Asked by the task before it goes on: what there is to be raised is raised by the await."""
        return None

    def exception(self):
        return None

    def cancel(self, msg=None):
        """By its task, while that waits for it."""
        cdef bint first = not self.cancelling
        if self.operation.now() != PENDING:
            return False
        self.cancelling = True
        if not first:
            return True
        self.message = msg
        if self.abandons:
            self.operation.leave_alone()
            self.leave()
        elif not self.operation.stop() and self.operation.now() == PENDING and has_anyio():
            self.leave()   # and goes on waiting in a scope
        return True

    cdef int leave(self) except -1:
        if self.operation.forget(self):
            self.operation.server.count(1)
            self.wake()
        return 0

    # -- the await --

    cdef bint waits(self) except -1:
        if self.operation.now() != PENDING or (self.cancelling and self.abandons):
            if self.scope is not None:
                scope, self.scope = self.scope, None
                scope.__exit__(None, None, None)
            return False
        if self.cancelling and self.scope is None and has_anyio():
            # Its scopes cancel a task anew at each turn of the loop until it has left them.
            scope = new_scope(shield=True)
            scope.__enter__()
            self.scope = scope
        return True

    cdef int step(self, PyObject **result) noexcept:
        cdef Operation operation = self.operation
        try:
            if self.waits():
                self._asyncio_future_blocking = True
                Py_INCREF(self)
                result[0] = <PyObject *>self
                return MHDDQ_YIELDS
            self.function = self.context = None
            operation.asked = True
            error = self.to_raise()
        except BaseException as raised:
            error = raised
        if error is not None:
            mhddq_raise(error)
            return MHDDQ_RAISES
        Py_INCREF(operation.value)
        result[0] = <PyObject *>operation.value
        return MHDDQ_RETURNS

    cdef object to_raise(self):
        if self.cancelling:
            cancelled_error = sys.modules["asyncio"].CancelledError
            return cancelled_error() if self.message is None else cancelled_error(self.message)
        if self.operation.now() == CANCELLED:
            return was_cancelled(self.operation)
        return self.operation.error

    def __await__(self):
        return self

    def __iter__(self):
        return self

    def __next__(self):
        raise NotImplementedError   # see mhddq_take_steps

    def send(self, value):
        cdef PyObject *result = NULL
        cdef int did = self.step(&result)
        if did == MHDDQ_RAISES:
            raise_again()
        got = <object>result
        Py_DECREF(got)
        if did == MHDDQ_RETURNS:
            raise StopIteration(got)
        return got

    def throw(self, kind, value=None, traceback=None):
        error = exception_of(kind, value, traceback)
        if (isinstance(error, sys.modules["asyncio"].CancelledError) and not self.abandons
                and self.operation.now() == PENDING):
            self.cancelling = True
            self.message = error.args[0] if error.args else None
            self.operation.stop()
            if self.waits():
                self._asyncio_future_blocking = True
                return self
        else:
            if self.abandons:
                self.operation.leave_alone()
            self.cancelling = self.abandons = True
            self.waits()
        self.operation.forget(self)
        self.operation.asked = True
        raise error

    def close(self):
        self.operation.forget(self)
        self.function = self.context = None


cdef extern from *:
    """
    static PyObject *mhddq_raise_again(void) { return NULL; }
    """
    object raise_again "mhddq_raise_again"()


cdef int step_of(PyObject *awaiting, PyObject **result) noexcept:
    return (<Awaiting>awaiting).step(result)

mhddq_take_steps(Awaiting, step_of)


cdef Awaiting awaiting_of(Operation operation, bint abandons):
    cdef Awaiting made = Awaiting.__new__(Awaiting)
    made.operation = operation
    made.abandons = abandons
    return made


cdef bint has_anyio() except -1:
    global new_scope
    if new_scope is None:
        new_scope = getattr(sys.modules.get("anyio"), "CancelScope", None)
    return new_scope is not None


cdef Operation new_operation(LoopPort server):
    cdef Operation made = Operation.__new__(Operation)
    made.server = server
    return made


# -- for trio --

def await_with(Operation operation not None, function):
    """Has function(awaiting) called when it has ended. Returns the Awaiting, to be closed; None: it
    has."""
    cdef Awaiting awaiting = awaiting_of(operation, False)
    awaiting.function = function
    if not operation.enqueued and operation.now() == PENDING:
        raise RuntimeError("the list of this operation has not been enqueued yet")
    return awaiting if operation.note(awaiting) else None


def leave_alone(Operation operation not None):
    operation.leave_alone()
