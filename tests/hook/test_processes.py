"""Objects of versions that root does not see, between processes of one environment."""

import pytest
from test_pickle_science import OLD, science
from test_rules import at, manifest

__all__ = ["OLD", "science"]

MAIN = """
    import concurrent.futures, multiprocessing, numpy, old, sys
    def work(a):
        import numpy as mine
        assert type(a) is old.np.ndarray and mine is numpy is not old.np
        return a * 2, old.pd.DataFrame({"x": a})
    def through_queues(given, taken):
        a = given.get()
        taken.put((type(a) is old.np.ndarray, a + 1))
    def shared(name):
        from multiprocessing.shared_memory import SharedMemory
        memory = SharedMemory(name=name)
        old.np.ndarray(3, dtype="f8", buffer=memory.buf)[:] = 7
        memory.close()
    def main(method):
        context = multiprocessing.get_context(method)
        with concurrent.futures.ProcessPoolExecutor(2, mp_context=context) as pool:
            a, frame = pool.submit(work, old.np.arange(3)).result()
            assert type(a) is old.np.ndarray and type(frame) is old.pd.DataFrame
            assert type(pool.submit(old.np.zeros, 3).result()) is type(pool.submit(old.double, old.np.ones(2)).result()) is old.np.ndarray
            assert type(pool.submit(numpy.zeros, 3).result()) is numpy.ndarray
            assert list(pool.map(old.np.sum, [old.np.arange(3), old.np.arange(4)])) == [3, 6]
            try:
                pool.submit(old.np.linalg.inv, old.np.zeros((2, 2))).result()
            except old.np.linalg.LinAlgError as error:
                assert not isinstance(error, numpy.linalg.LinAlgError)
        with context.Pool(2) as pool:
            assert [type(one) for one in pool.map(old.np.array, [[1], [2]])] == [old.np.ndarray] * 2
        given, taken = context.Queue(), context.Queue()
        process = context.Process(target=through_queues, args=(given, taken))
        process.start()
        given.put(old.np.arange(3))
        same, a = taken.get()
        process.join()
        assert same and type(a) is old.np.ndarray and a.tolist() == [1, 2, 3]
        process = context.Process(target=old.double, args=(old.np.ones(3),))
        process.start()
        process.join()
        assert process.exitcode == 0
        with context.Manager() as manager:
            kept = manager.list([old.np.arange(2)])
            kept.append(old.pd.DataFrame({"x": [1]}))
            assert type(kept[0]) is old.np.ndarray and type(kept[1]) is old.pd.DataFrame
            assert type(manager.dict(x=numpy.ones(2))["x"]) is numpy.ndarray
        from multiprocessing.shared_memory import SharedMemory
        memory = SharedMemory(create=True, size=24)
        process = context.Process(target=shared, args=(memory.name,))
        process.start()
        process.join()
        assert bytes(memory.buf[:24]) == old.np.full(3, 7.0).tobytes()
        memory.close()
        memory.unlink()
        print("ok")
    if __name__ == "__main__":
        main(sys.argv[1])
"""


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_multiprocessing(science, method, tmp_path):
    main = tmp_path / "main.py"
    main.write_text("\n".join(line[4:] for line in MAIN.splitlines()))
    assert science.run_python(main, method).stdout == "ok\n"


JOBS = """
import joblib, numpy, old, sys
def work(a):
    assert isinstance(a, old.np.ndarray) and not isinstance(a, numpy.ndarray)
    return float(a.sum()), old.np.zeros(2)
def roots(a):
    return isinstance(a, numpy.ndarray)
if __name__ == "__main__":
    for backend in ("loky", "multiprocessing", "threading"):
        run = joblib.Parallel(2, backend=backend)
        got = run(joblib.delayed(work)(old.np.arange(n)) for n in (3, 4))
        assert [total for total, _ in got] == [3.0, 6.0] and type(got[0][1]) is old.np.ndarray
        # Above its limit, joblib hands root's arrays over in files that it maps.
        assert run(joblib.delayed(work)(old.np.ones(200_000)) for _ in range(2))[0][0] == 200_000
        assert run(joblib.delayed(roots)(numpy.ones(200_000)) for _ in range(2)) == [True, True]
        assert type(run([joblib.delayed(old.double)(old.np.eye(2))])[0]) is old.np.ndarray
    print(joblib.Parallel(2)(joblib.delayed(lambda a: len(a))(old.np.ones(n)) for n in (1, 2)))
"""


def test_joblib(science, tmp_path):
    main = tmp_path / "main.py"
    main.write_text(JOBS)
    assert science.run_python(main).stdout == "[1, 2]\n"


def test_a_package_that_uses_processes_itself(project, wheels):
    """What it hands over is its own, also where root has another version of it."""
    code = """
        import concurrent.futures, multiprocessing, leaf
        def square(x): return leaf.V, x * x
        def run(method):
            with concurrent.futures.ProcessPoolExecutor(1, mp_context=multiprocessing.get_context(method)) as pool:
                return list(pool.map(square, [1, 2])), pool.submit(leaf.Leaf).result()
    """
    leaf = {v: wheels.pure("leaf", v, {"leaf.py": f"V = {v!r}\nclass Leaf: V = V"}) for v in ("1.0", "2.0")}
    pool = {v: wheels.pure("pool", v, {"pool.py": code}, requires=["leaf"]) for v in ("1.0", "2.0")}
    user = wheels.pure("user", "1", {"user.py": "from pool import *\nimport leaf"}, requires=["pool", "leaf"])
    env = project(
        manifest([at("user", user), at("pool", pool["2.0"]), at("leaf", leaf["2.0"])], {"user": [at("pool", pool["1.0"]), at("leaf", leaf["1.0"])]})
    )
    done = env.run(
        """
        import leaf, pool, user
        for method in ("fork", "spawn", "forkserver"):
            for package, version in ((user, "1.0"), (pool, "2.0")):
                results, made = package.run(method)
                assert results == [(version, 1), (version, 4)] and type(made) is package.leaf.Leaf and made.V == version, (method, results)
        print("ok")
        """
    )
    assert done.stdout == "ok\n"
