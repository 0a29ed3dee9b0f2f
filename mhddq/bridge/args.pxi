# args: what a callback is given, three dicts. On the thread that delivers.
#
# Making the dicts costs more than all the rest of a delivery. So where a callback has kept none of them
# they are filled anew for the next one that is ready: `spare`, of the taker's counts.
#
# Invariant: a spare is filled again only if nothing else refers to any of the three, and each has the keys
# that it was made with, in their order. All values are set anew. What a spare holds is let go before the next
# callback is called; no spare is kept where no callback is next.

cdef object new_text = str.__new__


cdef dict failed(object error):
    hide_own_frames(error)
    # As FailureText.of makes it, but without Python code, which could be interrupted here.
    text = new_text(FailureText, str(error) or type(error).__name__)
    text.error = error
    return {"exception": text}


cdef dict set_aside():
    """Arguments for a time without memory: to fill them in takes none."""
    cdef dict params = {"": None}
    del params[""]     # leaves its table, which has room for four
    return {"action": None, "result": False, "params": params, "output": failed(MemoryError())}


cdef dict args_from_aside(request *r, dict args):
    if args is None:
        return None
    cdef const shape *asked = &SHAPES[r.op.kind]
    try:
        args["action"] = <object>asked.action
        fill_parameters(asked, r, <dict>args["params"])
        return args
    except BaseException:
        return None


# A spare is used by a taker that adopts (see proven_adoptable): there is a GIL, and no debug hook or
# tracing looks at what is allocated.
cdef extern from *:
    """
    enum { MHDDQ_ARGS = 4, MHDDQ_MOST = 8 }; /* action, result, params, output; the most in one */

    /* The values of a dict that nothing else refers to; 0: it is not such a dict, or has other keys.
     * keys: in their order. */
    static int mhddq_values(PyObject *dict, PyObject *const *keys, Py_ssize_t n, PyObject **values)
    {
        Py_ssize_t at = 0, i;
        PyObject *key;
        if (!PyDict_CheckExact(dict) || Py_REFCNT(dict) != 1 || PyDict_GET_SIZE(dict) != n)
            return 0;
        for (i = 0; i < n; i++)
            if (!PyDict_Next(dict, &at, &key, &values[i]) || key != keys[i])
                return 0;
        return 1;
    }

    /* What was there goes to `old`: it is let go when everything is set, for finalisers may run. */
    static inline int mhddq_set(PyObject *dict, PyObject *key, PyObject *now, PyObject *value,
                                PyObject **old)
    {
        if (now == value)
            return 0;
        Py_INCREF(now);
        *old = now;
        return PyDict_SetItem(dict, key, value);
    }

    /* keys: of args. names, given: of params. name: of the output, or NULL: it has nothing.
     * 1: filled; 0: to be made anew. */
    static int mhddq_fill_again(PyObject *args, PyObject *const *keys, PyObject *action,
                                PyObject *const *names, PyObject *const *given, Py_ssize_t n,
                                PyObject *name, PyObject *value)
    {
        PyObject *in_args[MHDDQ_ARGS], *in_params[MHDDQ_MOST], *in_output = NULL;
        PyObject *old[2 + MHDDQ_MOST + 1] = {0};
        Py_ssize_t i;
        int failed;
        if (!mhddq_values(args, keys, MHDDQ_ARGS, in_args)
            || !mhddq_values(in_args[2], names, n, in_params)
            || !mhddq_values(in_args[3], &name, name != NULL, &in_output))
            return 0;
        failed = mhddq_set(args, keys[0], in_args[0], action, &old[0]);
        failed |= mhddq_set(args, keys[1], in_args[1], Py_True, &old[1]);
        for (i = 0; i < n; i++)
            failed |= mhddq_set(in_args[2], names[i], in_params[i], given[i], &old[2 + i]);
        if (name != NULL)
            failed |= mhddq_set(in_args[3], name, in_output, value, &old[2 + n]);
        for (i = 0; i < 2 + MHDDQ_MOST + 1; i++)
            Py_XDECREF(old[i]);
        if (failed)
            PyErr_Clear();
        return !failed;
    }

    /* Behind n names and values those of the keyword-only arguments. How many it are now; 0: too many. */
    static Py_ssize_t mhddq_add_passed(PyObject *passed, PyObject **names, PyObject **given,
                                       Py_ssize_t n)
    {
        Py_ssize_t at = 0;
        if (n + PyDict_GET_SIZE(passed) > MHDDQ_MOST)
            return 0;
        while (PyDict_Next(passed, &at, &names[n], &given[n]))
            n++;
        return n;
    }

    /* 1: the output holds nothing any more but its key, or True or False. */
    static int mhddq_empty_output(PyObject *args, PyObject *key, PyObject *name)
    {
        PyObject *output = PyDict_GetItemWithError(args, key), *value;
        if (output == NULL || !mhddq_values(output, &name, name != NULL, &value))
            return 0;
        return name == NULL || PyBool_Check(value) || PyDict_SetItem(output, name, Py_None) == 0;
    }
    """
    enum: MHDDQ_MOST
    bint mhddq_fill_again(PyObject *args, PyObject **keys, PyObject *action, PyObject **names,
                          PyObject **given, Py_ssize_t n, PyObject *name, PyObject *value) noexcept
    Py_ssize_t mhddq_add_passed(PyObject *passed, PyObject **names, PyObject **given,
                                Py_ssize_t n) noexcept
    bint mhddq_empty_output(PyObject *args, PyObject *key, PyObject *name) noexcept

cdef tuple ARGS_KEYS = tuple([sys.intern(_name) for _name in ("action", "result", "params", "output")])
cdef PyObject **args_keys = mhddq_items(<PyObject *>ARGS_KEYS)
cdef PyObject **output_keys = mhddq_items(<PyObject *>OUTPUT_KEYS)


cdef inline PyObject *output_key(uint8_t gives) noexcept:
    """NULL: the output is empty."""
    return NULL if gives == GIVES_NOTHING else output_keys[gives]


cdef bint is_next_called(mhq_run *next) noexcept:
    """Is a callback of an operation what is delivered next?"""
    cdef request *r
    if next == NULL or next.op == NULL:
        return False
    r = <request *>next.op
    return not r.op.flags & FUTURE and r.callback != <PyObject *>None


cdef inline void keep_args(deliveries *counts, request *r, mhq_run *run, PyObject *args) noexcept:
    """Takes over the reference. For the next one, if the callback has returned and kept nothing."""
    cdef uint8_t gives = SHAPES[r.op.kind].gives
    if (counts.adopts and counts.spare == NULL and Py_REFCNT(args) == 1 and run.error == 0
            and gives not in (GIVES_ENTRIES, GIVES_USAGE)
            and mhddq_empty_output(args, args_keys[3], output_key(gives))):
        counts.spare = args
    else:
        Py_XDECREF(args)


cdef inline void let_spare_go(deliveries *counts, mhq_run *next) noexcept:
    """Unless it is for the one that is delivered next, if any."""
    cdef PyObject *spare = counts.spare
    if spare != NULL and not is_next_called(next):
        counts.spare = NULL
        Py_XDECREF(spare)


cdef inline dict spare_filled(deliveries *counts, request *r, bint result, object value):
    """args of an operation that has succeeded; None: they are to be made."""
    cdef const shape *asked = &SHAPES[r.op.kind]
    cdef PyObject *spare = counts.spare
    cdef PyObject *given[MHDDQ_MOST]
    cdef PyObject *names[MHDDQ_MOST]
    cdef PyObject **keys = asked.keys
    cdef Py_ssize_t i, n = asked.count + 1
    cdef dict args
    counts.spare = NULL      # what runs meanwhile may deliver, too
    given[0] = r.callback
    for i in range(asked.count):
        given[i + 1] = r.given[i]
    if r.more != NULL and (<More>r.more).passed is not None:
        for i in range(n):
            names[i] = keys[i]
        keys = names
        n = mhddq_add_passed(<PyObject *>(<More>r.more).passed, names, given, n)
    if not result or n == 0 or asked.gives in (GIVES_ENTRIES, GIVES_USAGE):
        Py_XDECREF(spare)
        return None
    args = <dict>spare
    Py_XDECREF(spare)         # `args` has one of its own; it is given away for the time of this call
    return args if mhddq_fill_again(spare, args_keys, asked.action, keys, given, n,
                                    output_key(asked.gives), <PyObject *>value) else None


cdef object value_or_failure(deliveries *counts, request *r, mhq_run *run, bint *result):
    """Of what gives more than a flag, and of what failed; then what `output` is."""
    try:
        if run.error == 0:
            return value_of(counts, r, run)
    except BaseException as error:      # text that is no UTF-8, or no memory for the result
        result[0] = False
        return failed(error)
    return failed(failure_of(r, run))


cdef dict args_of(deliveries *counts, request *r, mhq_run *run):
    """What the callback is given; None where there is neither a callback nor a failure."""
    cdef const shape *asked = &SHAPES[r.op.kind]
    cdef bint result = run.error == 0
    cdef object value
    cdef dict args
    if (r.callback == <PyObject *>None and result
            and asked.gives not in (GIVES_DATA, GIVES_FILE)):
        return None
    if result and asked.gives == GIVES_EXISTS:   # without a try: nothing can fail late
        value = True if run.exists else False
    elif result and asked.gives == GIVES_NOTHING:
        value = None
    else:
        value = value_or_failure(counts, r, run, &result)
        if r.callback == <PyObject *>None and result:
            return None
    if counts.spare != NULL:
        args = spare_filled(counts, r, result, value)
        if args is not None:
            return args
    args = {"action": <object>asked.action, "result": result, "params": parameters_of(asked, r),
            "output": output_of(asked.gives, value) if result else value}
    if run.error == 0 and not result:
        shared_bump(&counts.late_failures)
    return args
