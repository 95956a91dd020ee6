/* One function, and the name of this file, which must not betray where it was compiled. */
#include <Python.h>

#ifdef GONE
int gone(void);
#else
#define gone() 1
#endif

static PyObject *answer(PyObject *self, PyObject *none)
{
    if (!gone())
        return NULL;
    return Py_BuildValue("is", ANSWER, __FILE__);
}

static PyMethodDef methods[] = {{"answer", answer, METH_NOARGS, 0}, {0}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "native", 0, -1, methods};

PyMODINIT_FUNC PyInit_native(void)
{
    return PyModule_Create(&module);
}
