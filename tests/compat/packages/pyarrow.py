"""Computes on tables, and writes and reads Parquet, IPC and CSV."""

OLD = ["pyarrow==12.0.1", "numpy==1.26.4"]
NEW = ["pyarrow==21.0.0"]
CODE = "C++, Cython"

import io

import pyarrow as pa


def work():
    import pyarrow.compute as pc
    import pyarrow.csv
    import pyarrow.parquet as pq

    table = pa.table({"k": ["a", "b", "a"], "x": [1, 2, 5]})
    file, stream = io.BytesIO(), io.BytesIO()
    pq.write_table(table, file, compression="zstd")
    with pa.ipc.new_stream(stream, table.schema) as writer:
        writer.write_table(table)
    return [
        pa.__version__,
        pc.sum(table["x"]).as_py(),
        table.group_by("k").aggregate([("x", "sum")]).sort_by("k").to_pydict(),
        pq.read_table(io.BytesIO(file.getvalue())).equals(table),
        pa.ipc.open_stream(stream.getvalue()).read_all().num_rows,
        pyarrow.csv.read_csv(io.BytesIO(b"a,b\n1,x\n2,y\n")).to_pylist(),
        pc.utf8_upper(table["k"]).to_pylist(),
    ]
