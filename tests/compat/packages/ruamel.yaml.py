"""Changes YAML and keeps its comments, and reads it with the C loader."""

OLD = ["ruamel.yaml==0.16.13", "ruamel.yaml.clib==0.2.12"]
NEW = ["ruamel.yaml==0.18.16", "ruamel.yaml.clib==0.2.14"]
CODE = "C, Cython"

import io

from ruamel.yaml import YAML, version_info


def work():
    keeping = YAML()
    read = keeping.load("a: 1  # first\nb: [1, 2]  # second\n")
    read["a"] += 1
    read["c"] = {"d": "ü"}
    out = io.StringIO()
    keeping.dump(read, out)
    fast = YAML(typ="safe", pure=False)
    return [list(version_info), out.getvalue(), fast.load("x: {y: [1, 2]}"), fast.Parser.__name__]
