//! Who runs an import statement, when somebody has replaced `builtins.__import__`.
//!
//! Debuggers, lazy importers and tests put a Python function there. Its frame then stands between the import
//! statement and the import system, and would be taken for the importer. The frame that really asks is the one
//! whose current instruction is `IMPORT_NAME`. Deliberately not here: the ordinary case (`frames`).

use std::ffi::CStr;

use pyo3::ffi;

use super::{PyCode_GetCode, PyFrame_GetBack, PyFrame_GetLasti, mark_of, pushes_at};
use crate::marks;
use crate::state::{Object, State};

/// `IMPORT_NAME` in `Include/opcode_ids.h` (3.13) and `Include/opcode.h` (3.11 and 3.12).
fn import_name(minor: u8) -> u8 {
    if minor >= 13 { 75 } else { 108 }
}

/// The mark's value of the frame that runs the innermost import statement, or of C code that imports; `None`
/// where no import statement is being run, only code that a module executes.
pub(super) fn importer(state: &State) -> Option<usize> {
    // SAFETY: the GIL is held; each frame is a strong reference that is released once left.
    unsafe {
        let mut frame = ffi::PyThreadState_GetFrame(ffi::PyThreadState_Get());
        let mut seen_importer = false;
        let mut result = None;
        while !frame.is_null() {
            if let Some(&unit) = pushes_at(frame.cast()).first() {
                result = Some(unit);
            } else {
                match mark_of(state, frame) {
                    // The import system's own frames come first; once more below an importer, they are
                    // loading a module whose code runs above.
                    None if seen_importer && is_import_system(frame) => {
                        ffi::Py_DECREF(frame.cast());
                        return None;
                    }
                    None => {}
                    Some(value) => {
                        seen_importer = true;
                        if is_at_import(frame) {
                            result = Some(value);
                        } else if is_module_body(frame) {
                            // Whoever loads this module stands below, with or without frames of importlib.
                            ffi::Py_DECREF(frame.cast());
                            return None;
                        }
                    }
                }
            }
            let back = PyFrame_GetBack(frame);
            ffi::Py_DECREF(frame.cast());
            if result.is_some() {
                ffi::Py_XDECREF(back.cast());
                return result;
            }
            frame = back;
        }
    }
    None
}

/// Whether a frame is running an import statement.
///
/// # Safety
/// `frame` is a live frame and the GIL is held.
pub(super) unsafe fn is_at_import(frame: *mut ffi::PyFrameObject) -> bool {
    // SAFETY: the caller vouches for the frame; the code's bytes are read within their length.
    unsafe {
        let at = PyFrame_GetLasti(frame);
        let code = ffi::PyFrame_GetCode(frame);
        let bytes = PyCode_GetCode(code);
        ffi::Py_DECREF(code.cast());
        let Ok(at) = usize::try_from(at) else {
            ffi::Py_XDECREF(bytes);
            return false;
        };
        let minor = pyo3::Python::attach(|py| py.version_info().minor);
        let opcode = (!bytes.is_null() && at < ffi::PyBytes_Size(bytes) as usize)
            .then(|| *ffi::PyBytes_AsString(bytes).cast::<u8>().add(at));
        ffi::Py_XDECREF(bytes);
        ffi::PyErr_Clear();
        opcode == Some(import_name(minor))
    }
}

/// Whether a frame runs importlib's bootstrap code, which is frozen and has no file.
///
/// # Safety
/// `frame` is a live frame and the GIL is held.
unsafe fn is_import_system(frame: *mut ffi::PyFrameObject) -> bool {
    // SAFETY: the caller vouches for the frame.
    unsafe { code_says(frame, c"co_filename", "<frozen importlib._bootstrap>") }
}

/// Whether a frame runs the body of a module, or code that `exec` was given.
///
/// # Safety
/// `frame` is a live frame and the GIL is held.
unsafe fn is_module_body(frame: *mut ffi::PyFrameObject) -> bool {
    // SAFETY: the caller vouches for the frame.
    unsafe { code_says(frame, c"co_name", "<module>") }
}

/// Whether an attribute of a frame's code is this text.
///
/// # Safety
/// `frame` is a live frame and the GIL is held.
unsafe fn code_says(frame: *mut ffi::PyFrameObject, attribute: &CStr, text: &str) -> bool {
    // SAFETY: the caller vouches for the frame; the text is borrowed from a reference that is released after.
    unsafe {
        let code: Object = ffi::PyFrame_GetCode(frame).cast();
        let said = ffi::PyObject_GetAttrString(code, attribute.as_ptr());
        ffi::Py_DECREF(code);
        let same = !said.is_null() && marks::text(said) == Some(text);
        ffi::Py_XDECREF(said);
        ffi::PyErr_Clear();
        same
    }
}
