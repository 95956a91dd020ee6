//! What the standard library's functions make of texts, paths and lists: `os.path`, `pathlib`, `glob`, `importlib`.
//!
//! A folder that is read comes to a list of one pattern. Deliberately not here: functions with effects (`calls.rs`).

use crate::libraries::flags_named;
use crate::target::Target;
use crate::text::{Base, Dotted, Text};
use crate::values::Value;

/// Where a module's spec stands, which `find_spec` returns.
const SPEC: &str = "__spec__";

/// What a name of the standard library stands for.
pub(crate) fn constant(global: &Dotted) -> Option<Value> {
    if global.level > 0 {
        return None;
    }
    let name = global.name.as_str();
    Some(match name {
        "os.pardir" | "os.path.pardir" => Value::text(".."),
        "os.curdir" | "os.path.curdir" => Value::text("."),
        "os.sep" | "os.path.sep" => Value::text("/"),
        "os.pathsep" => Value::text(":"),
        "os.name" => Value::text(Target::OS),
        "sys.platform" => Value::text(Target::PLATFORM),
        "sys.prefix" | "sys.exec_prefix" => Value::path(Base::Prefix),
        "sys.path" => Value::Items(vec![Value::path(Base::Site)]),
        "typing.TYPE_CHECKING" => Value::Number(0),
        _ => {
            let (module, last) = name.rsplit_once('.')?;
            let is_flag = matches!(module, "os" | "ctypes" | "_ctypes" | "DLFCN" | "posix" | "cffi" | "dl");
            let bits = flags_named(last).filter(|_| is_flag)?;
            Value::Flags { before: false, bits }
        }
    })
}

/// `whole.name`.
pub(crate) fn attribute(whole: &Value, name: &str) -> Value {
    match whole {
        Value::Global(global) => match name {
            "__file__" | "origin" => Value::path(Base::File(of_spec(global))),
            "__path__" | "submodule_search_locations" => {
                Value::Items(vec![Value::path(Base::Folder(of_spec(global)))])
            }
            name => {
                let global = global.then(name);
                constant(&global).unwrap_or(Value::Global(global))
            }
        },
        Value::Text(text) => match name {
            "parent" => Value::Text(text.parent()),
            "parents" => {
                let ups = std::iter::successors(Some(text.parent()), |folder| Some(folder.parent()));
                Value::Items(ups.take(8).map(Value::Text).collect())
            }
            "name" => Value::Text(text.name()),
            "stem" => {
                let name = text.name();
                let stem = name.known().map(|name| name.rsplit_once('.').map_or(name, |(stem, _)| stem));
                stem.map_or(Value::Unknown, Value::text)
            }
            // An entry of os.scandir().
            "path" => whole.clone(),
            _ => Value::Unknown,
        },
        // ffi.RTLD_GLOBAL
        _ => match flags_named(name) {
            Some(bits) => Value::Flags { before: false, bits },
            None => Value::Unknown,
        },
    }
}

fn of_spec(global: &Dotted) -> Dotted {
    let name = global.name.strip_suffix(SPEC).unwrap_or(&global.name);
    Dotted { level: global.level, name: name.trim_end_matches('.').to_owned() }
}

/// `whole[at]`.
pub(crate) fn part(whole: &Value, at: &Value) -> Value {
    match (whole, at) {
        (Value::Items(items), Value::Number(at)) => {
            let at = if *at < 0 { items.len() as i64 + at } else { *at };
            let found = usize::try_from(at).ok().and_then(|at| items.get(at));
            // The second of the names in a folder is one of them as well.
            let found = found.or(items.first().filter(|item| item.is_pattern()));
            found.cloned().unwrap_or(Value::Unknown)
        }
        (Value::Table(pairs), at) => {
            let found = pairs.iter().find(|(key, _)| key.equals(at) == Some(true));
            match found {
                Some((_, value)) => value.clone(),
                None => Value::one_of(pairs.iter().map(|(_, value)| value.clone())),
            }
        }
        _ => Value::Unknown,
    }
}

/// `form % values`.
pub(crate) fn formatted(form: &Text, values: &Value) -> Value {
    let mut values = match values {
        Value::Items(items) => items.iter().map(Value::as_text).collect::<Vec<_>>().into_iter(),
        one => vec![one.as_text()].into_iter(),
    };
    let mut text = Text { base: form.base.clone(), text: String::new() };
    for (at, part) in form.text.split('%').enumerate() {
        // What follows a sign is its kind: `%s`, `%d`.
        let letter = part.chars().next().filter(|letter| letter.is_ascii_alphabetic());
        let rest = match letter {
            Some(letter) if at > 0 => {
                text = text.plus(&values.next().unwrap_or_else(Text::hole));
                &part[letter.len_utf8()..]
            }
            _ => part,
        };
        text = text.plus(&Text::plain(rest));
    }
    Value::Text(text)
}

/// `form.format(...)`: fields in their order or by number, and by name.
fn filled(form: &Text, arguments: &[Value], keywords: &[(&str, Value)]) -> Value {
    let mut text = Text { base: form.base.clone(), text: String::new() };
    let (mut next, mut parts) = (0, form.text.split('{'));
    text.text.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let Some((field, rest)) = part.split_once('}') else { return Value::Unknown };
        let field = field.split([':', '!']).next().unwrap_or_default();
        let value = match (field, field.parse::<usize>()) {
            ("", _) => {
                next += 1;
                arguments.get(next - 1)
            }
            (_, Ok(at)) => arguments.get(at),
            (name, _) => keywords.iter().find(|(key, _)| *key == name).map(|(_, value)| value),
        };
        text = text.plus(&value.map_or_else(Text::hole, Value::as_text)).plus(&Text::plain(rest));
    }
    Value::Text(text)
}

/// The names in a folder, or the paths.
fn listed(folder: Option<&Text>, pattern: &Text) -> Value {
    let path = match folder {
        Some(folder) => folder.join(pattern),
        None => pattern.clone(),
    };
    Value::Items(vec![Value::Text(path)])
}

/// What the names of extension modules end with; which interpreter it is, is not told here.
fn extension_suffix() -> Text {
    Text { base: None, text: format!(".{}.so", Text::ANY) }
}

fn any() -> Text {
    Text { base: None, text: Text::ANY.to_string() }
}

/// The module that a text or a module names.
fn module_of(value: &Value) -> Option<Dotted> {
    match value {
        Value::Global(global) => Some(of_spec(global)),
        Value::Text(text) => {
            let known = text.known()?;
            let name = known.trim_start_matches('.');
            Some(Dotted { level: (known.len() - name.len()) as u32, name: name.to_owned() })
        }
        _ => None,
    }
}

/// What a function of the standard library, or one that is built in, returns; `None` for one that is not here.
pub(crate) fn function(
    name: &str,
    arguments: &[Value],
    keywords: &[(&str, Value)],
    flags: &Value,
) -> Option<Value> {
    let first = arguments.first();
    let text = || first.map(|first| first.each(|one| Value::Text(one.as_text())));
    let last = name.rsplit('.').next().unwrap_or(name);
    let on_text =
        |change: &dyn Fn(&Text) -> Value| first.map(|first| first.each(|one| change(&one.as_text())));
    let items = |value: &Value| match value {
        Value::Items(items) => Some(items.clone()),
        Value::Table(pairs) => Some(pairs.iter().map(|(key, _)| key.clone()).collect()),
        _ => None,
    };
    match name {
        "os.path.join" | "posixpath.join" | "pathlib.Path" | "pathlib.PurePath" | "pathlib.PosixPath" => {
            joined(arguments)
        }
        "os.path.dirname" => on_text(&|text| Value::Text(text.parent())),
        "os.path.basename" => on_text(&|text| Value::Text(text.name())),
        "os.path.split" => {
            on_text(&|text| Value::Items(vec![Value::Text(text.parent()), Value::Text(text.name())]))
        }
        "os.path.abspath" | "os.path.realpath" | "os.path.normpath" | "os.path.normcase" | "os.fspath"
        | "os.path.expanduser" | "os.path.expandvars" | "os.fsencode" | "os.fsdecode" | "str" => text(),
        "os.listdir" => Some(listed(None, &any())),
        "os.scandir" => on_text(&|folder| listed(Some(folder), &any())),
        "os.walk" => on_text(&|folder| {
            let below = folder.join(&Text { base: None, text: Text::DEEP.to_string() });
            let names = || listed(None, &any());
            Value::Items(vec![Value::Items(vec![Value::Text(below), names(), names()])])
        }),
        "glob.glob" | "glob.iglob" => on_text(&|path| listed(None, &path.pattern())),
        "fnmatch.filter" => {
            let pattern = arguments.get(1)?.as_text();
            let names = items(first?)?;
            Some(Value::items(names.iter().map(|name| Value::Text(name.as_text().like(&pattern))).collect()))
        }
        "importlib.resources.files" | "importlib_resources.files" => {
            Some(Value::path(Base::Folder(module_of(first?)?)))
        }
        "importlib.resources.path" | "importlib_resources.path" | "pkg_resources.resource_filename" => {
            let folder = Text::at(Base::Folder(module_of(first?)?));
            Some(Value::Text(folder.join(&arguments.get(1)?.as_text())))
        }
        "importlib.resources.as_file" | "importlib_resources.as_file" => first.cloned(),
        "importlib.util.find_spec" | "importlib.machinery.PathFinder.find_spec" => {
            Some(Value::Global(module_of(first?)?.then(SPEC)))
        }
        "importlib.import_module" | "__import__" => {
            // With a package as the second argument, the dots are that package's.
            Some(Value::Global(module_of(first?)?))
        }
        "sysconfig.get_path" | "sysconfig.get_python_lib" | "distutils.sysconfig.get_python_lib" => {
            let which = first.map(Value::as_text);
            let is_site = which.is_none_or(|which| matches!(which.known(), Some("purelib" | "platlib")));
            Some(if is_site { Value::path(Base::Site) } else { Value::Unknown })
        }
        "sysconfig.get_paths" => {
            let site = || Value::path(Base::Site);
            Some(Value::Table(vec![(Value::text("purelib"), site()), (Value::text("platlib"), site())]))
        }
        "sysconfig.get_config_var" => match first?.as_text().known()? {
            "SHLIB_SUFFIX" => Some(Value::text(".so")),
            "EXT_SUFFIX" => Some(Value::Text(extension_suffix())),
            _ => None,
        },
        "site.getsitepackages" => Some(Value::Items(vec![Value::path(Base::Site)])),
        "platform.system" => Some(Value::text(Target::SYSTEM)),
        "sys.getdlopenflags" => Some(flags.clone()),
        "os.environ.get" | "os.getenv" => {
            let default = arguments.get(1).filter(|default| **default != Value::None)?;
            Some(Value::one_of([default.clone(), Value::Unknown]))
        }
        "list" | "tuple" | "set" | "frozenset" | "sorted" | "reversed" | "iter" => match first {
            None => Some(Value::Items(Vec::new())),
            Some(first) => items(first).map(Value::Items),
        },
        "dict" if arguments.is_empty() => Some(Value::table(
            keywords.iter().map(|(key, value)| (Value::text(key), value.clone())).collect(),
        )),
        "dict" => first.cloned(),
        "enumerate" => {
            let pair = |(at, item)| Value::Items(vec![Value::Number(at as i64), item]);
            Some(Value::items(items(first?)?.into_iter().enumerate().map(pair).collect()))
        }
        "zip" => {
            let lists: Vec<Vec<Value>> = arguments.iter().map(items).collect::<Option<_>>()?;
            let least = lists.iter().map(Vec::len).min()?;
            let row = |at: usize| Value::Items(lists.iter().map(|list| list[at].clone()).collect());
            Some(Value::items((0..least).map(row).collect()))
        }
        "filter" => items(arguments.get(1)?).map(Value::Items),
        "next" | "min" | "max" => Some(Value::one_of(items(first?)?)),
        "itertools.chain" => {
            let lists: Vec<Vec<Value>> = arguments.iter().map(items).collect::<Option<_>>()?;
            Some(Value::items(lists.concat()))
        }
        "getattr" => {
            let name = arguments.get(1)?.as_text();
            Some(attribute(first?, name.known()?)).filter(|value| *value != Value::Unknown)
        }
        _ if last == "find_library" => {
            let stem = first?.as_text();
            Some(stem.known().map_or(Value::Unknown, |stem| Value::Stem(stem.to_owned())))
        }
        _ => None,
    }
}

/// Whether a module of this name is the standard library's; of those that nearly all code calls, to save the question.
pub(crate) fn is_standard(module: &str) -> bool {
    const MODULES: [&str; 44] = [
        "abc",
        "ast",
        "base64",
        "collections",
        "contextlib",
        "contextvars",
        "copy",
        "ctypes",
        "dataclasses",
        "datetime",
        "decimal",
        "enum",
        "fractions",
        "functools",
        "glob",
        "importlib",
        "inspect",
        "io",
        "itertools",
        "json",
        "logging",
        "math",
        "numbers",
        "operator",
        "os",
        "pathlib",
        "pickle",
        "platform",
        "random",
        "re",
        "shutil",
        "socket",
        "string",
        "struct",
        "subprocess",
        "sys",
        "tempfile",
        "textwrap",
        "threading",
        "time",
        "types",
        "typing",
        "warnings",
        "weakref",
    ];
    MODULES.binary_search(&module.split('.').next().unwrap_or(module)).is_ok()
}

fn joined(parts: &[Value]) -> Option<Value> {
    let (first, others) = parts.split_first()?;
    let first = first.each(|one| Value::Text(one.as_text()));
    Some(others.iter().fold(first, |path, part| {
        path.both(part, |path, part| Value::Text(path.as_text().join(&part.as_text())))
    }))
}

/// What a method of a value returns.
pub(crate) fn method(whole: &Value, name: &str, arguments: &[Value], keywords: &[(&str, Value)]) -> Value {
    let first = || arguments.first().map(Value::as_text).unwrap_or_else(Text::hole);
    match whole {
        Value::OneOf(_) => whole.each(|one| method(one, name, arguments, keywords)),
        Value::Table(pairs) => match name {
            "items" => {
                let pair = |(key, value): &(Value, Value)| Value::Items(vec![key.clone(), value.clone()]);
                Value::items(pairs.iter().map(pair).collect())
            }
            "values" => Value::items(pairs.iter().map(|(_, value)| value.clone()).collect()),
            "keys" => Value::items(pairs.iter().map(|(key, _)| key.clone()).collect()),
            "get" => arguments.first().map_or(Value::Unknown, |key| part(whole, key)),
            _ => Value::Unknown,
        },
        Value::Items(items) if name == "copy" => Value::Items(items.clone()),
        Value::Text(text) => match name {
            "joinpath" | "__truediv__" => {
                let parts: Vec<Value> =
                    std::iter::once(whole.clone()).chain(arguments.iter().cloned()).collect();
                joined(&parts).unwrap_or(Value::Unknown)
            }
            "resolve" | "absolute" | "expanduser" | "as_posix" | "encode" | "decode" | "__fspath__"
            | "__str__" | "strip" | "rstrip" | "lstrip" => whole.clone(),
            "lower" => Value::Text(Text { base: text.base.clone(), text: text.text.to_lowercase() }),
            "iterdir" => listed(Some(text), &any()),
            "glob" => listed(Some(text), &first().pattern()),
            "rglob" => {
                let deep = Text { base: None, text: Text::DEEP.to_string() };
                listed(Some(text), &deep.plus(&first().pattern()))
            }
            "with_name" => Value::Text(text.parent().join(&first())),
            "with_suffix" => {
                let stem = attribute(whole, "stem").as_text();
                Value::Text(text.parent().join(&stem.plus(&first())))
            }
            "format" => filled(text, arguments, keywords),
            "replace" => replaced(text, arguments),
            "join" => match arguments.first() {
                Some(Value::Items(items)) => {
                    let texts = items.iter().map(Value::as_text);
                    let whole = texts.reduce(|all, next| all.plus(text).plus(&next));
                    Value::Text(whole.unwrap_or_else(|| Text::plain("")))
                }
                _ => Value::Unknown,
            },
            "split" => match (text.known(), first().known()) {
                (Some(text), Some(sign)) if !sign.is_empty() && !arguments.is_empty() => {
                    Value::items(text.split(sign).map(Value::text).collect())
                }
                (Some(text), _) if arguments.is_empty() => {
                    Value::items(text.split_whitespace().map(Value::text).collect())
                }
                _ => Value::Unknown,
            },
            // `__file__.rpartition("/")[0]`
            "rpartition" | "rsplit" if first().known() == Some("/") => {
                let (folder, own) = (Value::Text(text.parent()), Value::Text(text.name()));
                Value::Items(if name == "rsplit" {
                    vec![folder, own]
                } else {
                    vec![folder, Value::text("/"), own]
                })
            }
            "startswith" | "endswith" => match (text.known(), first().known()) {
                (Some(text), Some(end)) if name == "startswith" => Value::truth_of(text.starts_with(end)),
                (Some(text), Some(end)) => Value::truth_of(text.ends_with(end)),
                (None, Some(end)) if name == "endswith" && text.text.ends_with(end) => Value::Number(1),
                _ => Value::Unknown,
            },
            _ => Value::Unknown,
        },
        _ => Value::Unknown,
    }
}

/// `text.replace(old, new)`; of `__file__` its own name may be replaced.
fn replaced(text: &Text, arguments: &[Value]) -> Value {
    let [old, new, ..] = arguments else { return Value::Unknown };
    let (Value::Text(old), Value::Text(new)) = (old, new) else { return Value::Unknown };
    match (old.known(), new.known()) {
        (Some(old), Some(_)) if text.text.is_empty() && old.ends_with(".py") && text.base.is_some() => {
            Value::Text(text.parent().join(new))
        }
        (Some(old), Some(new)) if text.base.is_none() || text.text.contains(old) => {
            Value::Text(Text { base: text.base.clone(), text: text.text.replace(old, new) })
        }
        _ => Value::Unknown,
    }
}
