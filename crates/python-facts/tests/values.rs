//! What names stand for: the library that each way of writing its place comes to.

mod shown;

use python_facts::{Call, Dotted, Target, Value, call};
use shown::{facts, line, lines};

/// The lines of a source that are no imports.
fn loads(source: &str) -> Vec<String> {
    let is_other = |line: &String| {
        ["load ", "flags ", "try ", "maybe ", "call "].iter().any(|start| line.starts_with(start))
    };
    lines(source).into_iter().filter(is_other).filter(|line| !line.starts_with("call cffi")).collect()
}

#[track_caller]
fn check(source: &str, expected: &[&str]) {
    assert_eq!(loads(source), expected, "{source}");
}

const HERE: &str = "import ctypes, os, sys, glob\nfrom os.path import join, dirname\nfrom pathlib import Path\n\
                    HERE = dirname(os.path.abspath(__file__))\n";

#[track_caller]
fn here(source: &str, expected: &[&str]) {
    check(&format!("{HERE}{source}"), expected);
}

#[test]
fn variables_and_ways_of_putting_a_path_together() {
    let path = ["load /site/pkg/lib/liba.so"];
    for source in [
        "p = join(HERE, 'lib', 'liba.so')\nctypes.CDLL(p)\n",
        "p = HERE + '/lib/liba.so'\nctypes.CDLL(name=p)\n",
        "p = '%s/lib/%s' % (HERE, 'liba.so')\nctypes.CDLL(p)\n",
        "p = f'{HERE}/lib/lib{\"a\"}.so'\nctypes.CDLL(p)\n",
        "p = '{}/lib/{name}'.format(HERE, name='liba.so')\nctypes.CDLL(p)\n",
        "p = os.sep.join([HERE, 'lib', 'liba.so'])\nctypes.CDLL(p)\n",
        "p = Path(__file__).parent / 'lib' / 'liba.so'\nctypes.CDLL(str(p))\n",
        "p = Path(__file__).resolve().parents[0].joinpath('lib', 'liba.so')\nctypes.CDLL(os.fspath(p))\n",
        "p = Path(HERE, 'lib').joinpath('x').with_name('liba.so')\nctypes.CDLL(p)\n",
        "p = Path(__file__).with_name('lib') / 'liba.so'\nctypes.CDLL(p)\n",
        "ctypes.CDLL(__file__.replace('__init__.py', 'lib/liba.so'))\n",
        "ctypes.CDLL(__file__.rsplit('/', 1)[0] + '/lib/liba.so')\n",
        "ctypes.CDLL(os.path.realpath(join(HERE, os.pardir, 'pkg', 'lib/liba.so')))\n",
        "root, _ = os.path.split(__file__)\nctypes.CDLL(join(root, 'lib/liba.so').encode())\n",
        "if os.name == 'nt':\n    n = 'a.dll'\nelse:\n    n = 'liba.so'\nctypes.CDLL(join(HERE, 'lib', n))\n",
        "n = {'linux': 'liba.so', 'darwin': 'liba.dylib'}[sys.platform]\nctypes.CDLL(join(HERE, 'lib', n))\n",
        "n = 'a.dll' if sys.platform == 'win32' else 'liba.so'\nctypes.CDLL(join(HERE, 'lib', n))\n",
        "if (p := join(HERE, 'lib', 'liba.so')):\n    ctypes.CDLL(p)\n",
        "p = HERE\np += '/lib'\np = join(p, 'liba.so')\nctypes.cdll.LoadLibrary(p)\n",
        "from ctypes import CDLL as Load\nLoad(HERE + '/lib/liba.so')\n",
        "load = ctypes.PyDLL\nload(HERE + '/lib/liba.so')\n",
        "ctypes.cdll[HERE + '/lib/liba.so']\n",
        "import cffi\nffi = cffi.FFI()\nffi.dlopen(HERE + '/lib/liba.so')\n",
        "import numpy as np\nnp.ctypeslib.load_library('liba', HERE + '/lib')\n",
    ] {
        here(source, &path);
    }
}

#[test]
fn loops_over_what_is_written_down() {
    let both = ["load /site/pkg/liba.so", "load /site/pkg/libb.so"];
    for source in [
        "for n in ('liba.so', 'libb.so'):\n    ctypes.CDLL(join(HERE, n))\n",
        "NAMES = ['liba.so']\nNAMES.append('libb.so')\nfor n in NAMES:\n    ctypes.CDLL(join(HERE, n))\n",
        "NAMES = ['liba.so'] + ['libb.so']\n[ctypes.CDLL(join(HERE, n)) for n in NAMES]\n",
        "for n, m in {'a': 1, 'b': 2}.items():\n    ctypes.CDLL(join(HERE, f'lib{n}.so'))\n",
        "for n, f in [('a', 'liba.so'), ('b', 'libb.so')]:\n    ctypes.CDLL(join(HERE, f))\n",
        "for at, n in enumerate('a b'.split()):\n    ctypes.CDLL(join(HERE, 'lib' + n + '.so'))\n",
        "list(map(ctypes.CDLL, [join(HERE, n) for n in ('liba.so', 'libb.so')]))\n",
        "def names():\n    yield 'liba.so'\n    yield 'libb.so'\nfor n in names():\n    ctypes.CDLL(join(HERE, n))\n",
        "paths = (join(HERE, n) for n in ('liba.so', 'libb.so'))\nLIBS = {p: ctypes.CDLL(p) for p in paths}\n",
        "for d in [HERE]:\n    for n in 'liba.so', 'libb.so':\n        ctypes.CDLL(d + '/' + n)\n",
    ] {
        here(source, &both);
    }
}

#[test]
fn loops_over_what_a_folder_has() {
    for (source, expected) in [
        ("for f in glob.glob(join(HERE, 'lib', '*.so*')):\n    ctypes.CDLL(f)\n", "/site/pkg/lib/*.so*"),
        (
            "for f in os.listdir(HERE):\n    if f.endswith('.so'):\n        ctypes.CDLL(join(HERE, f))\n",
            "/site/pkg/*.so",
        ),
        (
            "for f in sorted(os.listdir(HERE)):\n    if not f.startswith('lib'):\n        continue\n    ctypes.CDLL(join(HERE, f))\n",
            "/site/pkg/lib*",
        ),
        ("[ctypes.CDLL(join(HERE, f)) for f in os.listdir(HERE) if '.so' in f]\n", "/site/pkg/*.so*"),
        (
            "for p in sorted((Path(__file__).parent / 'lib').iterdir()):\n    ctypes.CDLL(f'{p}')\n",
            "/site/pkg/lib/*",
        ),
        ("for p in Path(HERE).glob('lib?.so'):\n    ctypes.CDLL(str(p))\n", "/site/pkg/lib?.so"),
        ("for p in Path(HERE).rglob('*.so'):\n    ctypes.CDLL(str(p))\n", "/site/pkg/***.so"),
        (
            "for e in os.scandir(HERE):\n    if e.name.endswith('.so'):\n        ctypes.CDLL(e.path)\n",
            "/site/pkg/*.so",
        ),
        ("with os.scandir(HERE) as all:\n    for e in all:\n        ctypes.CDLL(e.path)\n", "/site/pkg/*"),
        (
            "for d, _, fs in os.walk(HERE):\n    for f in fs:\n        ctypes.CDLL(join(d, f))\n",
            "/site/pkg/**/*",
        ),
        (
            "import fnmatch\nfor f in fnmatch.filter(os.listdir(HERE), 'libx*'):\n    ctypes.CDLL(join(HERE, f))\n",
            "/site/pkg/libx*",
        ),
        ("ctypes.CDLL(glob.glob(HERE + '/libx-*.so')[0])\n", "/site/pkg/libx-*.so"),
        (
            "for p in Path(HERE).iterdir():\n    if p.suffix == '.so':\n        ctypes.CDLL(p)\n",
            "/site/pkg/*.so",
        ),
    ] {
        here(source, &[&format!("load {expected}")]);
    }
}

#[test]
fn functions_are_followed_with_their_arguments() {
    let path = ["load /site/pkg/liba.so"];
    for source in [
        "def load(name):\n    return ctypes.CDLL(join(HERE, name))\nload('liba.so')\n",
        "def load(folder, *, name):\n    ctypes.CDLL(join(folder, name))\nload(HERE, name='liba.so')\n",
        "def load(name='liba.so'):\n    ctypes.CDLL(join(HERE, name))\nload()\n",
        "def load(*names):\n    for n in names:\n        ctypes.CDLL(join(HERE, n))\nload('liba.so')\n",
        "def path(name):\n    return join(HERE, name)\nctypes.CDLL(path('liba.so'))\n",
        "def outer(name):\n    def inner():\n        ctypes.CDLL(join(HERE, name))\n    inner()\nouter('liba.so')\n",
        "class L:\n    def __init__(self, name):\n        self.path = join(HERE, name)\n        self.load()\n    def load(self):\n        ctypes.CDLL(self.path)\nL('liba.so')\n",
        "class L:\n    NAME = 'liba.so'\n    @classmethod\n    def load(cls):\n        ctypes.CDLL(join(HERE, cls.NAME))\nL.load()\n",
        "class L:\n    @staticmethod\n    def load(n):\n        ctypes.CDLL(join(HERE, n))\nL.load('liba.so')\n",
    ] {
        here(source, &path);
    }
}

#[test]
fn other_packages_folders() {
    for (source, expected) in [
        ("import nv.lib\nctypes.CDLL(join(nv.lib.__path__[0], 'liba.so'))\n", "/folder:nv.lib/liba.so"),
        ("import nv\nctypes.CDLL(join(dirname(nv.__file__), 'liba.so'))\n", "/liba.so"),
        (
            "from importlib.resources import files\nctypes.CDLL(str(files('nv') / 'lib' / 'liba.so'))\n",
            "/folder:nv/lib/liba.so",
        ),
        (
            "import importlib.resources as r\nctypes.CDLL(str(r.files(__package__).joinpath('liba.so')))\n",
            "/folder:./liba.so",
        ),
        (
            "import importlib.util as u\nspec = u.find_spec('nv.cublas')\nfor d in spec.submodule_search_locations:\n    ctypes.CDLL(join(d, 'lib/liba.so'))\n",
            "/folder:nv.cublas/lib/liba.so",
        ),
        (
            "import importlib\nm = importlib.import_module('nv')\nctypes.CDLL(m.__path__[0] + '/liba.so')\n",
            "/folder:nv/liba.so",
        ),
        ("from . import _c\nctypes.CDLL(_c.__file__)\n", "/file:._c"),
        (
            "from ._where import FOLDER\nctypes.CDLL(join(FOLDER, 'liba.so'))\n",
            "/value:._where.FOLDER/liba.so",
        ),
        (
            "import sysconfig\nctypes.CDLL(sysconfig.get_path('purelib') + '/nv/liba.so')\n",
            "/site/nv/liba.so",
        ),
        ("ctypes.CDLL(join(sys.prefix, 'lib', 'liba.so'))\n", "/prefix/lib/liba.so"),
    ] {
        here(source, &[&format!("load {expected}")]);
    }
}

#[test]
fn what_is_not_told_stays_so() {
    for source in [
        "ctypes.CDLL(os.environ['LIB'])\n",
        "ctypes.CDLL(find())\n",
        "ctypes.CDLL(f'lib{x}.so')\n",
        "ctypes.CDLL(unknown + other)\n",
        "def load(name):\n    ctypes.CDLL(name)\nload(other)\n",
    ] {
        here(source, &["load ?"]);
    }
    // One of several, the last of them if nothing is set.
    here("ctypes.CDLL(os.environ.get('LIB', join(HERE, 'liba.so')))\n", &["load /site/pkg/liba.so"]);
    here(
        "import ctypes.util\nctypes.CDLL(ctypes.util.find_library('a') or HERE + '/liba.so')\n",
        &["load -la", "load /site/pkg/liba.so"],
    );
}

#[test]
fn a_second_try_follows_a_first() {
    here(
        "try:\n    ctypes.CDLL('liba.so')\nexcept OSError:\n    ctypes.CDLL(join(HERE, 'liba.so'))\n",
        &["try {load liba.so} except os {load /site/pkg/liba.so}"],
    );
    here(
        "try:\n    p = join(HERE, 'a')\nexcept Exception:\n    p = None\nif p is not None:\n    ctypes.CDLL(p)\n",
        &["maybe {load /site/pkg/a}"],
    );
}

#[test]
fn ways_of_saying_rtld_global() {
    let path = ["load /site/pkg/liba.so global"];
    for source in [
        "M = ctypes.RTLD_GLOBAL\nctypes.CDLL(HERE + '/liba.so', mode=M)\n",
        "from ctypes import RTLD_GLOBAL as G\nctypes.CDLL(HERE + '/liba.so', G)\n",
        "from ctypes import *\nCDLL(HERE + '/liba.so', RTLD_GLOBAL)\n",
        "def load(name, mode=ctypes.RTLD_GLOBAL):\n    ctypes.CDLL(join(HERE, name), mode=mode)\nload('liba.so')\n",
        "mode = os.RTLD_NOW | os.RTLD_GLOBAL\nctypes.PyDLL(HERE + '/liba.so', mode)\n",
        "mode = os.RTLD_NOW\nmode |= getattr(ctypes, 'RTLD_GLOBAL')\nctypes.CDLL(HERE + '/liba.so', mode)\n",
        "ctypes.CDLL(HERE + '/liba.so', **{'mode': 1}, mode=0x100 | 2)\n",
        "import cffi\nf = cffi.FFI()\nf.dlopen(HERE + '/liba.so', f.RTLD_GLOBAL | f.RTLD_NOW)\n",
    ] {
        here(source, &path);
    }
}

#[test]
fn ways_of_setting_the_interpreters_flags() {
    let expected = ["flags global", "flags before"];
    for source in [
        "old = sys.getdlopenflags()\nflags = old | ctypes.RTLD_GLOBAL\nsys.setdlopenflags(flags)\nimport a\nsys.setdlopenflags(old)\n",
        "from DLFCN import RTLD_GLOBAL\nold = sys.getdlopenflags()\nsys.setdlopenflags(old | RTLD_GLOBAL)\nimport a\nsys.setdlopenflags(old)\n",
        "import contextlib\n@contextlib.contextmanager\ndef wide():\n    old = sys.getdlopenflags()\n    sys.setdlopenflags(old | os.RTLD_GLOBAL)\n    try:\n        yield\n    finally:\n        sys.setdlopenflags(old)\nwith wide():\n    import a\n",
        "class Wide:\n    def __enter__(self):\n        self.old = sys.getdlopenflags()\n        sys.setdlopenflags(os.RTLD_NOW | os.RTLD_GLOBAL)\n    def __exit__(self, *rest):\n        sys.setdlopenflags(self.old)\nwith Wide():\n    import a\n",
        "class Wide:\n    def __init__(self, flags):\n        self.flags = flags\n    def __enter__(self):\n        self.old = sys.getdlopenflags()\n        sys.setdlopenflags(self.flags)\n    def __exit__(self, *rest):\n        sys.setdlopenflags(self.old)\nwide = Wide(os.RTLD_GLOBAL | 2)\nwith wide:\n    import a\n",
    ] {
        here(source, &expected);
        let source = format!("{HERE}{source}");
        let all = lines(&source);
        let at = |line: &str| {
            all.iter().position(|found| found == line).unwrap_or_else(|| panic!("{line}: {all:?}"))
        };
        assert!(at("flags global") < at("a") && at("a") < at("flags before"), "{all:?}");
    }
    here("sys.setdlopenflags(0x102)\nsys.setdlopenflags(2)\n", &["flags global", "flags local"]);
}

#[test]
fn what_another_module_does_is_told_there() {
    check(
        "from ._pre import preload as p\np('liba.so')\n",
        &["call ._pre.preload(Text(Text { base: None, text: \"liba.so\" }))"],
    );
    check("from . import _pre\n_pre.preload()\n", &["call ._pre.preload()"]);
    check("import pkg._pre\npkg._pre.preload()\n", &["call pkg._pre.preload()"]);
    check("from ._flags import wide\nwith wide():\n    from . import _c\n", &["call ._flags.wide() {. _c}"]);
    check("import logging\nlogging.getLogger(__name__)\nlen(x)\n", &[]);
    let source = format!(
        "{HERE}def preload(name):\n    ctypes.CDLL(join(HERE, name))\ndef both():\n    preload('libb.so')\n\
         def other():\n    pass\nclass Wide:\n    def __enter__(self):\n        sys.setdlopenflags(0x100)\n"
    );
    let told = facts(&source);
    assert_eq!(told.loaders, ["Wide", "both", "preload"]);
    assert!(!told.dormant, "functions that nobody calls here");
    let target = Target { version: (3, 11) };
    let called = |name: &str, arguments: &[&str], around: bool| -> Vec<String> {
        let text = |text: &&str| Value::Text(python_facts::Text { base: None, text: (*text).to_owned() });
        let call_of = Call {
            callee: Dotted { level: 0, name: name.to_owned() },
            arguments: arguments.iter().map(text).collect(),
            keywords: Vec::new(),
            around: around.then(Vec::new),
        };
        let effects = call(&source, &target, name, &call_of).expect("it is Python");
        effects.iter().map(line).collect()
    };
    assert_eq!(called("preload", &["liba.so"], false), ["load /site/pkg/liba.so"]);
    assert_eq!(called("both", &[], false), ["load /site/pkg/libb.so"]);
    assert_eq!(called("Wide", &[], true), ["flags global", "yield"]);
    assert_eq!(called("gone", &[], true), ["yield"]);
}

#[test]
fn values_that_grow_come_to_an_end() {
    let doubled =
        "x = ['a']\nfor i in range(9):\n    pass\n".to_owned() + &"x = [x, x]\n".repeat(200) + "import a\n";
    assert_eq!(lines(&doubled).last().map(String::as_str), Some("a"));
    let text = "x = 'abc'\n".to_owned() + &"x = x + x\n".repeat(200) + "import a\n";
    assert_eq!(lines(&text).last().map(String::as_str), Some("a"));
    let rows = format!("t = [{}]\n", "1, ".repeat(60));
    let nested: String = (0..12).map(|level| format!("{}for x{level} in t:\n", " ".repeat(level))).collect();
    let loops = format!("{rows}{nested}{}import b\nimport a\n", " ".repeat(12));
    assert_eq!(lines(&loops).last().map(String::as_str), Some("a"));
}
