//! What a source does when it is imported: one rule of reading in each test.

mod shown;

use python_facts::{Effect, Target, read};
use shown::{effects, facts, lines};

#[test]
fn imports_in_their_order_and_forms() {
    let source = "import a.b, c as d\nfrom . import e\nfrom ..f.g import h as i, j\nfrom k import *\n\
                  import importlib\nimportlib.import_module('l.m')\n__import__('n')\nclass X:\n    import o\n";
    let expected = ["a.b", "c", ". e", "..f.g h,j", "k *", "importlib", "l.m", "n", "o"];
    assert_eq!(lines(source), expected);
}

#[test]
fn lines_are_counted_from_one() {
    let effects = effects("# comment\n\nimport a\nif x:\n    pass\nimport b\n");
    let lines: Vec<u32> = effects
        .iter()
        .map(|effect| match effect {
            Effect::Import(import) => import.line,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(lines, [3, 6]);
}

#[test]
fn branches_of_another_platform_or_version_are_not_taken() {
    for (test, taken) in [
        ("sys.platform == 'win32'", false),
        ("sys.platform != 'win32'", true),
        ("sys.platform.startswith('linux')", true),
        ("sys.platform in ('cygwin', 'win32')", false),
        ("os.name == 'nt'", false),
        ("_os.name == 'posix'", true),
        ("platform.system() == 'Darwin'", false),
        ("sys.version_info >= (3, 12)", false),
        ("sys.version_info >= (3, 11)", true),
        ("sys.version_info[:2] == (3, 11)", true),
        ("sys.version_info[0] == 2", false),
        ("(3, 8) <= sys.version_info", true),
        ("sys.version_info < (3,)", false),
        ("sys.version_info.minor > 10", true),
        ("TYPE_CHECKING", false),
        ("typing.TYPE_CHECKING", false),
        ("not TYPE_CHECKING and sys.platform == 'linux'", true),
        ("__name__ == '__main__'", false),
        ("unknown", true),
        ("unknown and sys.platform == 'win32'", false),
    ] {
        let source = format!("if {test}:\n    import a\nelse:\n    import b\n");
        let lines = lines(&source);
        let expected = match (test, taken) {
            ("unknown", _) => &["maybe {a}", "maybe {b}"][..],
            (_, true) => &["a"],
            (_, false) => &["b"],
        };
        assert_eq!(lines, expected, "{test}");
    }
}

#[test]
fn functions_run_where_the_module_calls_them() {
    let source = "def load():\n    import a\n    load()\ndef unused():\n    import b\nimport c\nload()\nx = wrap(load())\n";
    assert_eq!(lines(source), ["c", "a", "a"]);
}

#[test]
fn a_handler_belongs_to_its_try() {
    let source = "try:\n    import a\nexcept ImportError:\n    import b\nelse:\n    import c\nfinally:\n    import d\n";
    assert_eq!(lines(source), ["try {a} except import not_found {b} else {c}", "d"]);
}

#[test]
fn handlers_nest_only_so_deep() {
    fn depth(effects: &[Effect]) -> usize {
        let inside = effects.iter().filter_map(|effect| match effect {
            Effect::Try(attempt) => {
                let handlers = attempt.handlers.iter().map(|handler| depth(&handler.body)).max();
                Some(1 + depth(&attempt.body).max(handlers.unwrap_or(0)))
            }
            _ => None,
        });
        inside.max().unwrap_or(0)
    }
    let opened: String = (0..90).map(|level| format!("{}try:\n", " ".repeat(level))).collect();
    let closed: String = (0..90)
        .rev()
        .map(|level| format!("{0}except E:\n{0} import b{level}\n", " ".repeat(level)))
        .collect();
    let effects = effects(&format!("{opened}{}import a\n{closed}", " ".repeat(90)));
    assert_eq!(depth(&effects), 8);
    assert_eq!(format!("{effects:?}").matches("Import(").count(), 91, "all imports are there");
}

#[test]
fn libraries_and_flags() {
    let source = "import ctypes, os, sys\nold = sys.getdlopenflags()\nsys.setdlopenflags(os.RTLD_GLOBAL | os.RTLD_LAZY)\n\
                  import a\nsys.setdlopenflags(old)\nctypes.CDLL('libfoo.so.1', mode=ctypes.RTLD_GLOBAL)\n\
                  ctypes.CDLL(os.path.join(os.path.dirname(__file__), 'lib', 'libbar.so'))\n\
                  lib = ctypes.cdll.LoadLibrary(str(HERE / 'libbaz.so'))\nctypes.CDLL(None)\n\
                  ctypes.CDLL(ctypes.util.find_library('gomp'))\nctypes.CDLL(name)\nctypes.CDLL('/opt/x.so', 0x102)\n";
    let expected = [
        "ctypes",
        "os",
        "sys",
        "flags global lazy",
        "a",
        "flags before",
        "load libfoo.so.1 global",
        "load /site/pkg/lib/libbar.so",
        "load ?/libbaz.so",
        "load the program",
        "load -lgomp",
        "load ?",
        "load /opt/x.so global",
    ];
    assert_eq!(lines(source), expected);
}

#[test]
fn what_is_no_source_is_an_error() {
    let target = Target { version: (3, 11) };
    assert!(read("print 'hello'", &target).is_err());
    assert!(read("def f(:", &target).is_err());
}

#[test]
fn sources_made_to_overflow_are_errors_or_answers() {
    let target = Target { version: (3, 11) };
    for (open, close) in [("(", ")"), ("[", "]"), ("-", ""), ("not ", ""), ("f(", ")"), ("a.b[", "]")] {
        for depth in [100, 10_000, 200_000] {
            let source = format!("x = {}1{}\nimport a\n", open.repeat(depth), close.repeat(depth));
            match read(&source, &target) {
                Ok(facts) => assert_eq!(facts.effects.len(), 1, "{open} {depth}"),
                Err(error) => assert!(!error.is_empty()),
            }
        }
    }
    // What the fields of an f-string hold is parsed as any other expression, and `async` takes any statement.
    for (open, close) in
        [("f'{", "}'"), ("f'{x:{", "}}'"), ("async ", ""), ("f\"{(", ")}\""), ("-\\\r\n", "1")]
    {
        for depth in [30, 10_000, 200_000] {
            let _ = read(&format!("{}{}\n", open.repeat(depth), close.repeat(depth)), &target);
            let _ = read(&format!("x = f'{{{}1{}}}'\n", open.repeat(depth), close.repeat(depth)), &target);
        }
    }
    let blocks: String = (0..5000).map(|depth| format!("{}if x:\n", " ".repeat(depth))).collect();
    let _ = read(&format!("{blocks}{}import a\n", " ".repeat(5000)), &target);
    let sum = format!("x = {}1\nimport a\n", "1 + ".repeat(200_000));
    let _ = read(&sum, &target);
}

#[test]
fn functions_that_nest_fit_a_threads_stack() {
    // As deep as sources are that are read where they are, in each of the functions that are followed.
    let mut source = String::from("def f0():\n    import a\n");
    for level in 1..8 {
        let blocks: String = (1..30).map(|depth| format!("{}if x:\n", " ".repeat(depth))).collect();
        source += &format!(
            "def f{level}():\n{blocks}{0}{1}f{2}(){3}\n",
            " ".repeat(30),
            "g(".repeat(8),
            level - 1,
            ")".repeat(8)
        );
        source += &format!(
            "def w{level}():\n{blocks}{0}yield {1}f{2}(){3}\n",
            " ".repeat(30),
            "g(".repeat(8),
            level - 1,
            ")".repeat(8)
        );
        source += &format!("w{level} = contextmanager(w{level})\n");
    }
    source += "f7()\nf4()\nimport b\n";
    let read = std::thread::Builder::new().stack_size(2 << 20).spawn(move || lines(&source));
    let lines = read.expect("a thread").join().expect("it fits");
    assert_eq!(lines.last().map(String::as_str), Some("b"));
    assert!(lines.iter().any(|line| line.contains('a')), "functions are followed: {lines:?}");
}

#[test]
fn calls_that_multiply_come_to_an_end() {
    // Five functions of a thousand calls each: followed as they stand, a million million imports.
    let mut source = String::from("def f0():\n    import a\n");
    for level in 1..5 {
        source += &format!("def f{level}():\n{}", format!("    f{}()\n", level - 1).repeat(1000));
    }
    source += "f4()\nimport b\n";
    let effects = effects(&source);
    assert!(effects.len() < 1_000_000, "{}", effects.len());
    assert!(matches!(effects.last(), Some(Effect::Import(import)) if import.module == "b"));
}

#[test]
fn code_that_is_run_and_not_read() {
    for source in ["exec(open('x').read())", "spec.loader.exec_module(module)", "import_module(name)"] {
        assert_eq!(lines(source), ["unread"], "{source}");
    }
    // The module's own folder is one to look in.
    let source = "import os, sys\nsys.path.insert(0, os.path.dirname(__file__))\nimport first\n";
    assert_eq!(lines(source), ["os", "sys", ". first", "first"]);
}

#[test]
fn bare_names_that_functions_open_are_told() {
    let named =
        |source: &str| facts(&format!("import ctypes, os\nfrom ctypes import CDLL\n{source}\n")).named;
    for (source, names) in [
        ("def f():\n    return ctypes.CDLL('libx.so.1')", &["libx.so.1"][..]),
        ("def f():\n    name = 'libx.so.%d' % 1\n    return ctypes.cdll.LoadLibrary(name)", &["libx.so.1"]),
        (
            "NAME = 'libx.so'\nclass C:\n    def m(self):\n        self.l = ctypes.PyDLL(name=NAME)",
            &["libx.so"],
        ),
        ("def f():\n    def g():\n        return CDLL('libx.so')\n    return g", &["libx.so"]),
        ("f = lambda: CDLL('libx.so')", &["libx.so"]),
        (
            "def f(n='libx.so'):\n    try:\n        CDLL(n)\n    except OSError:\n        CDLL('liby.so')",
            &["libx.so", "liby.so"],
        ),
        // Where they lead is told, or nothing is.
        ("def f():\n    return CDLL(os.path.join(os.path.dirname(__file__), 'libx.so'))", &[]),
        ("def f(n):\n    return CDLL(n), CDLL(None), CDLL('/lib/libx.so')", &[]),
        // It is an effect of the import.
        ("CDLL('libx.so')", &[]),
        ("def f():\n    return 'libx.so'", &[]),
    ] {
        assert_eq!(named(source), names, "{source}");
    }
}

#[test]
fn loaders_that_nothing_comes_to() {
    let dormant = |source: &str| facts(&format!("import ctypes, os\n{source}\n")).dormant;
    assert!(!dormant("def load(path):\n    return ctypes.CDLL(path)"));
    assert!(!dormant("if os.name == 'nt':\n    ctypes.CDLL(x)"));
    assert!(!dormant("def load(path):\n    return ctypes.CDLL(path)\ndef other():\n    load(x)"));
    assert!(dormant("def load(path):\n    return ctypes.CDLL(path)\nstart(load)"));
    assert!(dormant("@register\ndef load(path):\n    return ctypes.CDLL(path)"));
    assert!(dormant("class C:\n    def load(self):\n        return ctypes.CDLL(self.x)\nC().__x__()"));
}
