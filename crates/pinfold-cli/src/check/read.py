"""Reads what the code of wheels imports, without running it: the interpreter's own grammar, one process.

In: one JSON object a line, `{"site": FOLDER, "roots": [NAME, ...]}`. Out: one a line, in the same order (see
`reading.rs`). Deliberately not here: who would answer an import.
"""

import ast
import json
import os
import re
import sys
import warnings

# How an import is made; where several hold, the first counts. What `test` and `typing` imports find does not
# matter when a program runs; an `optional` one is caught when it fails; a `late` one runs when its function does.
KINDS = ["test", "typing", "optional", "late", "import"]
TESTS = re.compile(r"(^|/)(tests?|_tests?|conftest\.py|test_[^/]*\.py|[^/]*_test\.py)(/|$)")
CATCHES_IMPORT_ERROR = {"ImportError", "ModuleNotFoundError", "Exception", "BaseException"}
FACTS = {
    "sys.platform": sys.platform,
    "os.name": os.name,
    "sys.version_info": sys.version_info,
    "sys.version_info.major": sys.version_info.major,
    "sys.version_info[0]": sys.version_info[0],
}
STDLIB = {*sys.stdlib_module_names, "__main__", "__mp_main__", "pinfold"}
COMPARE = {
    ast.Lt: lambda a, b: a < b, ast.LtE: lambda a, b: a <= b, ast.Gt: lambda a, b: a > b,
    ast.GtE: lambda a, b: a >= b, ast.Eq: lambda a, b: a == b, ast.NotEq: lambda a, b: a != b,
}


def main():
    warnings.simplefilter("ignore")
    sys.setrecursionlimit(10_000)
    for line in sys.stdin:
        asked = json.loads(line)
        print(json.dumps(read(asked["site"], asked["roots"], set(asked.get("skip", ())))), flush=True)


def read(site, roots, skip=()):
    """The facts about one folder of modules; `roots` are the names that can be imported first."""
    modules, others = files(site, skip)
    found, unreadable = {}, []
    for name, path in modules.items():
        relative = os.path.relpath(path, site)
        try:
            with open(path, "rb") as file:
                source = file.read()
            tree = ast.parse(source, path)
        except (OSError, SyntaxError, ValueError, RecursionError, MemoryError) as error:
            unreadable.append({"file": relative, "why": f"{type(error).__name__}: {error}".splitlines()[0]})
            continue
        reader = Reader(name, relative, os.path.basename(path) == "__init__.py")
        reader.body(tree.body, "import")
        if b"import_module" in source or b"__import__" in source:
            reader.calls(tree)
        found[name] = reader
    reached = reach(found, roots)
    imports, exposed = {}, {}
    for name, reader in sorted(found.items()):
        for imported in reader.imports:
            if imported["name"].partition(".")[0] not in STDLIB and not own(imported["name"], modules, others):
                imported["reached"] = name in reached and imported["kind"] == "import"
                key = (imported["name"], imported["kind"], imported["reached"])
                first = imported | {"file": reader.file}
                members = imports.setdefault(key, first)["members"]
                members.extend(m for m in imported["members"] if m not in members)
        for top, (line, how) in reader.exposed.items():
            if top not in STDLIB and not own(top, modules, others):
                exposed.setdefault(top, {"file": reader.file, "line": line, "how": how})
    return {
        "imports": list(imports.values()),
        "exposed": exposed,
        "unreadable": unreadable,
        "files": len(modules),
        # Names of folders and files at any depth: what a package puts on `sys.path` itself is among them.
        "vendored": sorted({part for name in [*modules, *others] for part in name.split(".")[1:]}),
    }


def files(site, skip):
    """The modules with source, and the names of those without, below a folder."""
    modules, others = {}, set()
    for folder, folders, names in os.walk(site):
        inside = os.path.relpath(folder, site)
        parts = [] if inside == "." else inside.split(os.sep)
        folders[:] = sorted(f for f in folders if f.isidentifier() and f != "__pycache__" and os.path.join(folder, f) not in skip)
        for file in sorted(names):
            stem, _, suffix = file.partition(".")
            if stem.isidentifier() and suffix == "py":
                modules[".".join(parts if stem == "__init__" and parts else [*parts, stem])] = os.path.join(folder, file)
            elif stem.isidentifier() and suffix.endswith(("so", "pyc")):
                others.add(".".join(parts if stem == "__init__" and parts else [*parts, stem]))
    return modules, others


def own(name, modules, others):
    """Whether the folder itself has the module, or a package above it."""
    parts = name.split(".")
    return any(".".join(parts[:n]) in modules or ".".join(parts[:n]) in others for n in range(1, len(parts) + 1))


def reach(found, roots):
    """The modules that run when those of `roots` are imported, by plain imports at the level of modules."""
    reached, queue = set(), [root for root in roots if root in found]
    while queue:
        name = queue.pop()
        if name in reached:
            continue
        reached.add(name)
        for imported in found[name].imports:
            if imported["kind"] == "import":
                parts = imported["name"].split(".")
                names = [".".join(parts[:n]) for n in range(1, len(parts) + 1)]
                names += [f"{imported['name']}.{member}" for member in imported["members"]]
                queue.extend(other for other in names if other in found)
    return reached


class Reader:
    """Collects from one file what it imports, and whose classes its public functions and classes show."""

    def __init__(self, module, file, is_package):
        self.module, self.file, self.is_package = module, file, is_package
        self.outer = "test" if TESTS.search(file) else "import"
        self.imports, self.exposed, self.names = [], {}, {}

    def body(self, statements, kind, public="", local=None):
        """Reads statements; `public` is the public function or class they stand in, `local` its own names."""
        for s in statements:
            if isinstance(s, ast.Import):
                for alias in s.names:
                    self.add(alias.name, [], kind, s)
                    self.bind(alias.asname or alias.name.partition(".")[0], alias.name)
            elif isinstance(s, ast.ImportFrom):
                name = self.absolute(s)
                if name:
                    self.add(name, [alias.name for alias in s.names if alias.name != "*"], kind, s)
                    for alias in s.names:
                        self.bind(alias.asname or alias.name, name)
            elif isinstance(s, (ast.FunctionDef, ast.AsyncFunctionDef)):
                self.function(s, kind, public)
            elif isinstance(s, ast.ClassDef):
                shown = not s.name.startswith("_")
                for base in s.bases if shown else []:
                    self.expose(base, s.lineno, f"`{s.name}` is a subclass of one", self.names)
                self.body(s.body, kind, s.name if shown else "_")
            elif isinstance(s, ast.If):
                self.branch(s, kind, public, local)
            elif isinstance(s, (ast.Try, ast.TryStar)):
                self.attempt(s, kind, public, local)
            elif isinstance(s, (ast.With, ast.AsyncWith)):
                suppressed = any("suppress" in ast.dump(item.context_expr) for item in s.items)
                self.body(s.body, stronger(kind, "optional") if suppressed else kind, public, local)
            elif isinstance(s, (ast.For, ast.AsyncFor, ast.While)):
                self.body([*s.body, *s.orelse], kind, public, local)
            elif isinstance(s, ast.Match):
                self.body([inner for case in s.cases for inner in case.body], kind, public, local)
            elif local is not None and isinstance(s, ast.Assign) and isinstance(s.value, ast.Call):
                top = self.root(s.value.func, self.names | local)
                local.update({t.id: top for t in s.targets if top and isinstance(t, ast.Name)})
            elif local is not None and isinstance(s, ast.Return) and s.value is not None:
                for value in parts(s.value):
                    known = local if isinstance(value, ast.Name) else self.names | local
                    top = self.root(value.func if isinstance(value, ast.Call) else value, known)
                    if top and isinstance(value, (ast.Call, ast.Name)):
                        self.exposed.setdefault(top, (s.lineno, f"`{public}` returns one"))

    def function(self, s, kind, public):
        shown = not s.name.startswith("_") and not public.startswith("_")
        where = f"{public}.{s.name}" if public else s.name
        if shown:
            a = s.args
            given = [arg.annotation for arg in [*a.posonlyargs, *a.args, *a.kwonlyargs, a.vararg, a.kwarg] if arg]
            for annotation in [*given, s.returns]:
                if annotation is not None:
                    self.expose(annotation, s.lineno, f"the signature of `{where}` names one", self.names)
        self.body(s.body, stronger(kind, "late"), where if shown else "_", {} if shown else None)

    def branch(self, s, kind, public, local):
        test = ast.unparse(s.test)
        if test in ("TYPE_CHECKING", "typing.TYPE_CHECKING", "t.TYPE_CHECKING"):
            self.body(s.body, stronger(kind, "typing"), public, local)
            self.body(s.orelse, kind, public, local)
            return
        holds = decide(s.test)
        # What depends on something else may not run at all.
        perhaps = kind if holds is not None else stronger(kind, "late")
        if holds is not False:
            self.body(s.body, perhaps, public, local)
        if holds is not True:
            self.body(s.orelse, perhaps, public, local)

    def attempt(self, s, kind, public, local):
        caught = [{n.id for n in ast.walk(h.type) if isinstance(n, ast.Name)} if h.type else {"Exception"} for h in s.handlers]
        # A handler that raises again only says it in other words.
        guarded = any(
            names & CATCHES_IMPORT_ERROR and not isinstance(handler.body[-1], ast.Raise)
            for handler, names in zip(s.handlers, caught, strict=True)
        )
        self.body(s.body, stronger(kind, "optional") if guarded else kind, public, local)
        for handler, names in zip(s.handlers, caught, strict=True):
            # What is imported instead counts as little: the first may be there.
            instead = "optional" if names & CATCHES_IMPORT_ERROR else "late"
            self.body(handler.body, stronger(kind, instead), public, local)
        self.body(s.orelse, stronger(kind, "optional") if guarded else kind, public, local)
        self.body(s.finalbody, kind, public, local)

    def calls(self, tree):
        """`import_module("x")` and `__import__("x")`, wherever they stand."""
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
                name, called = node.args[0].value, ast.unparse(node.func).rpartition(".")[2]
                if called in ("import_module", "__import__") and isinstance(name, str) and is_name(name):
                    # Who calls it may well catch its error.
                    self.add(name, [], "optional", node)

    def add(self, name, members, kind, node):
        kind = stronger(self.outer, kind)
        self.imports.append({"name": name, "members": members, "kind": kind, "line": node.lineno})

    def absolute(self, s):
        if not s.level:
            return s.module
        package = self.module.split(".") if self.is_package else self.module.split(".")[:-1]
        package = package[: len(package) - (s.level - 1)]
        return ".".join([*package, *([s.module] if s.module else [])])

    def bind(self, name, module):
        self.names[name] = module.partition(".")[0]

    def root(self, expression, names):
        """The package that `a.b.c` begins with, if `a` is one or something made by one."""
        while isinstance(expression, ast.Attribute):
            expression = expression.value
        return names.get(expression.id) if isinstance(expression, ast.Name) else None

    def expose(self, expression, line, how, names):
        if self.outer == "test":
            return
        for node in ast.walk(expression):
            if isinstance(node, ast.Name) and node.id in names:
                self.exposed.setdefault(names[node.id], (line, how))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                for word in re.findall(r"\b[A-Za-z_]\w*", node.value):
                    if word in names:
                        self.exposed.setdefault(names[word], (line, how))


def parts(value):
    """What a returned expression hands over: itself, or the items of a tuple, list or choice."""
    if isinstance(value, (ast.Tuple, ast.List)):
        return [inner for item in value.elts for inner in parts(item)]
    if isinstance(value, ast.IfExp):
        return [*parts(value.body), *parts(value.orelse)]
    return parts(value.value) if isinstance(value, ast.Await) else [value]


def decide(test):
    """Whether a condition on the interpreter or the platform holds here; None for any other condition."""
    if isinstance(test, ast.Constant):
        return bool(test.value)
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        inner = decide(test.operand)
        return None if inner is None else not inner
    if isinstance(test, ast.Call) and ast.unparse(test.func) == "sys.platform.startswith" and test.args:
        start = test.args[0]
        return sys.platform.startswith(start.value) if isinstance(start, ast.Constant) else None
    if not (isinstance(test, ast.Compare) and len(test.ops) == 1 and type(test.ops[0]) in COMPARE):
        return None
    try:
        known, value = FACTS.get(ast.unparse(test.left)), ast.literal_eval(test.comparators[0])
        return None if known is None else bool(COMPARE[type(test.ops[0])](known, value))
    except (ValueError, TypeError):
        return None


def stronger(one, other):
    return min(one, other, key=KINDS.index)


def is_name(text):
    return all(part.isidentifier() for part in text.split("."))


if __name__ == "__main__":
    main()
