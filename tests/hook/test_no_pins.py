"""With no pins at all, an environment is what uv makes of the same distributions."""

import json

PACKAGES = """
    requests urllib3 certifi charset-normalizer idna click flask jinja2 markupsafe werkzeug itsdangerous attrs
    numpy pandas six python-dateutil pytz pyyaml packaging setuptools wheel rich pygments tqdm sqlalchemy
    pydantic aiohttp lxml pillow cryptography protobuf google-api-core psutil typing-extensions tzdata
""".split()

DUMP = """
    import importlib, importlib.metadata as md, json, os, sys, warnings
    warnings.simplefilter("ignore")

    def relative(path):
        if not isinstance(path, str):
            return path
        return path.rpartition("/site-packages/")[2]

    def fields(module):
        spec = module.__spec__
        return {
            "file": relative(getattr(module, "__file__", None)),
            "cached": relative(getattr(module, "__cached__", None)),
            "path": [relative(p) for p in getattr(module, "__path__", ())],
            "path type": type(getattr(module, "__path__", None)).__name__,
            "package": [module.__package__, type(module.__package__).__name__],
            "name": [module.__name__, type(module.__name__).__name__],
            "doc": module.__doc__,
            "loader": type(module.__loader__).__name__,
            "spec": spec and {
                "name": [spec.name, type(spec.name).__name__],
                "origin": relative(spec.origin),
                "cached": relative(spec.cached),
                "has_location": spec.has_location,
                "loader": type(spec.loader).__name__,
                "loader_state": repr(spec.loader_state),
                "parent": spec.parent,
                "places": spec.submodule_search_locations and [relative(p) for p in spec.submodule_search_locations],
            },
        }

    def attempt(name):
        try:
            return fields(importlib.import_module(name))
        except BaseException as error:
            return f"{type(error).__name__}: {error}"

    tops = sorted(name for name in md.packages_distributions() if name.isidentifier())
    result = {name: attempt(name) for name in tops}
    for name in list(sys.modules):
        if name.partition(".")[0] in tops and name not in result and getattr(sys.modules[name], "__spec__", None):
            result[name] = fields(sys.modules[name])
    print(json.dumps({"tops": tops, "modules": result, "versions": {n: md.version(n) for n in sys.argv[1:]}}))
"""


def test_every_importable_module_is_as_in_a_merged_environment(project, merged):
    env = project("requires = " + json.dumps(PACKAGES))
    closure = json.loads((env.venv / "closure.json").read_text())
    peer = merged(*(f"{unit['name']}=={unit['version']}" for unit in closure["units"]))
    mine, theirs = (e.run(DUMP, *PACKAGES).json for e in (env, peer))
    # uv's own helper and Pinfold's are no distributions of the user's.
    ours = {"pinfold", "_virtualenv"}
    assert set(mine["tops"]) - ours == set(theirs["tops"]) - ours
    assert mine["versions"] == theirs["versions"] and len(theirs["versions"]) >= 30
    wrong = {
        name: (mine["modules"].get(name), theirs["modules"].get(name))
        for name in mine["modules"] | theirs["modules"]
        if name not in ours and mine["modules"].get(name) != theirs["modules"].get(name)
    }
    assert not wrong, json.dumps(dict(list(wrong.items())[:5]), indent=1)
    assert len(theirs["modules"]) > 1000


def test_importing_what_is_not_there_says_what_stock_python_says(project, merged):
    env, peer = project("requires = " + json.dumps(PACKAGES)), merged("six")
    ask = "import importlib.util\nprint(importlib.util.find_spec('nowhere'))\nimport nowhere.at_all"
    mine, theirs = env.run(ask, check=False), peer.run(ask, check=False)
    assert (mine.stdout, mine.stderr.splitlines()[-1]) == (theirs.stdout, theirs.stderr.splitlines()[-1])


def test_the_globals_of_the_users_own_code_are_as_in_a_merged_environment(project, merged, tmp_path):
    (tmp_path / "local.py").write_text("import six, json\ndef late():\n    import six.moves\n")
    (tmp_path / "tool.py").write_text("import local\nlocal.late()\nprint(sorted(globals()), sorted(vars(local)))\n")
    code = """
        import importlib, runpy, six, local
        local.late()
        print(sorted(globals()), sorted(vars(local)), sorted(vars(importlib.reload(local))))
        print(sorted(runpy.run_module("tool")), sorted(runpy.run_path("tool.py")))
    """
    said = []
    for env in (project('requires = ["six==1.17.0"]'), merged("six==1.17.0")):
        said.append([env.run(code, cwd=tmp_path).stdout, env.run_python("-m", "tool", cwd=tmp_path).stdout, env.run_python("tool.py", cwd=tmp_path).stdout])
    assert said[0] == said[1]
