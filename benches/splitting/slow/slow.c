/* The module: one function that calls what was generated. */
#include <Python.h>

unsigned long all(unsigned long);

static PyObject *call(PyObject *self, PyObject *none)
{
    return PyLong_FromUnsignedLong(all(5));
}

static PyMethodDef methods[] = {{"call", call, METH_NOARGS, 0}, {0}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "slow", 0, -1, methods};

PyMODINIT_FUNC PyInit_slow(void)
{
    return PyModule_Create(&module);
}
