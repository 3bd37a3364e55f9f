/* The resampling kernel. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, .m_name = "_kernel", .m_size = 0};

PyMODINIT_FUNC PyInit__kernel(void) { return PyModuleDef_Init(&module); }
