"""Writes, queries and reads compressed tables and arrays."""

OLD = ["tables==3.8.0", "numpy==1.26.4"]
NEW = ["tables==3.10.2", "numpy==2.3.5"]
CODE = "C, Cython"

import tables


class Sale(tables.IsDescription):
    shop = tables.StringCol(8)
    sold = tables.Int32Col()


def work():
    options = {"driver": "H5FD_CORE", "driver_core_backing_store": 0}
    with tables.open_file("x.h5", "w", **options) as file:
        table = file.create_table("/", "sale", Sale, filters=tables.Filters(5, "blosc:lz4"))
        table.append([(b"a", 3), (b"b", 5), (b"a", 7)])
        table.flush()
        table.cols.sold.create_index()
        file.create_carray("/", "numbers", obj=[[1, 2], [3, 4]])
        return [
            tables.__version__,
            tables.hdf5_version,
            [row["sold"] for row in table.where("(sold > 3) & (shop == b'a')")],
            file.root.numbers[:, 1].tolist(),
            sorted(node._v_name for node in file.list_nodes("/")),
        ]
