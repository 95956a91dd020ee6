"""Makes typed dicts, protocols, overloads and literal types, and reads annotations."""

OLD = ["typing_extensions==3.10.0.2"]
NEW = ["typing_extensions==4.15.0"]
CODE = "-"

import typing_extensions as te


class Movie(te.TypedDict, total=False):
    name: str
    year: int


@te.runtime_checkable
class Closes(te.Protocol):
    def close(self): ...


def work():
    import io
    from importlib.metadata import version

    def price(x: te.Annotated[int, "pounds"]) -> te.Literal["a"]: ...

    return [
        version("typing_extensions"),
        sorted(Movie.__optional_keys__),
        [isinstance(io.StringIO(), Closes), isinstance(3, Closes)],
        str(te.get_type_hints(price, include_extras=True)),
        [hasattr(te, name) for name in ("TypeVarTuple", "override", "Doc")],
        te.get_args(te.Literal["a", "b"]),
    ]
