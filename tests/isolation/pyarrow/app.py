"""A table goes from one pyarrow to the other and back through IPC. The argument says which is imported first."""

import sys

if sys.argv[1] == "pin":
    import other
    import pyarrow
else:
    import pyarrow
    import other


def written(arrow, table):
    sink = arrow.BufferOutputStream()
    with arrow.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue().to_pybytes()


content = {"a": [1, 2, 3], "b": ["x", "y", None]}
there = other.pyarrow.ipc.open_stream(written(pyarrow, pyarrow.table(content))).read_all()
back = pyarrow.ipc.open_stream(written(other.pyarrow, there)).read_all()
print(f"root: pyarrow {pyarrow.__version__}, pin: pyarrow {other.pyarrow.__version__}")
if pyarrow.__version__ == other.pyarrow.__version__ or back.to_pydict() != content or type(there) is type(back):
    sys.exit(f"{there!r} {back!r}")
