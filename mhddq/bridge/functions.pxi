# Functions and methods: the public ones, made from the table in _ops.py, and the way of a call's arguments.

cdef enum:
    MOST_ARGUMENTS = MAX_POSITIONAL + 2   # by position, of a function: oplist and callback too

# What stands for an operation: a function or method for each style and place.
cdef enum:
    AS_FUNCTION             # file_read(callback, ...)
    AS_LIST_FUNCTION        # oplist_file_read(oplist, callback, ...)
    AS_QUEUE_METHOD
    AS_PORT_METHOD
    AS_LIST_METHOD
    AS_FUTURE_FUNCTION      # futures.file_read(...)
    AS_FUTURE_METHOD        # queue.futures.file_read(...)
    AS_FUTURE_LIST_METHOD
    AS_AIO_FUNCTION         # aio.file_read(...)
    AS_AIO_METHOD           # queue.aio.file_read(...)
    AS_AIO_LIST_METHOD
    STYLES

# The parameters before the operation's own, and whether there is a control= behind.
cdef tuple FIRST = (("callback",), ("oplist", "callback"), ("callback",), ("callback",),
                    ("callback",), (), (), (), (), (), ())
cdef tuple TAKES_CONTROL = (True, False, True, True, False, True, True, False, True, True, False)


cdef class Spec:
    """One public function or method: what it is called, what it takes, and which operation it stands
    for.

    They are made from specs at run time, as built-in ones with true names, signatures and docstrings:
    a call costs no Python frame, no tuple and no dictionary.
    """
    cdef Service service       # of a function
    cdef bytes name
    cdef bytes doc
    cdef PyMethodDef definition
    cdef tuple names           # of the positional parameters, in order
    cdef tuple defaults        # of the last ones of those
    cdef Py_ssize_t wanted, required   # how many those are, and how many of them have no default
    cdef dict keywords         # the parameters that are keyword-only
    cdef bint takes_control
    cdef const shape *asked    # the operation's own


# A built-in function is given its __self__ and nothing else, and only one whose __self__ is a
# module has a plain qualified name and pickles by it. So each has an entry point of its own, which
# knows its kind; the core's table makes them.
cdef extern from *:
    """
    typedef PyObject *(*mhddq_call)(int, int, PyObject *, PyObject *const *, Py_ssize_t, PyObject *);
    static mhddq_call mhddq_calls[11];
    /* MHQ_##KIND is made in the first macro: Windows' headers have a FILE_CREATE of their own, which
     * would take the place of KIND on its way into a second one. */
    #define ENTRY(style, kind, name)                                                         \
        static PyObject *mhddq_entry_##style##_##name(PyObject *self, PyObject *const *args, \
                                                      Py_ssize_t nargs, PyObject *kwnames)   \
        {                                                                                    \
            return mhddq_calls[style](style, kind, self, args, nargs, kwnames);              \
        }
    #define AT(style, kind, name) \
        [style][kind] = (PyCFunction)(void (*)(void))mhddq_entry_##style##_##name,
    #define IN_EACH_STYLE(M, kind, name)                                                     \
        M(0, kind, name) M(1, kind, name) M(2, kind, name) M(3, kind, name)                  \
        M(4, kind, name) M(5, kind, name) M(6, kind, name) M(7, kind, name)                  \
        M(8, kind, name) M(9, kind, name) M(10, kind, name)
    #define X(KIND, name) IN_EACH_STYLE(ENTRY, MHQ_##KIND, name)
    MHQ_OPS(X)
    #undef X
    #define X(KIND, name) IN_EACH_STYLE(AT, MHQ_##KIND, name)
    static const PyCFunction mhddq_entries[11][MHQ_KINDS] = {MHQ_OPS(X)};
    #undef X
    """
    void *mhddq_calls[11]
    PyCFunction mhddq_entries[11][MHQ_KINDS]

mhddq_calls[AS_FUNCTION] = <void *>call_enqueue
mhddq_calls[AS_LIST_FUNCTION] = <void *>call_append
mhddq_calls[AS_QUEUE_METHOD] = <void *>call_enqueue
mhddq_calls[AS_PORT_METHOD] = <void *>call_enqueue
mhddq_calls[AS_LIST_METHOD] = <void *>call_append
mhddq_calls[AS_FUTURE_FUNCTION] = <void *>call_future
mhddq_calls[AS_FUTURE_METHOD] = <void *>call_future
mhddq_calls[AS_FUTURE_LIST_METHOD] = <void *>call_future_member
mhddq_calls[AS_AIO_FUNCTION] = <void *>call_operation
mhddq_calls[AS_AIO_METHOD] = <void *>call_operation
mhddq_calls[AS_AIO_LIST_METHOD] = <void *>call_operation_member

cdef PyObject *SPECS[STYLES][MHQ_KINDS]   # each is a Spec that lives for ever


cdef inline PyObject **parse(Spec spec, PyObject **args, Py_ssize_t nargs, PyObject *kwnames,
                      PyObject **got, request *r) except NULL:
    """The positional arguments of a vectorcall in the order of the spec's parameters: as they are,
    if all are given by position, else in `got`. Keyword-only ones go into the request."""
    cdef Py_ssize_t wanted = spec.wanted, i
    if nargs > wanted:
        raise TypeError("%s() takes %d positional arguments but %d were given"
                        % (spec.name.decode(), wanted, nargs))
    if nargs == wanted and kwnames == NULL:
        return args
    for i in range(nargs):
        got[i] = args[i]
    for i in range(nargs, wanted):
        got[i] = NULL
    if kwnames != NULL:
        take_keywords(spec, args + nargs, <tuple>kwnames, got, r)
    for i in range(wanted):
        if got[i] == NULL:
            if i < spec.required:
                raise TypeError("%s() missing required argument: '%s' (pos %d)"
                                % (spec.name.decode(), spec.names[i], i + 1))
            got[i] = <PyObject *>spec.defaults[i - spec.required]
    return got


cdef int take_keywords(Spec spec, PyObject **values, tuple keywords, PyObject **got,
                       request *r) except -1:
    cdef Py_ssize_t i, j
    cdef object name, known
    cdef More more
    for j in range(len(keywords)):
        name = keywords[j]
        known = spec.keywords.get(name)
        if known is not None:
            more = more_of(r)
            if more.passed is None:
                more.passed = {}
            # Under the table's own name: the caller's may be of a subclass of str.
            more.passed[(<Parameter>known).name] = <object>values[j]
            continue
        i = place_of(spec, name)
        if i >= 0:
            if got[i] != NULL:
                raise TypeError("%s() got multiple values for argument '%s'"
                                % (spec.name.decode(), name))
            got[i] = values[j]
        elif spec.takes_control and name == CONTROL:
            take_control(r, <object>values[j])
        else:
            raise TypeError("%s() got an unexpected keyword argument '%s'"
                            % (spec.name.decode(), name))
    return 0


cdef Py_ssize_t place_of(Spec spec, object name) except -2:
    """Among the positional parameters; -1: it is none of them."""
    cdef Py_ssize_t i
    for i in range(spec.wanted):
        if spec.names[i] is name:
            return i
    for i in range(spec.wanted):
        if PyUnicode_Compare(spec.names[i], name) == 0:
            return i
    return -1


cdef inline Spec spec_of(int style, int kind):
    return <Spec>SPECS[style][kind]


# -- callbacks --

cdef object call_enqueue(int style, int kind, PyObject *self, PyObject **args, Py_ssize_t nargs,
                         PyObject *kwnames):
    """A function of the module, or a method of a queue or port."""
    cdef Spec spec = spec_of(style, kind)
    cdef Service service
    cdef Port port = None
    if style == AS_FUNCTION:
        service = spec.service
    elif style == AS_QUEUE_METHOD:
        service = (<Queue>self).service
    else:
        port = <Port>self
        service = port.service
    cdef PyObject *slots[MOST_ARGUMENTS]
    cdef PyObject **got
    cdef single *s = take_single()
    cdef bint accepted = False
    try:
        got = parse(spec, args, nargs, kwnames, slots, &s.asked)
        take_callback(&s.asked, got[0])
        fill(&s.asked, spec.asked, got + 1, True)
        if s.asked.op.flags & WALKING:
            check_owner(&s.asked, service)
        mhq_job_init(&s.job, &s.asked.op)
        if port is not None or s.asked.more != NULL:
            if shared_get(&service.closed) or (port is not None and port.is_closed()):
                return False
            equip_single(service, s, port, control_of(&s.asked), NULL, NULL)
        accepted = submit(service, &s.job, 1, &s.asked if s.asked.op.flags & LENT else NULL,
                          port is None)
    finally:
        if not accepted:   # else it may have been called back and freed by now
            free_single(s)
    return accepted


cdef int equip_single(Service service, single *s, Port port, Control control, mhq_control *own,
                      mhq_fate *fate) except -1:
    """After mhq_job_init. control, or own: the future's."""
    if control is not None:
        own = control.now()
    if port is None and own == NULL and fate == NULL:
        return 0
    if s.asked.callback == <PyObject *>None:   # it is to be run in any case
        s.asked.op.looks = 0
    s.asked.op.flags |= EQUIPPED
    return equip(service, &s.job, port, own, fate)


# -- lists --

cdef object call_append(int style, int kind, PyObject *self, PyObject **args, Py_ssize_t nargs,
                        PyObject *kwnames):
    cdef Spec spec = spec_of(style, kind)
    cdef PyObject *slots[MOST_ARGUMENTS]
    cdef PyObject **got
    cdef Oplist oplist
    cdef request r
    memset(&r, 0, sizeof(request))
    try:
        got = parse(spec, args, nargs, kwnames, slots, &r)
        if style == AS_LIST_METHOD:
            oplist = <Oplist>self
        else:
            oplist = the_oplist(<object>got[0])
            got += 1
        take_callback(&r, got[0])
        fill(&r, spec.asked, got + 1, False)
        oplist.append(&r)
    finally:
        let_go(&r)
    return None


# -- futures --

cdef object call_future(int style, int kind, PyObject *self, PyObject **args, Py_ssize_t nargs,
                        PyObject *kwnames):
    cdef FutureBase future = new_future()
    cdef Spec spec = spec_of(style, kind)
    if style == AS_FUTURE_FUNCTION:
        enqueue_pending(future, spec.service, None, spec, args, nargs, kwnames)
    else:
        enqueue_pending(future, (<Futures>self).service, (<Futures>self).port, spec, args, nargs,
                        kwnames)
    return future


cdef int enqueue_pending(Pending pending, Service service, Port port, Spec spec, PyObject **args,
                         Py_ssize_t nargs, PyObject *kwnames) except -1:
    """pending: new. Raises RuntimeError where the queue is closed; then nothing has happened."""
    cdef single *s = take_single()
    cdef bint accepted = False
    cdef Control control
    try:
        fill_for(pending, &s.asked, spec, args, nargs, kwnames, True, service, port)
        mhq_job_init(&s.job, &s.asked.op)
        must_be_open(service, port)
        control = control_of(&s.asked)
        watch(pending, control)
        if control is None and spec.asked.lasts:
            pending.own_core = mhq_control_new(-1)
            if pending.own_core == NULL:
                raise MemoryError()
        equip_single(service, s, port, control, pending.own_core, pending.fate)
        accepted = submit(service, &s.job, 1, &s.asked if s.asked.op.flags & LENT else NULL,
                          port is None)
    finally:
        if not accepted:
            if pending.link is not None:
                pending.link.end()
            free_single(s)
    if not accepted:
        must_be_open(service, port)
        raise RuntimeError("the queue is closed")
    return 0


cdef int fill_for(Pending pending, request *r, Spec spec, PyObject **args, Py_ssize_t nargs,
                  PyObject *kwnames, bint lend, Service service, Port port) except -1:
    """A request whose end is delivered to `pending`."""
    cdef PyObject *slots[MOST_ARGUMENTS]
    cdef PyObject *decided[MOST_ARGUMENTS]
    cdef PyObject **got = parse(spec, args, nargs, kwnames, slots, r)
    cdef const shape *asked = spec.asked
    cdef Py_ssize_t i
    cdef Link link = linked(pending, service, port)
    pending.looks = asked.looks
    Py_INCREF(link)
    r.callback = <PyObject *>link
    r.op.flags |= FUTURE
    if asked.data >= 0 and asked.flag >= 0 and got[asked.flag] == <PyObject *>None:
        for i in range(asked.count):
            decided[i] = got[i]
        decided[asked.flag] = Py_False if isinstance(<object>got[asked.data], str) else Py_True
        got = decided
    fill(r, asked, got, lend)
    if r.op.flags & WALKING:
        check_owner(r, service)
    if r.op.flags & LENT:
        link.view = <object>r.held[1]
    if asked.path >= 0:
        link.path = <object>got[asked.path]
    if asked.path2 >= 0:
        link.path2 = <object>got[asked.path2]
    return 0


cdef object call_future_member(int style, int kind, PyObject *self, PyObject **args,
                               Py_ssize_t nargs, PyObject *kwnames):
    return member(<PendingList>self, new_future(), spec_of(style, kind), args, nargs, kwnames)


cdef object member(PendingList members, Pending pending, Spec spec, PyObject **args,
                   Py_ssize_t nargs, PyObject *kwnames):
    cdef request r
    memset(&r, 0, sizeof(request))
    try:
        fill_for(pending, &r, spec, args, nargs, kwnames, False, members.service, members.port)
        pending.own = members.control
        pending.looks = False   # it is never skipped: its failure is the list's
        members.gathered.append(&r)
        members.members.append(pending.link)
    finally:
        let_go(&r)
    return pending


# -- operations --

cdef object call_operation(int style, int kind, PyObject *self, PyObject **args, Py_ssize_t nargs,
                           PyObject *kwnames):
    cdef Spec spec = spec_of(style, kind)
    cdef Service service = (spec.service if style == AS_AIO_FUNCTION
                            else (<AioBase>self).service)
    cdef Operation operation = new_operation(port_here(service))
    enqueue_pending(operation, service, operation.server.port, spec, args, nargs, kwnames)
    return operation


cdef object call_operation_member(int style, int kind, PyObject *self, PyObject **args,
                                  Py_ssize_t nargs, PyObject *kwnames):
    cdef OperationList members = <OperationList>self
    return member(members, new_operation(members.server), spec_of(style, kind), args, nargs, kwnames)


# -- making them --

cdef Spec new_spec(str name, str doc, str operation, int style):
    cdef Spec spec = Spec.__new__(Spec)
    cdef int kind = OPERATIONS[operation]
    cdef Row row = <Row>ROWS[kind]
    cdef tuple first = <tuple>FIRST[style]
    cdef bint of_futures = style >= AS_FUTURE_FUNCTION
    cdef bint is_function = style in (AS_FUNCTION, AS_LIST_FUNCTION, AS_FUTURE_FUNCTION,
                                      AS_AIO_FUNCTION)
    cdef str shown_self = "" if is_function else "$self"
    cdef list positional = [shown_as(p, row, of_futures) for p in row.positional]
    spec.name = name.encode()
    spec.names = tuple([sys.intern(n) for n in first + row.names])
    spec.defaults = tuple([d[0] for _, d in positional if d])
    spec.wanted = len(spec.names)
    spec.required = spec.wanted - len(spec.defaults)
    spec.keywords = row.keywords
    spec.takes_control = TAKES_CONTROL[style]
    spec.asked = &SHAPES[kind]
    shown = [*([shown_self] if shown_self else []), *first, *[written(n, d) for n, d in positional]]
    keywords = [written((<Parameter>p).name, (<Parameter>p).default) for p in row.keywords.values()]
    if spec.takes_control:
        keywords.append("control=None")
    if keywords:
        shown += ["*", *keywords]
    # "name(signature)\n--\n\ndoc" is the form in which built-in functions have their signature.
    spec.doc = ("%s(%s)\n--\n\n%s" % (name, ", ".join(shown), doc)).encode()
    spec.definition.ml_name = PyBytes_AS_STRING(spec.name)
    spec.definition.ml_meth = mhddq_entries[style][kind]
    spec.definition.ml_flags = METH_FASTCALL | METH_KEYWORDS
    spec.definition.ml_doc = PyBytes_AS_STRING(spec.doc)
    Py_INCREF(spec)   # for ever: what is made of it points into it, and may outlive a reload
    SPECS[style][kind] = <PyObject *>spec
    return spec


cdef tuple shown_as(Parameter p, Row row, bint of_futures):
    """Name and default. In futures the data decides about `binary` of what writes."""
    if of_futures and row.asked.data >= 0 and p.takes == TAKES_FLAG and p.name == "binary":
        return p.name, (None,)
    return p.name, p.default


cdef str written(str name, tuple default):
    return "%s=%r" % (name, default[0]) if default else name


def function(Service service not None, str name, str doc, str operation, str style):
    """Makes a public function of an operation, whose row is there (`add_row`). style: '' (with a
    callback), 'oplist', 'futures' or 'aio'."""
    cdef Spec spec = new_spec(name, doc, operation, {
        "": AS_FUNCTION, "oplist": AS_LIST_FUNCTION, "futures": AS_FUTURE_FUNCTION,
        "aio": AS_AIO_FUNCTION}[style])
    cdef str module = "mhddq." + style if style in ("futures", "aio") else "mhddq"
    spec.service = service
    return PyCFunction_NewEx(&spec.definition, sys.modules[module], module)


def add_methods(str operation, str doc, str list_doc, str future_doc, str future_list_doc):
    """The methods of an operation, whose row is there."""
    cdef bint walks = (<Row>ROWS[OPERATIONS[operation]]).asked.gives == GIVES_ENTRIES
    for kind, style, text in ((Queue, AS_QUEUE_METHOD, doc), (Port, AS_PORT_METHOD, doc),
                              (Oplist, AS_LIST_METHOD, list_doc),
                              (Futures, AS_FUTURE_METHOD, future_doc),
                              (FutureList, AS_FUTURE_LIST_METHOD, future_list_doc)):
        if not walks or kind in (Queue, Port):
            add_method(kind, new_spec(operation, text, operation, style))
        elif kind is Futures:   # whose own method goes through the batches
            add_method(kind, new_spec("_" + operation, text, operation, style))


def add_aio_methods(str operation, str doc, str list_doc):
    """The methods of an operation for awaits, once those are asked for."""
    if (<Row>ROWS[OPERATIONS[operation]]).asked.gives != GIVES_ENTRIES:
        add_method(AioBase, new_spec(operation, doc, operation, AS_AIO_METHOD))
        add_method(OperationList, new_spec(operation, list_doc, operation, AS_AIO_LIST_METHOD))
    else:
        add_method(AioBase, new_spec("_" + operation, doc, operation, AS_AIO_METHOD))


cdef extern from *:
    """
    /* Where users find a type, in place of where it is made. */
    static void mhddq_set_name(PyObject *type, const char *name)
    {
        ((PyTypeObject *)type)->tp_name = name;
    }

    static int mhddq_add_method(PyObject *type, PyMethodDef *definition)
    {
        PyTypeObject *of = (PyTypeObject *)type;
        PyObject *made = PyDescr_NewMethod(of, definition);
        int failed = made == NULL || PyDict_SetItemString(of->tp_dict, definition->ml_name, made) < 0;
        Py_XDECREF(made);
        PyType_Modified(of);
        return failed ? -1 : 0;
    }

    static PyObject *mhddq_new_refused(PyObject *none, PyObject *args, PyObject *keywords)
    {
        PyErr_SetString(PyExc_TypeError, "__new__() of this type is not to be called: it would make"
                                         " an object without content");
        return NULL;
    }

    /* What Python code finds as the type's __new__; tp_new stays. */
    static int mhddq_refuse_new(PyObject *type)
    {
        static PyMethodDef refused = {"__new__", (PyCFunction)(void (*)(void))mhddq_new_refused,
                                      METH_VARARGS | METH_KEYWORDS, NULL};
        PyTypeObject *of = (PyTypeObject *)type;
        PyObject *made = PyCFunction_New(&refused, NULL);
        int failed = made == NULL || PyDict_SetItemString(of->tp_dict, "__new__", made) < 0;
        Py_XDECREF(made);
        PyType_Modified(of);
        return failed ? -1 : 0;
    }
    """
    void mhddq_set_name(object type, const char *name)
    int mhddq_add_method(object type, PyMethodDef *definition) except -1
    int mhddq_refuse_new(object type) except -1

mhddq_set_name(Queue, "mhddq.Queue")
mhddq_set_name(Port, "mhddq.Port")
mhddq_set_name(Control, "mhddq.Control")
mhddq_set_name(Oplist, "mhddq.Oplist")
mhddq_set_name(Handle, "mhddq.Handle")
mhddq_set_name(Futures, "mhddq.futures.Futures")
mhddq_set_name(FutureList, "mhddq.futures.FutureList")
mhddq_set_name(Operation, "mhddq.aio.Operation")
mhddq_set_name(OperationList, "mhddq.aio.OperationList")


cdef int add_method(object kind, Spec spec) except -1:
    return mhddq_add_method(kind, &spec.definition)


# Without their fields the methods of these would follow null pointers.
for _kind in (Queue, Port, Futures, FutureList, OperationList):
    mhddq_refuse_new(_kind)
