"""Writes and reads named arrays, and refuses a damaged file."""

OLD = ["safetensors==0.3.3", "numpy==1.26.4"]
NEW = ["safetensors==0.7.0", "numpy==2.3.5"]
CODE = "Rust"

import tempfile

import safetensors


def work():
    import numpy as np
    from importlib.metadata import version
    from safetensors.numpy import load, save, save_file

    content = save({"a": np.arange(6.0).reshape(2, 3), "b": np.ones(2, "int8")})
    with tempfile.TemporaryDirectory() as folder:
        save_file(load(content), f"{folder}/x.safetensors")
        with safetensors.safe_open(f"{folder}/x.safetensors", "numpy") as file:
            part = file.get_slice("a")[:, 1:2].tolist()
    try:
        load(content[:20])
    except Exception as error:
        wrong = type(error).__name__
    return [version("safetensors"), part, sorted(load(content)), wrong]
