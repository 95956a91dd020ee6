"""Computes on blocks of arrays and on delayed graphs, in threads."""

OLD = ["dask==2022.12.1", "numpy==1.26.4"]
NEW = ["dask==2025.11.0", "numpy==2.3.5"]
CODE = "-"


def work():
    import dask
    import dask.array as da
    import dask.bag as db

    @dask.delayed
    def add(a, b):
        return a + b

    numbers = da.arange(1000, chunks=100)
    return [
        dask.__version__,
        int((numbers**2).sum().compute(scheduler="threads", num_workers=4)),
        add(add(1, 2), 3).compute(),
        db.from_sequence(range(10), npartitions=3).filter(lambda x: x % 2).map(lambda x: x * x).compute(scheduler="sync"),
        round(float(numbers.reshape(10, 100).mean(axis=0).std().compute()), 6),
    ]
