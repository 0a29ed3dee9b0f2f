# Functions: the public ones, made from the table in _ops.py, and the way of a call's arguments.

cdef enum:
    MOST_ARGUMENTS = MAX_POSITIONAL + 2   # by position, of a function: oplist and callback too


cdef class Spec:
    """One public function: what it is called, what it takes, and which operation it stands for.

    Functions are made from specs at run time, as built-in functions with true names, signatures
    and docstrings: a call costs no Python frame, no tuple and no dictionary.
    """
    cdef Queue queue
    cdef bytes name
    cdef bytes doc
    cdef PyMethodDef definition
    cdef tuple names           # of the positional parameters, in order
    cdef tuple defaults        # of the last ones of those
    cdef Py_ssize_t wanted, required   # how many those are, and how many of them have no default
    cdef dict keywords         # the parameters that are keyword-only
    cdef const shape *asked    # the operation's own


# A built-in function is given its __self__ and nothing else, and only one whose __self__ is a
# module has a plain qualified name and pickles by it. So each function has an entry point of its
# own, which knows its kind; the core's table makes them.
cdef extern from *:
    """
    typedef PyObject *(*mhddq_call)(int, PyObject *const *, Py_ssize_t, PyObject *);
    static mhddq_call mhddq_enqueue, mhddq_append;
    #define ENTRY(prefix, KIND, name)                                                       \
        static PyObject *prefix##_##name(PyObject *self, PyObject *const *args,             \
                                         Py_ssize_t nargs, PyObject *kwnames)               \
        {                                                                                   \
            (void)self;                                                                     \
            return mhddq_##prefix(MHQ_##KIND, args, nargs, kwnames);                        \
        }
    #define X(KIND, name) ENTRY(enqueue, KIND, name) ENTRY(append, KIND, name)
    MHQ_OPS(X)
    #undef X
    static const PyCFunction mhddq_entries[2][MHQ_KINDS] = {
        {
    #define X(KIND, name) [MHQ_##KIND] = (PyCFunction)(void (*)(void))enqueue_##name,
        MHQ_OPS(X)
    #undef X
        },
        {
    #define X(KIND, name) [MHQ_##KIND] = (PyCFunction)(void (*)(void))append_##name,
        MHQ_OPS(X)
    #undef X
        },
    };
    """
    void *mhddq_enqueue
    void *mhddq_append
    PyCFunction mhddq_entries[2][MHQ_KINDS]

mhddq_enqueue = <void *>call_enqueue
mhddq_append = <void *>call_append

cdef list SPECS = [[None] * MHQ_KINDS, [None] * MHQ_KINDS]   # to enqueue, to append


cdef PyObject **parse(Spec spec, PyObject **args, Py_ssize_t nargs, PyObject *kwnames,
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
    cdef object name
    cdef More more
    for j in range(len(keywords)):
        name = keywords[j]
        i = place_of(spec, name)
        if i >= 0:
            if got[i] != NULL:
                raise TypeError("%s() got multiple values for argument '%s'"
                                % (spec.name.decode(), name))
            got[i] = values[j]
        elif name in spec.keywords:
            more = more_of(r)
            if more.passed is None:
                more.passed = {}
            # Under the table's own name: the caller's may be of a subclass of str.
            more.passed[(<Parameter>spec.keywords[name]).name] = <object>values[j]
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


cdef object call_enqueue(int kind, PyObject **args, Py_ssize_t nargs, PyObject *kwnames):
    """file_read(callback, filename, ...): into the queue."""
    cdef Spec spec = <Spec>(<list>SPECS[0])[kind]
    cdef PyObject *room[MOST_ARGUMENTS]
    cdef single *s = take_single()
    cdef bint accepted = False
    try:
        fill(&s.asked, spec.asked, parse(spec, args, nargs, kwnames, room, &s.asked), True)
        if s.asked.op.traversal != NULL:
            check_owner(&s.asked, spec.queue)
        mhq_job_init(&s.job, &s.asked.op)
        accepted = spec.queue.submit(&s.job, 1, &s.asked if s.asked.op.flags & LENT else NULL)
    finally:
        if not accepted:   # else it may have been called back and freed by now
            free_single(s)
    return accepted


cdef object call_append(int kind, PyObject **args, Py_ssize_t nargs, PyObject *kwnames):
    """oplist_file_read(oplist, callback, filename, ...): into a list."""
    cdef Spec spec = <Spec>(<list>SPECS[1])[kind]
    cdef PyObject *room[MOST_ARGUMENTS]
    cdef PyObject **got
    cdef Oplist oplist
    cdef request r
    memset(&r, 0, sizeof(request))
    try:
        got = parse(spec, args, nargs, kwnames, room, &r)
        oplist = the_oplist(<object>got[0])
        fill(&r, spec.asked, got + 1, False)
        oplist.append(&r)
    finally:
        let_go(&r)
    return None


def function(Queue queue not None, str name, str doc, str operation, bint in_oplist):
    """Makes a public function of an operation, whose row is there (`add_row`)."""
    cdef Spec spec = Spec.__new__(Spec)
    cdef int kind = OPERATIONS[operation]
    cdef Row row = <Row>ROWS[kind]
    cdef tuple first = ("oplist", "callback") if in_oplist else ("callback",)
    cdef Parameter p
    spec.queue = queue
    spec.name = name.encode()
    spec.names = tuple([sys.intern(n) for n in first + row.names])
    spec.defaults = tuple([p.default[0] for p in row.positional if p.default])
    spec.wanted = len(spec.names)
    spec.required = spec.wanted - len(spec.defaults)
    spec.keywords = row.keywords
    spec.asked = &SHAPES[kind]
    # "name(signature)\n--\n\ndoc" is how built-in functions tell their signature.
    spec.doc = ("%s(%s)\n--\n\n%s" % (name, signature_of(first, row), doc)).encode()
    spec.definition.ml_name = PyBytes_AS_STRING(spec.name)
    spec.definition.ml_meth = mhddq_entries[in_oplist][kind]
    spec.definition.ml_flags = METH_FASTCALL | METH_KEYWORDS
    spec.definition.ml_doc = PyBytes_AS_STRING(spec.doc)
    Py_INCREF(spec)   # for ever: the function points into it, and may outlive its module's reload
    SPECS[in_oplist][kind] = spec
    return PyCFunction_NewEx(&spec.definition, sys.modules["mhddq"], "mhddq")


cdef str signature_of(tuple first, Row row):
    cdef Parameter p
    shown = [*first, *[written(p) for p in row.positional]]
    if row.keywords:
        shown += ["*", *[written(p) for p in row.keywords.values()]]
    return ", ".join(shown)


cdef str written(Parameter p):
    return "%s=%r" % (p.name, p.default[0]) if p.default else p.name
