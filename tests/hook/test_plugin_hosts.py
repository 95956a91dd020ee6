"""Attached environments in what hosts do with them: real wheels, other processes, an update, the example."""

import shutil
from pathlib import Path

import pytest
from frame.project import Project
from test_attach import host, leaf, plugin  # noqa: F401
from test_rules import manifest


# 3.12 is the newest that numpy 1.26 has wheels for.
@pytest.mark.one_python("3.12", "3.11")
def test_twenty_plugins_with_their_own_numpy_or_requests(project, plugin):
    """Real wheels: requests over the versions of urllib3 that each wants, and numpys beside them."""
    numpys = ["1.26.4", "2.1.0", "2.2.6", "2.3.4", "2.3.5"]
    versions = ["2.25.0", "2.25.1", "2.26.0", "2.27.0", "2.27.1", "2.28.0", "2.28.1", "2.28.2", "2.29.0", "2.30.0"]
    versions += ["2.31.0", "2.32.2", "2.32.3", "2.32.4", "2.32.5"]
    wanted = [f"requests=={v}" for v in versions] + [f"numpy=={v}" for v in numpys]
    names = [requirement.split("=")[0] for requirement in wanted]
    code = {
        "requests": "import requests as it\ndef work(url):\n    return it.Session().get(url, params={'q': 'a b'}).json()",
        "numpy": "import numpy as it\ndef work(url):\n    import numpy.linalg\n    return [url, float(numpy.linalg.det(it.eye(3)))]",
    }
    folders = [str(plugin("plug", code[name], requirement, needs=[name])) for name, requirement in zip(names, wanted)]
    host = project("requires = []")
    done = host.run(
        f"""
        import json, pinfold, threading
        from http.server import BaseHTTPRequestHandler, HTTPServer
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200); self.end_headers(); self.wfile.write(json.dumps(["/", 1.0]).encode())
            def log_message(self, *_): pass
        server = HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{{server.server_port}}/"
        plugs = [pinfold.attach(folder).import_module("plug") for folder in {folders!r}]
        got = [f"{{plug.it.__name__}}=={{plug.it.__version__}}" for plug in plugs]
        assert got == {wanted!r}, got
        for _ in range(2):
            for plug in plugs:
                assert plug.work(url)[1] == 1.0
        assert len({{id(plug.it) for plug in plugs}}) == 20
        print(sorted(n for n in dir() if n in ("requests", "numpy")))
        try:
            import requests
        except ModuleNotFoundError:
            print("not the host's")
        """,
        env={"NO_PROXY": "*", "no_proxy": "*"},
    )
    assert done.stdout.splitlines() == ["[]", "not the host's"]


def test_a_shared_numpy_is_one_below_the_worlds_own_pandas(host, plugin):
    code = "import pandas, numpy\ndef frame():\n    return pandas.DataFrame({'x': [1.0, 2.0]})\n"
    foo = plugin("plug", code, "numpy>=2,<2.4", "pandas==2.3.3", needs=["numpy", "pandas"])
    alone = plugin("alone", code, "numpy>=2,<2.4", "pandas==2.3.3", needs=["numpy", "pandas"])
    done = host("numpy==2.2.6").run(
        f"""
        import numpy, pinfold
        alone = pinfold.attach({str(alone)!r}).import_module("alone")  # the same pandas wheel, on its own numpy
        plug = pinfold.attach({str(foo)!r}, share=["numpy"]).import_module("plug")
        print(plug.numpy is numpy, isinstance(plug.frame().x.values, numpy.ndarray), (plug.frame() + 1).x.sum())
        print(alone.numpy.__version__ > "2.3", isinstance(alone.frame().x.values, numpy.ndarray), (alone.frame() + 1).x.sum())
        print(plug.pandas is alone.pandas, plug.pandas._libs.lib.__file__ == alone.pandas._libs.lib.__file__)
        """
    )
    assert done.stdout.splitlines() == ["True True 5.0", "True False 5.0", "False False"]


def test_real_numpys_in_worlds_beside_the_hosts(host, plugin, python, merged):
    first, second, mine = {
        "3.11": ("1.26.4", "2.1.0", "2.3.5"), "3.12": ("1.26.4", "2.1.0", "2.3.5"), "3.13": ("2.1.0", "2.2.6", "2.3.5"),
    }[python.minor]  # fmt: skip
    code = "import numpy\ndef frame(n):\n    return numpy.arange(n)\n"
    folders = [str(plugin("plug", code, f"numpy=={v}", needs=["numpy"])) for v in (first, second)]
    done = host(f"numpy=={mine}").run(
        f"""
        import numpy, pinfold
        for folder in {folders!r}:
            plug = pinfold.attach(folder).import_module("plug")
            # C code imports its helpers at the first sum, called from here.
            array = plug.frame(5)
            print(plug.numpy.__version__, array.sum(), array.mean(), isinstance(array, numpy.ndarray))
        print(numpy.__version__, numpy.arange(5).sum())
        """
    )
    assert done.stdout.splitlines() == [f"{first} 10 2.0 False", f"{second} 10 2.0 False", f"{mine} 10"]


def test_another_process_has_to_attach_for_itself(host, plugin, leaf):
    foo = plugin("foo", "import leaf\ndef work(n):\n    import leaf\n    return leaf.V * n", leaf["3.0"])
    code = """
        import multiprocessing, pinfold, sys
        from concurrent.futures import ProcessPoolExecutor

        def start(folder):
            pinfold.attach(folder)

        def call(n):
            return pinfold.worlds()[0].import_module("foo").work(n)

        if __name__ == "__main__":
            world = pinfold.attach(sys.argv[1])
            for method in ("spawn", "forkserver", "fork"):
                context = multiprocessing.get_context(method)
                with ProcessPoolExecutor(1, context, start, (sys.argv[1],)) as pool:
                    print(method, pool.submit(call, 2).result(60), pool.submit(world.import_module("foo").work, 1).result(60))
            import pickle, subprocess
            data = pickle.dumps(world.import_module("foo").work).hex()
            child = [sys.executable, "-c", f"import pickle; pickle.loads(bytes.fromhex({data!r}))"]
            done = subprocess.run(child, capture_output=True, text=True)
            print(done.returncode, pinfold.unit_of(world.import_module("foo")).id in done.stderr)
    """
    done = host(files={"pools.py": code}).run_python("pools.py", foo)
    assert done.stdout.splitlines() == ["spawn 3.03.0 3.0", "forkserver 3.03.0 3.0", "fork 3.03.0 3.0", "1 True"]


def test_what_was_synced_again_is_another_world(host, fresh_project, leaf):
    mine = fresh_project(manifest([leaf["3.0"]]))
    done = host().run(
        """
        import pathlib, pinfold, subprocess, sys
        project, changed, *sync = sys.argv[1:]
        first = pinfold.attach(f"{project}/.venv")
        one = first.import_module("leaf")
        path = pathlib.Path(project, "pinfold.toml")
        path.write_text(changed)
        subprocess.run(sync, cwd=project, check=True, capture_output=True)
        second = pinfold.attach(f"{project}/.venv")
        print(one.V, second.import_module("leaf").V, first.import_module("leaf") is one, first.name != second.name)
        """,
        mine.folder, manifest([leaf["4.0"]]), mine.tools.pinfold, "sync", "--python", mine.interpreter.executable,
        env={"PINFOLD_CACHE": mine.tools.store},
    )  # fmt: skip
    assert done.stdout == "3.0 4.0 True True\n"


def test_the_example_runs(tools, python, tmp_path):
    example = Path(__file__).parents[1] / "examples" / "plugin-host"
    folder = tmp_path / "plugin-host"
    shutil.copytree(example, folder, ignore=shutil.ignore_patterns(".*", "pinfold.lock"))
    hosts = [Project(tools, python, where) for where in (folder, *sorted((folder / "plugins").iterdir()))]
    for project in hosts:
        project.sync()
    assert hosts[0].run_python("app.py").stdout.splitlines() == [
        "first: hello from click 7.1.2",
        "second: completes with click 8.1.3",
        "host: click 8.1.7",
    ]
