# Requests: one operation each, as Python handed it in, made into what the core reads.
#
# What they point into is the caller's own text, bytes or buffer: a request holds on to it until it
# is let go. A buffer is lent from `lend_buffer` to `give_back`.

cdef str LINE_END = os.linesep

# op.flags
cdef enum:
    PATH_BYTES = 1       # the first path was given as bytes: so errors name it as bytes
    PATH2_BYTES = 2
    LENT = 4             # held[1] is a view of the caller's buffer
    LENT_LATER = 8       # in a list: the data is exported each time the list is enqueued
    EQUIPPED = 16        # the job that contains it has a port, a fate or a control
    FUTURE = 32          # its end is delivered to a Link, which is its `callback`
    WALKING = 64         # held[1] is a Resume, whose traversal it has


@cython.final
@cython.freelist(256)
cdef class More:
    """What only some calls give: numbers, and keyword-only arguments. Never changes."""
    cdef mhq_numbers numbers
    cdef dict passed                 # the keyword-only arguments: the caller's own objects
    cdef Control control             # None: none is given


# One operation as Python handed it in. `op` comes first: a run's op is its request.
# Owner: the single job that contains it, or the segment of an oplist (then the references are
# borrowed from the segment's list).
cdef struct request:
    mhq_op op
    PyObject *callback               # or what else is notified of the end; see `flags`
    PyObject *given[MAX_POSITIONAL]  # the caller's own objects, in the table's order
    PyObject *held[2]                # what op's pointers lead into, where it is not in `given`;
                                     # of a refused operation held[0] is the exception
    PyObject *more                   # a More, or NULL

# Views of callers' buffers that accepted operations hold, so that a forked child, in which those
# never end, can give them back.
cdef dict lent_views = {}


cdef extern from *:
    """
    /* The text of the usual path, an exact str of ASCII without a null byte; NULL: it is another. */
    static inline const char *mhddq_plain_text(PyObject *given)
    {
        const char *text;
        if (!PyUnicode_CheckExact(given) || !PyUnicode_IS_COMPACT_ASCII(given))
            return NULL;
        text = (const char *)PyUnicode_1BYTE_DATA(given);
        return memchr(text, 0, (size_t)PyUnicode_GET_LENGTH(given)) == NULL ? text : NULL;
    }
    """
    const char *mhddq_plain_text(PyObject *given)


cdef object adopt_path(request *r, object given, const char **pointer, int slot, int is_bytes):
    """Points *pointer at the path in the file system's encoding. Returns None, or the exception
    that refuses the operation. Raises TypeError for what is no path, and what __fspath__ raises."""
    cdef object path
    if type(given) is str:
        path = given
    elif type(given) is Handle and slot == 0 and SHAPES[r.op.kind].takes == TAKES_FILE:
        adopt_handle(r, <Handle>given)
        return None
    elif slot == 0 and SHAPES[r.op.kind].takes == TAKES_FILE and hasattr(type(given), "_lend"):
        path = given._lend()   # a file of mhddq.aio.open()
        adopt_handle(r, path)
        Py_INCREF(path)
        r.held[0] = <PyObject *>path
        return None
    else:
        path = plain_path(r, given, slot)
    cdef Py_ssize_t size
    cdef const char *text
    if isinstance(path, bytes):
        r.op.flags |= is_bytes
        if WINDOWS:   # whose names are no bytes
            try:
                os.fsdecode(path)
            except UnicodeDecodeError as error:
                return error
    elif not PyUnicode_IS_ASCII(path):
        try:
            path = PyUnicode_EncodeFSDefault(path)
        except UnicodeEncodeError as error:
            return error
    if isinstance(path, bytes):
        text = PyBytes_AS_STRING(path)
        size = PyBytes_GET_SIZE(path)
    else:
        text = PyUnicode_AsUTF8AndSize(path, &size)   # ASCII: the text's own memory
    if memchr(text, 0, <size_t>size) != NULL:
        return ValueError("embedded null byte")
    pointer[0] = text
    if path is not given:
        Py_INCREF(path)
        r.held[slot] = <PyObject *>path
    return None


cdef object plain_path(request *r, object given, int slot):
    cdef const shape *asked = &SHAPES[r.op.kind]
    if not isinstance(given, (str, bytes)) and not hasattr(type(given), "__fspath__"):
        raise TypeError("%s must be str, bytes%s os.PathLike%s, not '%s'" % (
            positional_name(asked, asked.path2 if slot else asked.path),
            *((",", " or a Handle") if asked.takes == TAKES_FILE and slot == 0 else (" or", "")),
            type(given).__name__))
    return PyOS_FSPath(given)


cdef int adopt_handle(request *r, object given) except -1:
    cdef Handle handle
    if type(given) is not Handle:
        raise TypeError("%s must be a Handle, not '%s'" % (
            positional_name(&SHAPES[r.op.kind], SHAPES[r.op.kind].path), type(given).__name__))
    handle = <Handle>given
    r.op.handle = handle.lent()
    r.op.path = PyBytes_AS_STRING(handle.encoded)
    if isinstance(handle.name, bytes):
        r.op.flags |= PATH_BYTES
    return 0


cdef object adopt_text(request *r, object data):
    cdef Py_ssize_t size
    if r.op.options & MHQ_BINARY:
        return TypeError("binary mode needs bytes-like data, not '%s'" % type(data).__name__)
    cdef object encoded = data
    if LINE_END != "\n":
        data = str.replace(data, "\n", LINE_END)
    if data is not encoded or not PyUnicode_IS_ASCII(data):
        try:
            encoded = PyUnicode_AsUTF8String(data)
        except UnicodeEncodeError as error:
            return error
        Py_INCREF(encoded)
        r.held[1] = <PyObject *>encoded
        r.op.data = PyBytes_AS_STRING(encoded)
        r.op.size = <size_t>PyBytes_GET_SIZE(encoded)
    else:
        r.op.data = PyUnicode_AsUTF8AndSize(data, &size)
        r.op.size = <size_t>size
    return None


cdef object lend_buffer(request *r, object data):
    """Exports the caller's buffer until give_back. Returns None, or the exception that refuses."""
    cdef object view
    try:
        view = PyMemoryView_FromObject(data)
    except (BufferError, ValueError) as error:   # ValueError: a memoryview that was released
        return error
    cdef Py_buffer *buffer = PyMemoryView_GET_BUFFER(view)
    if not PyBuffer_IsContiguous(buffer, b'C'):
        return BufferError("the data's memory is not C-contiguous")
    if SHAPES[r.op.kind].gives == GIVES_LENGTH:
        if buffer.readonly:   # in a list: what was writable when it was added
            return BufferError("the buffer is read-only")
        r.op.room = <char *>buffer.buf
    else:
        r.op.data = <const char *>buffer.buf
        if buffer.len == 0:
            r.op.data = b""   # an empty buffer need not have a place
    r.op.size = <size_t>buffer.len
    Py_INCREF(view)
    r.held[1] = <PyObject *>view
    r.op.flags |= LENT
    return None


cdef void note_lent(request *r) noexcept:
    """The operation is about to be the core's, or the request is held here. Cannot fail: without
    memory for the note a forked child merely keeps the view."""
    try:
        lent_views[<uintptr_t>r.held[1]] = <object>r.held[1]
    except MemoryError:
        pass


cdef void forget_lent(request *r) noexcept:
    try:
        lent_views.pop(<uintptr_t>r.held[1], None)
    except MemoryError:   # the note keeps the view until the process forks
        pass


cdef void give_back(request *r) noexcept:
    if r.op.flags & LENT:
        forget_lent(r)
        try:
            (<object>r.held[1]).release()
        except BaseException:   # other code has found the view, and exports it
            pass
        r.op.flags &= ~LENT


cdef object adopt_data(request *r, object data, bint lend):
    """`lend`: export a buffer now; a list's operations do so when the list is enqueued."""
    if SHAPES[r.op.kind].gives == GIVES_LENGTH:
        return adopt_room(r, data, lend)
    if isinstance(data, str):
        return adopt_text(r, data)
    if not PyObject_CheckBuffer(data):
        raise TypeError("data must be str or a bytes-like object, not '%s'" % type(data).__name__)
    if not r.op.options & MHQ_BINARY:
        return TypeError("text mode needs str data, not '%s'" % type(data).__name__)
    if isinstance(data, bytes):
        r.op.data = PyBytes_AS_STRING(data)
        r.op.size = <size_t>PyBytes_GET_SIZE(data)
        return None
    if lend:
        return lend_buffer(r, data)
    r.op.flags |= LENT_LATER
    return None


cdef object adopt_room(request *r, object buffer, bint lend):
    if not PyObject_CheckBuffer(buffer) or PyMemoryView_GET_BUFFER(memoryview(buffer)).readonly:
        raise TypeError("buffer must be a writable bytes-like object, not '%s'"
                        % type(buffer).__name__)
    if lend:
        return lend_buffer(r, buffer)
    r.op.flags |= LENT_LATER
    return None


cdef str positional_name(const shape *asked, Py_ssize_t place):
    return (<Parameter>(<Row>ROWS[asked.kind]).positional[place]).name


cdef int truth(object given, str name) except -1:
    """Of a flag: True and False, and 1 and 0. Anything else is a mistake more often than meant."""
    if given is True or given is False:
        return given is True
    if type(given) is int and (given == 0 or given == 1):
        return given == 1
    raise TypeError("%s must be True or False, not %s" % (
        name, given if type(given) is int else "'%s'" % type(given).__name__))


cdef More more_of(request *r):
    """What only some calls have, made when it is needed."""
    cdef More more
    if r.more == NULL:
        more = More.__new__(More)
        Py_INCREF(more)
        r.more = <PyObject *>more
    return <More>r.more


cdef object take_more(request *r, const shape *asked, PyObject **got):
    """Numbers and keyword-only arguments. Returns None, or the exception that refuses."""
    cdef Row row = <Row>ROWS[asked.kind]
    cdef More more = more_of(r)
    cdef Parameter p
    cdef object refusal = None, why
    cdef Py_ssize_t i
    more.numbers = row.numbers
    if asked.numbers != NULL:
        r.op.numbers = &more.numbers
    for i in range(asked.count):
        p = <Parameter>row.positional[i]
        if p.is_numeric:
            why = take_numeric(more, p, <object>got[i])
            refusal = refusal if refusal is not None else why
    if more.passed is None:
        return refusal
    for name, given in more.passed.items():
        if name is CONTROL:
            continue
        p = <Parameter>row.keywords[name]
        if p.is_numeric:
            why = take_numeric(more, p, given)
            refusal = refusal if refusal is not None else why
        elif p.takes == TAKES_RESUME:   # when the path is known
            continue
        elif p.takes == TAKES_ON_ERROR:
            why = take_on_error(r, p, given)
            refusal = refusal if refusal is not None else why
        elif truth(given, p.name):
            r.op.options |= 1 << p.place
        else:
            r.op.options &= ~(<uint32_t>1 << p.place)
    if (refusal is None and asked.gives == GIVES_DATA and not r.op.options & MHQ_BINARY
            and (more.numbers.offset != 0 or more.numbers.length != MHQ_ABSENT)):
        return ValueError("offset and length count bytes: they need binary=True")
    return refusal


cdef object take_numeric(More more, Parameter p, object given):
    if p.takes == TAKES_MODE:
        return take_mode(more, given)
    if p.takes == TAKES_TIMES:
        return take_times(more, p.name, given)
    return take_number(more, p, given)


cdef object take_times(More more, str name, object given):
    """As os.utime has them: two of seconds, or, as `ns`, of nanoseconds."""
    cdef int64_t *field = &more.numbers.accessed
    if given is None:
        return None
    if not isinstance(given, tuple) or len(given) != 2:
        raise TypeError("%s must be a tuple of two numbers or None, not %s" % (
            name, "of %d" % len(given) if isinstance(given, tuple)
            else "'%s'" % type(given).__name__))
    if field[0] != MHQ_ABSENT:
        return ValueError("utime: you may specify either 'times' or 'ns' but not both")
    try:
        for time in given:
            if name == "ns":
                if not PyIndex_Check(time):
                    raise TypeError("ns must be a tuple of two whole numbers, not with a '%s'"
                                    % type(time).__name__)
                seconds, nanoseconds = divmod(PyNumber_Index(time), 1000000000)
            else:
                seconds, nanoseconds = floored(time)
            field[0], field[1] = seconds, nanoseconds
            field += 2
    except (OverflowError, ValueError) as error:
        return error
    return None


cdef tuple floored(object time):
    """Seconds and nanoseconds, rounded down in the very way of Python's own."""
    cdef double whole, part
    if PyIndex_Check(time):
        return PyNumber_Index(time), 0
    if not isinstance(time, float):
        raise TypeError("times must be a tuple of two numbers, not with a '%s'"
                        % type(time).__name__)
    if time != time:
        raise ValueError("Invalid value NaN (not a number)")
    part = floor(modf(time, &whole) * 1e9)
    if part >= 1e9:
        part -= 1e9
        whole += 1
    elif part < 0:
        part += 1e9
        whole -= 1
    return int(whole), <int64_t>part


cdef object take_mode(More more, object given):
    """The letters of open()."""
    cdef str letters, kinds
    cdef object known = modes_seen.get(given) if type(given) is str else None
    if known is not None:
        more.numbers.mode = known
        return None
    if not isinstance(given, str):
        raise TypeError("mode must be str, not '%s'" % type(given).__name__)
    letters = str.__str__(given)
    if len(set(letters)) < len(letters) or not set(letters) <= set("rwxabt+"):
        return ValueError("invalid mode: %r" % letters)
    if "t" in letters and "b" in letters:
        return ValueError("can't have text and binary mode at once")
    kinds = "".join([k for k in "rwxa" if k in letters])
    if len(kinds) != 1:
        return ValueError("must have exactly one of create/read/write/append mode")
    more.numbers.mode = OPEN_MODES[kinds]
    if "+" in letters:
        more.numbers.mode |= MHQ_OPEN_READS | MHQ_OPEN_WRITES
    modes_seen[letters] = more.numbers.mode
    return None


cdef dict modes_seen = {}   # the right ones, of which there are few: what take_mode makes of them

cdef dict OPEN_MODES = {
    "r": MHQ_OPEN_READS,
    "w": MHQ_OPEN_WRITES | MHQ_OPEN_CREATES | MHQ_OPEN_EMPTIES,
    "x": MHQ_OPEN_WRITES | MHQ_OPEN_CREATES | MHQ_OPEN_IS_FIRST,
    "a": MHQ_OPEN_WRITES | MHQ_OPEN_CREATES | MHQ_OPEN_APPENDS,
}


cdef object take_on_error(request *r, Parameter p, object given):
    if not isinstance(given, str):
        raise TypeError("%s must be 'stop' or 'continue', not '%s'" % (p.name, type(given).__name__))
    if given not in ("stop", "continue"):
        return ValueError("%s must be 'stop' or 'continue', not %r" % (p.name, given))
    if given == "continue":
        r.op.options |= 1 << p.place
    return None


cdef object take_number(More more, Parameter p, object given):
    cdef int64_t *field = <int64_t *>&more.numbers + p.place
    if given is None and p.is_absent_by_default:
        field[0] = MHQ_ABSENT
        return None
    if not PyIndex_Check(given):
        raise TypeError("%s must be int%s, not '%s'" % (
            p.name, " or None" if p.is_absent_by_default else "", type(given).__name__))
    given = PyNumber_Index(given)
    try:
        field[0] = given
    except OverflowError:
        return OverflowError("%s is beyond 64 bits" % p.name)
    if field[0] == MHQ_ABSENT:
        return OverflowError("%s is beyond 64 bits" % p.name)
    if p.name == "mode" and not -2147483648 <= field[0] <= 2147483647:   # what is left would be taken
        return OverflowError("mode is beyond 32 bits")
    return None


cdef str CONTROL = sys.intern("control")
cdef str CALLBACK = sys.intern("callback")


cdef int take_control(request *r, object given) except -1:
    """The keyword that every operation has."""
    cdef More more = more_of(r)
    more.control = the_control(given)
    if more.passed is None:
        more.passed = {}
    more.passed[CONTROL] = given
    return 0


cdef Control control_of(request *r):
    return None if r.more == NULL else (<More>r.more).control


cdef str why_not_called(object given, str name):
    if callback_kind(<PyObject *>given) == MHDDQ_ASYNC:
        return "%s must not be an async function: nothing would await what it returns" % name
    return "%s must be callable or None, not '%s'" % (name, type(given).__name__)


cdef inline int take_callback(request *r, PyObject *callback) except -1:
    if callback != <PyObject *>None and callback_kind(callback) != MHDDQ_CALLABLE:
        raise TypeError(why_not_called(<object>callback, "callback"))
    Py_XINCREF(callback)
    r.callback = callback
    return 0


cdef int fill(request *r, const shape *asked, PyObject **got, bint lend) except -1:
    """`got`: the positional parameters. r is zeroed, but for the callback and the keyword-only
    arguments, which are in it already. On an exception what was filled so far is to be let go
    by the caller."""
    cdef object refusal = None, why
    cdef Py_ssize_t i
    for i in range(asked.count):
        Py_XINCREF(got[i])
        r.given[i] = got[i]
    r.op.kind = asked.kind
    r.op.looks = asked.looks
    if asked.is_special:
        r.op.options = asked.options
        r.op.numbers = asked.numbers
        if asked.has_more:
            more_of(r)
    if asked.flag >= 0 and got[asked.flag] != Py_False:
        if (got[asked.flag] == Py_True
                or truth(<object>got[asked.flag], positional_name(asked, asked.flag))):
            r.op.options |= asked.flag_bit
    if asked.takes == TAKES_HANDLE:
        adopt_handle(r, <object>got[asked.path])
    else:
        r.op.path = mhddq_plain_text(got[asked.path])
        if r.op.path == NULL:
            refusal = adopt_path(r, <object>got[asked.path], &r.op.path, 0, PATH_BYTES)
    if asked.path2 >= 0:
        why = adopt_path(r, <object>got[asked.path2], &r.op.path2, 1, PATH2_BYTES)
        refusal = refusal if refusal is not None else why
    if asked.data >= 0:
        why = adopt_data(r, <object>got[asked.data], lend)
        refusal = refusal if refusal is not None else why
    if r.more != NULL:
        why = take_more(r, asked, got)
        refusal = refusal if refusal is not None else why
    if asked.gives == GIVES_FILE and refusal is None and not may_be_atomic(r):
        refusal = ValueError("atomic=True needs mode 'w' or 'x'")
    if asked.gives == GIVES_ENTRIES and refusal is None:
        refusal = take_walk(r)
    if refusal is None:
        return 0
    if asked.gives == GIVES_EXISTS:
        r.op.path = b""   # no such name can exist; with the empty path that is the result
        return 0
    refuse(r, refusal)
    return 0


cdef bint may_be_atomic(request *r) noexcept:
    return (not r.op.options & MHQ_ATOMIC
            or r.op.numbers.mode & (MHQ_OPEN_EMPTIES | MHQ_OPEN_IS_FIRST))


cdef object take_walk(request *r):
    cdef dict passed = (<More>r.more).passed if r.more != NULL else None
    if r.op.numbers.batch < 1:
        return ValueError("batch must be at least 1")
    return adopt_traversal(r, None if passed is None else passed.get("resume"))


cdef int refuse(request *r, object why) except -1:
    give_back(r)
    if r.op.flags & WALKING:
        give_traversal_back(r)
    Py_XDECREF(r.held[0])
    Py_XDECREF(r.held[1])
    r.held[1] = NULL
    Py_INCREF(why)
    r.held[0] = <PyObject *>why
    r.op.refused = 1
    r.op.path = b""
    return 0


cdef void let_go(request *r) noexcept:
    """Drops what the request holds. Finalisers may run, and do anything."""
    cdef int i
    if r.op.flags & LENT:
        give_back(r)
    if r.op.flags & WALKING:
        give_traversal_back(r)
    for i in range(2):
        Py_XDECREF(r.held[i])
    for i in range(MAX_POSITIONAL):
        Py_XDECREF(r.given[i])
    Py_XDECREF(r.more)
    Py_XDECREF(r.callback)


cdef inline dict parameters_of(const shape *asked, request *r):
    """What was passed, by name, and the defaults of positional parameters. The names are the table's
    in any case; keyword-only ones are there only where they were passed."""
    return fill_parameters(asked, r, {})


cdef inline dict fill_parameters(const shape *asked, request *r, dict params):
    cdef Py_ssize_t i
    if not r.op.flags & FUTURE:
        PyDict_SetItem(<PyObject *>params, <PyObject *>CALLBACK, r.callback)
    for i in range(asked.count):
        PyDict_SetItem(<PyObject *>params, PyTuple_GET_ITEM(asked.names, i), r.given[i])
    if r.more != NULL and (<More>r.more).passed is not None:
        params.update((<More>r.more).passed)
    return params
