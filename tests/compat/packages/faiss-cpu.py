"""Builds an exact and an inverted index, and searches both."""

OLD = ["faiss-cpu==1.8.0", "numpy==1.26.4", "packaging==24.2"]
NEW = ["faiss-cpu==1.12.0", "numpy==2.3.5"]
CODE = "C++ (SWIG)"

import faiss
import numpy as np


def work():
    data = np.random.default_rng(1).random((200, 16), dtype="float32")
    exact = faiss.IndexFlatL2(16)
    exact.add(data)
    inverted = faiss.index_factory(16, "IVF4,Flat")
    faiss.omp_set_num_threads(1)
    inverted.train(data)
    inverted.add(data)
    inverted.nprobe = 4
    distances, found = exact.search(data[:3], 2)
    return [
        faiss.__version__,
        found[:, 0].tolist(),
        round(float(distances[0, 1]), 5),
        inverted.search(data[:3], 2)[1].tolist() == found.tolist(),
        faiss.deserialize_index(faiss.serialize_index(exact)).ntotal,
    ]
