"""Writes and reads compressed, chunked and nested HDF5 data sets with attributes in memory."""

OLD = ["h5py==3.9.0", "numpy==1.26.4"]
NEW = ["h5py==3.15.1", "numpy==2.3.5"]
CODE = "C, Cython"

import io

import h5py
import numpy as np


def work():
    file = io.BytesIO()
    with h5py.File(file, "w") as out:
        data = out.create_dataset("a/b", data=np.arange(100).reshape(10, 10), chunks=(5, 5), compression="gzip")
        data.attrs["unit"] = "mü"
        out["names"] = np.array([b"x", b"yy"])
        out["link"] = h5py.SoftLink("/a/b")
    with h5py.File(io.BytesIO(file.getvalue())) as read:
        return [
            h5py.version.version,
            h5py.version.hdf5_version,
            read["link"][2:4, ::3].tolist(),
            read["a/b"].attrs["unit"],
            [name.decode() for name in read["names"]],
            [read["a/b"].compression, str(read["a/b"].dtype)],
        ]
