"""Reads and writes YAML with the C and the Python loaders, with anchors, tags and dates."""

OLD = ["pyyaml==6.0"]
NEW = ["pyyaml==6.0.3"]
CODE = "C, Cython"

import yaml

TEXT = "a: &x [1, 2.5, yes]\nb: *x\nday: 2024-02-29\npoint: !point {x: 1}\n"


class Loader(yaml.CSafeLoader):
    pass


Loader.add_constructor("!point", lambda loader, node: ("point", loader.construct_mapping(node)))


def work():
    read = yaml.load(TEXT, Loader)
    try:
        yaml.safe_load("a: [1")
    except yaml.YAMLError as error:
        wrong = str(error)
    return [
        yaml.__version__,
        str(read),
        yaml.dump(read["a"], Dumper=yaml.CDumper),
        yaml.safe_dump({"b": read["b"], "ü": None}, allow_unicode=True),
        wrong,
        yaml.__with_libyaml__,
    ]
