"""Makes classes with validators, converters, slots and frozen instances, and turns them into dicts."""

OLD = ["attrs==20.3.0"]
NEW = ["attrs==25.4.0"]
CODE = "-"

import attr


@attr.s(slots=True, order=True)
class Point:
    x = attr.ib(converter=int, validator=attr.validators.instance_of(int))
    y = attr.ib(default=attr.Factory(lambda self: self.x * 2, takes_self=True))


@attr.s(frozen=True, auto_attribs=True)
class Line:
    start: Point
    name: str = "line"


def work():
    line = Line(Point("3"))
    try:
        line.name = "other"
    except attr.exceptions.FrozenInstanceError as error:
        refused = type(error).__name__
    return [
        attr.__version__,
        repr(line),
        attr.asdict(line),
        repr(attr.evolve(line, name="b")),
        [Point(1) < Point(2), Point(1) == Point(1)],
        refused,
        [field.name for field in attr.fields(Point)],
    ]
