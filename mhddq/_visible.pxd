# What users see of the bridge: no frame of its own in a traceback, and plain words for a callback that
# cannot be called back.

from cpython.object cimport PyObject

cdef extern from *:
    """
    enum mhddq_callback { MHDDQ_CALLABLE, MHDDQ_UNCALLABLE, MHDDQ_ASYNC };

    /* Whether it can be called back. Of an asynchronous function a call would make no more than a
     * coroutine or a generator, which nothing awaits. */
    static inline enum mhddq_callback mhddq_callback_kind(PyObject *callback)
    {
        if (Py_IS_TYPE(callback, &PyCFunction_Type))
            return MHDDQ_CALLABLE;
        if (Py_IS_TYPE(callback, &PyMethod_Type))
            callback = PyMethod_GET_FUNCTION(callback);
        if (Py_IS_TYPE(callback, &PyFunction_Type))
            return ((PyCodeObject *)PyFunction_GET_CODE(callback))->co_flags &
                           (CO_COROUTINE | CO_ASYNC_GENERATOR)
                       ? MHDDQ_ASYNC
                       : MHDDQ_CALLABLE;
        return PyCallable_Check(callback) ? MHDDQ_CALLABLE : MHDDQ_UNCALLABLE;
    }

    /* Is it a frame that Cython made for the bridge? */
    static int mhddq_is_own(PyTracebackObject *tb)
    {
        PyCodeObject *code = PyFrame_GetCode(tb->tb_frame);
        Py_ssize_t n = PyUnicode_GET_LENGTH(code->co_filename);
        int own = n > 4 && PyUnicode_READ_CHAR(code->co_filename, n - 4) == '.' &&
                  PyUnicode_READ_CHAR(code->co_filename, n - 3) == 'p' &&
                  (PyUnicode_READ_CHAR(code->co_filename, n - 2) == 'x' ||
                   PyUnicode_READ_CHAR(code->co_filename, n - 2) == 'y') &&
                  (PyUnicode_READ_CHAR(code->co_filename, n - 1) == 'i' ||
                   PyUnicode_READ_CHAR(code->co_filename, n - 1) == 'x');
        Py_DECREF(code);
        return own;
    }

    /* The frames below the bridge's: the user's __fspath__, or his callback. Borrowed. */
    static PyObject *mhddq_below_own(PyObject *tb)
    {
        while (tb != NULL && PyTraceBack_Check(tb) && mhddq_is_own((PyTracebackObject *)tb))
            tb = (PyObject *)((PyTracebackObject *)tb)->tb_next;
        return tb;
    }

    /* Every function that an exception leaves calls this. Those of the bridge that users call drop
     * all of the bridge's frames; the others add theirs, for Cython cannot do without. */
    static int mhddq_note_frame(PyFrameObject *frame, const char *function)
    {
        static const char *const doors[] = {
            "call_enqueue", "call_append", "call_future", "call_future_member", "call_operation",
            "call_operation_member", "send", "throw", "enqueue_oplist", "embed_oplist",
            "clear_oplist", "embed",
            "clear", "oplist", "port", "flush", "deliver", "close", "result", "exception",
            "__init__", "__enter__", "__exit__"};
        const char *dot = strrchr(function, '.');
        for (size_t i = 0; dot != NULL && i < sizeof doors / sizeof *doors; i++)
            if (strcmp(dot + 1, doors[i]) == 0) {
                PyObject *type, *value, *tb;
                PyErr_Fetch(&type, &value, &tb);
                PyObject *below = mhddq_below_own(tb);
                Py_XINCREF(below);
                Py_XDECREF(tb);
                PyErr_Restore(type, value, below);
                return 0;
            }
        return PyTraceBack_Here(frame);
    }
    #define PyTraceBack_Here(frame) mhddq_note_frame((PyFrameObject *)(frame), funcname)

    /* The same for one that was caught. */
    static void mhddq_hide_own(PyObject *exception)
    {
        PyObject *tb = PyException_GetTraceback(exception);
        PyObject *below = mhddq_below_own(tb);
        PyException_SetTraceback(exception, below != NULL ? below : Py_None);
        Py_XDECREF(tb);
    }
    """
    enum: MHDDQ_CALLABLE
    enum: MHDDQ_ASYNC
    int callback_kind "mhddq_callback_kind"(PyObject *callback)
    void hide_own_frames "mhddq_hide_own"(object exception)
