//! What of a source runs in any case, under a condition, or where something fails.

mod shown;

use shown::lines;

/// What is left of a source when lines of the standard library's modules are taken away.
#[track_caller]
fn check(source: &str, expected: &[&str]) {
    let standard = ["os", "sys", "contextlib", "importlib.util", "platform"];
    let mut lines = lines(&format!("import os, sys, contextlib, importlib.util, platform\n{source}"));
    lines.retain(|line| !standard.contains(&line.as_str()));
    assert_eq!(lines, expected, "{source}");
}

#[test]
fn conditions_that_are_not_decided() {
    for test in [
        "importlib.util.find_spec('x')",
        "importlib.util.find_spec('x') is not None",
        "os.environ.get('X')",
        "os.environ.get('X', '0') == '1'",
        "'X' in os.environ",
        "'--fast' in sys.argv",
        "len(sys.argv) > 1",
        "have()",
        "not have()",
        "sys.platform == 'linux' and have()",
        "hasattr(sys, 'x')",
    ] {
        check(&format!("if {test}:\n    import a\n"), &["maybe {a}"]);
        check(
            &format!("F = {test}\nif F:\n    import a\nelse:\n    import b\n"),
            &["maybe {a}", "maybe {b}"],
        );
    }
    check("if have():\n    pass\nelif sys.platform == 'linux':\n    import a\n", &["maybe {a}"]);
    check("for x in have():\n    if x:\n        import a\n", &["maybe {a}"]);
    check(
        "match have():\n    case 1:\n        import a\n    case _:\n        import b\n",
        &["maybe {a}", "maybe {b}"],
    );
}

#[test]
fn conditions_that_names_decide() {
    for (before, test, taken) in [
        ("F = sys.version_info >= (3, 8)", "F", true),
        ("F = sys.platform == 'win32'", "F", false),
        ("F = sys.platform == 'win32'", "not F", true),
        ("SYSTEM = platform.system()", "SYSTEM == 'Linux'", true),
        ("SYSTEM = platform.system().lower()", "SYSTEM in ('windows', 'darwin')", false),
        ("try:\n    SETUP\nexcept NameError:\n    SETUP = False", "SETUP", false),
        ("N = None", "N is None", true),
        ("L = []", "L", false),
        ("L = ['a']", "'a' in L", true),
        ("def f():\n    return True\n", "f()", true),
    ] {
        let expected: &[&str] = if taken { &["a"] } else { &[] };
        check(&format!("{before}\nif {test}:\n    import a\n"), expected);
    }
    check(
        "match sys.platform:\n    case 'win32':\n        import a\n    case 'linux':\n        import b\n",
        &["b"],
    );
}

#[test]
fn names_that_a_branch_may_have_changed_decide_nothing() {
    let maybe = ["maybe {a}"];
    check("F = False\nif have():\n    F = True\nif F:\n    import a\n", &maybe);
    check("F = False\ntry:\n    have()\n    F = True\nexcept E:\n    pass\nif F:\n    import a\n", &maybe);
    check("F = False\nwith contextlib.suppress(E):\n    F = True\nif F:\n    import a\n", &["maybe {a}"]);
    check("F = False\ndef f():\n    global F\n    F = have()\nf()\nif F:\n    import a\n", &maybe);
    check(
        "F = True\nfor x in (1, 2):\n    if have():\n        F = False\n        break\nif F:\n    import a\n",
        &maybe,
    );
    check(
        "def f():\n    x = False\n    def g():\n        nonlocal x\n        x = True\n    g()\n    if x:\n        import a\nf()\n",
        &maybe,
    );
}

#[test]
fn what_follows_the_end_does_not_run() {
    check("import a\nraise ImportError('no')\nimport b\n", &["a"]);
    check("import a\nsys.exit(1)\nimport b\n", &["a"]);
    check("if sys.platform == 'win32':\n    raise ImportError\nimport b\n", &["b"]);
    check("if have():\n    raise ImportError\nimport b\n", &["b"]);
    check("def f():\n    if sys.platform == 'linux':\n        return\n    import a\nf()\nimport b\n", &["b"]);
    // What reading makes of values may be wrong: it does not end a module.
    check("ok = False\nfor x in have():\n    pass\nif not ok:\n    raise ImportError\nimport b\n", &["b"]);
}

#[test]
fn what_a_try_forgives() {
    for (handler, shown) in [
        ("except ImportError:\n    pass", "except import not_found {}"),
        ("except ModuleNotFoundError:\n    pass", "except not_found {}"),
        ("except (KeyError, ImportError):\n    pass", "except import not_found {}"),
        ("except Exception as e:\n    print(e)", "except import not_found os {}"),
        ("except:\n    pass", "except import not_found os {}"),
        ("except OSError:\n    pass", "except os {}"),
        ("except KeyError:\n    pass", "except {}"),
        ("except ImportError as e:\n    raise RuntimeError from e", "except import not_found raises{}"),
        ("except ImportError:\n    sys.exit('no')", "except import not_found raises{}"),
        (
            "except ImportError as e:\n    if str(e):\n        raise\n    else:\n        raise E",
            "except import not_found raises{}",
        ),
        ("except ImportError as e:\n    if str(e):\n        raise", "except import not_found {}"),
        (
            "except KeyError:\n    pass\nexcept Exception:\n    raise",
            "except {} except import not_found os raises{}",
        ),
        (
            "except ModuleNotFoundError:\n    pass\nexcept ImportError:\n    raise",
            "except not_found {} except import raises{}",
        ),
        ("except ERRORS:\n    pass", "except import not_found os {}"),
    ] {
        check(
            &format!("ERRORS = (ImportError, OSError)\ntry:\n    import a\n{handler}\n"),
            &[&format!("try {{a}} {shown}")],
        );
    }
    check("try:\n    import a\nfinally:\n    import b\n", &["a", "b"]);
    check("with contextlib.suppress(ImportError):\n    import a\n", &["try {a} except import not_found {}"]);
    check("with contextlib.suppress(KeyError):\n    import a\n", &["try {a} except {}"]);
    // What a name from elsewhere stands for is not told; it takes nothing from the handlers behind it.
    for (before, handler, shown) in [
        ("from ._err import E", "except E:\n    pass", "except import not_found os {}"),
        ("from . import _err", "except _err.E:\n    pass", "except import not_found os {}"),
        (
            "from ._err import E",
            "except E:\n    raise\nexcept ImportError:\n    pass",
            "except import not_found os raises{} except import not_found {}",
        ),
        ("from json import JSONDecodeError", "except JSONDecodeError:\n    pass", "except {}"),
        ("class E(ImportError): pass", "except E:\n    pass", "except {}"),
    ] {
        let mut all = lines(&format!("{before}\ntry:\n    import a\n{handler}\n"));
        assert_eq!(all.pop().as_deref(), Some(&*format!("try {{a}} {shown}")), "{before}\n{handler}");
    }
}

#[test]
fn what_a_context_manager_forgives() {
    let all = "try {a} except import not_found os {}";
    let with = "with contextlib.ExitStack() as stack:\n";
    let given = format!("{with}    stack.enter_context(contextlib.suppress(ImportError))\n    import a\n");
    check(&given, &[all]);
    check(&format!("{with}    import a\n"), &["a"]);
    for (exit, shown) in
        [("return True", all), ("return self.quiet", all), ("return False", "a"), ("pass", "a")]
    {
        let class = format!("class C:\n    def __enter__(self): pass\n    def __exit__(self, *a): {exit}\n");
        check(&format!("{class}with C():\n    import a\n"), &[shown]);
    }
    check(
        "@contextlib.contextmanager\ndef quiet():\n    try:\n        yield\n    except ImportError:\n        pass\nwith quiet():\n    import a\n",
        &["try {a} except import not_found {}"],
    );
    check(
        "def fails():\n    raise ImportError\ntry:\n    import a\nexcept ImportError:\n    fails()\n",
        &["try {a} except import not_found raises{}"],
    );
}

#[test]
fn programs_that_are_frozen_are_none() {
    check("if getattr(sys, 'frozen', False):\n    import a\n", &[]);
    check("if not getattr(sys, 'frozen', False):\n    import a\n", &["a"]);
    check("if hasattr(sys, '_MEIPASS'):\n    import a\n", &[]);
}
