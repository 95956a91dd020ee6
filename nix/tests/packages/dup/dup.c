/* Says what the library says. */
#include <Python.h>

int value(void);

static PyObject *ask(PyObject *self, PyObject *none)
{
    return PyLong_FromLong(value());
}

static PyMethodDef methods[] = {{"value", ask, METH_NOARGS, 0}, {0}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "_dup", 0, -1, methods};

PyMODINIT_FUNC PyInit__dup(void)
{
    return PyModule_Create(&module);
}
