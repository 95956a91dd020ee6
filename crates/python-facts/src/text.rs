//! Texts and paths as reading tells them: a place that the environment decides, and what code adds to it.
//!
//! A path is where it starts and the text behind, as code puts it together: the folder of `__file__` is `__file__` and
//! `/..`. Names that a folder decides are patterns. Deliberately not here: asking a file system.

use serde::{Deserialize, Serialize};

/// A module, or something in one: the dots in front, and the names.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Dotted {
    /// 0 for an absolute name.
    pub level: u32,
    /// Names with dots between.
    pub name: String,
}

impl Dotted {
    pub(crate) fn absolute(name: &str) -> Self {
        Self { level: 0, name: name.to_owned() }
    }

    /// `name` in it.
    pub(crate) fn then(&self, name: &str) -> Self {
        let dot = if self.name.is_empty() { "" } else { "." };
        Self { level: self.level, name: format!("{}{dot}{name}", self.name) }
    }
}

/// Where a text starts that is a path.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Base {
    /// `__file__` of the module that is read.
    Own,
    /// `__file__` of another one.
    File(Dotted),
    /// The folder of a package: `__path__[0]`, `importlib.resources.files`.
    Folder(Dotted),
    /// A text that another module holds.
    Constant(Dotted),
    /// `sys.prefix`.
    Prefix,
    /// A folder that packages are installed in.
    Site,
    /// Not told.
    Unknown,
}

/// A text.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Text {
    /// What it starts with; `None` for plain text.
    pub base: Option<Base>,
    /// What is added, in which some characters stand for what a folder has.
    pub text: String,
}

/// Longer texts are not told.
const LONGEST: usize = 2000;

impl Text {
    /// Every name, or part of one, that is there: `*`.
    pub const ANY: char = '\u{e000}';
    /// One character: `?`.
    pub const ONE: char = '\u{e001}';
    /// Any text, slashes too: `**`.
    pub const DEEP: char = '\u{e002}';
    /// One text that is not told.
    pub const HOLE: char = '\u{e003}';

    pub(crate) fn plain(text: &str) -> Self {
        Self { base: None, text: text.chars().take(LONGEST).collect() }
    }

    pub(crate) fn at(base: Base) -> Self {
        Self { base: Some(base), text: String::new() }
    }

    /// What is not told.
    pub(crate) fn hole() -> Self {
        Self { base: Some(Base::Unknown), text: String::new() }
    }

    /// The text itself, where all of it is told.
    pub(crate) fn known(&self) -> Option<&str> {
        (self.base.is_none() && !self.text.contains(special)).then_some(&self.text)
    }

    /// Whether it stands for each of several names.
    pub fn is_pattern(&self) -> bool {
        self.text.contains([Self::ANY, Self::ONE, Self::DEEP])
    }

    /// Whether a part is not told.
    pub fn has_hole(&self) -> bool {
        self.text.contains(Self::HOLE)
    }

    /// This and `next`, as `+` does.
    pub(crate) fn plus(&self, next: &Self) -> Self {
        if self.base.is_none() && self.text.is_empty() {
            return next.clone();
        }
        let joint = match next.base {
            None => format!("{}{}", self.text, next.text),
            Some(Base::Unknown) => format!("{}{}{}", self.text, Self::HOLE, next.text),
            Some(_) => return Self::hole().plus(&Self::plain(&next.text)),
        };
        if joint.len() > LONGEST {
            return Self::hole();
        }
        Self { base: self.base.clone(), text: joint }
    }

    /// `os.path.join`.
    pub(crate) fn join(&self, next: &Self) -> Self {
        let starts_anew = next.text.starts_with('/') && next.base.is_none();
        let known = !matches!(next.base, None | Some(Base::Unknown));
        if starts_anew || known || (self.base.is_none() && self.text.is_empty()) {
            return next.clone();
        }
        let slash = if self.text.ends_with('/') { "" } else { "/" };
        self.plus(&Self::plain(slash)).plus(next)
    }

    /// `os.path.dirname`.
    pub(crate) fn parent(&self) -> Self {
        match &self.base {
            Some(_) => self.plus(&Self::plain("/..")),
            None => Self::plain(self.text.rsplit_once('/').map_or("", |(folder, _)| folder)),
        }
    }

    /// `os.path.basename`.
    pub fn name(&self) -> Self {
        if self.base.is_none() {
            return Self::plain(self.text.rsplit('/').next().unwrap_or_default());
        }
        let (_, last) = tail(&self.text);
        last.filter(|last| !last.is_empty()).map_or_else(Self::hole, |last| Self::plain(&last))
    }

    /// The path below `base`, without `.` and `..`.
    pub fn below(&self, base: &str) -> String {
        let whole = format!("{base}{}", self.text);
        let mut parts: Vec<&str> = Vec::new();
        for part in whole.split('/') {
            match part {
                "" | "." => {}
                ".." => {
                    parts.pop();
                }
                name => parts.push(name),
            }
        }
        let root = if whole.starts_with('/') { "/" } else { "" };
        format!("{root}{}", parts.join("/"))
    }

    /// Whether `name` is what the pattern `pattern` stands for.
    pub fn matches(pattern: &str, name: &str) -> bool {
        // `**/` is no folder too.
        let pattern: Vec<char> = pattern.replace(&format!("{}/", Self::DEEP), "\u{e002}").chars().collect();
        let name: Vec<char> = name.chars().collect();
        // Which ends of `name`'s beginnings the pattern so far may come to.
        let mut ends = vec![false; name.len() + 1];
        ends[0] = true;
        for sign in pattern {
            let mut next = vec![false; ends.len()];
            let (many, deep) = (matches!(sign, Self::ANY | Self::HOLE | Self::DEEP), sign == Self::DEEP);
            for at in 0..ends.len() {
                let before = at.checked_sub(1).map(|before| name[before]);
                next[at] = match before {
                    _ if many && ends[at] => true,
                    Some(letter) if many => next[at - 1] && (deep || letter != '/'),
                    Some(letter) => ends[at - 1] && (letter == sign || (sign == Self::ONE && letter != '/')),
                    None => false,
                };
            }
            ends = next;
        }
        ends[name.len()]
    }

    /// A pattern of `glob` or `fnmatch` in our characters.
    pub(crate) fn pattern(&self) -> Self {
        let mut text = String::new();
        let mut class = false;
        let mut letters = self.text.chars().peekable();
        while let Some(letter) = letters.next() {
            match letter {
                ']' if class => class = false,
                _ if class => {}
                '[' => {
                    class = true;
                    text.push(Self::ONE);
                }
                '*' if letters.peek() == Some(&'*') => {
                    letters.next();
                    text.push(Self::DEEP);
                }
                '*' => text.push(Self::ANY),
                '?' => text.push(Self::ONE),
                letter => text.push(letter),
            }
        }
        Self { base: self.base.clone(), text }
    }

    /// The same, of the names that `narrow` makes of its last part.
    fn of_last(&self, narrow: impl FnOnce(&str) -> String) -> Self {
        let (folder, last) = match self.text.rsplit_once('/') {
            Some((folder, last)) => (format!("{folder}/"), last),
            None => (String::new(), self.text.as_str()),
        };
        Self { base: self.base.clone(), text: format!("{folder}{}", narrow(last)) }
    }

    /// Those of the names that end with `end`.
    pub(crate) fn ending(&self, end: &str) -> Self {
        self.of_last(|last| {
            let stem = last.trim_end_matches([Self::ANY, Self::DEEP]);
            match stem.ends_with(end) {
                true => stem.to_owned(),
                false => format!("{last}{end}"),
            }
        })
    }

    /// Those that start with `start`.
    pub(crate) fn starting(&self, start: &str) -> Self {
        self.of_last(|last| match last.starts_with(start) {
            true => last.to_owned(),
            false => format!("{start}{last}"),
        })
    }

    /// Those that have `part` in them.
    pub(crate) fn having(&self, part: &str) -> Self {
        self.of_last(|last| match last.contains(part) {
            true => last.to_owned(),
            false => format!("{}{part}{}", Self::ANY, last),
        })
    }

    /// Those that are also of the pattern `pattern`, for names of which nothing was told.
    pub(crate) fn like(&self, pattern: &Self) -> Self {
        self.of_last(|_| pattern.pattern().text)
    }
}

/// How many folders up a text leads, and its last name, if it has one.
fn tail(text: &str) -> (usize, Option<String>) {
    let (mut ups, mut parts) = (0, Vec::new());
    for part in text.split('/').skip(usize::from(text.starts_with('/'))) {
        match part {
            "" | "." => {}
            ".." if parts.pop().is_none() => ups += 1,
            ".." => {}
            name => parts.push(name),
        }
    }
    (ups, parts.last().map(|last| (*last).to_owned()))
}

fn special(letter: char) -> bool {
    matches!(letter, Text::ANY | Text::ONE | Text::DEEP | Text::HOLE)
}

#[cfg(test)]
mod tests {
    use super::{Base, Text};

    fn pattern(text: &str) -> String {
        Text::plain(text).pattern().text
    }

    #[test]
    fn patterns_are_those_of_glob() {
        for (glob, name, expect) in [
            ("lib*.so*", "liba.so.1", true),
            ("lib*.so", "liba.so.1", false),
            ("*.so", "lib/a.so", false),
            ("**/*.so", "a.so", true),
            ("**/*.so", "b/c/a.so", true),
            ("lib?.so", "liba.so", true),
            ("lib[ab].so", "libab.so", false),
            ("", "", true),
            ("*", "", true),
        ] {
            assert_eq!(Text::matches(&pattern(glob), name), expect, "{glob} {name}");
        }
    }

    #[test]
    fn conditions_narrow_names() {
        let any = Text::plain(&Text::ANY.to_string());
        let of = |text: &Text, name| Text::matches(&text.text, name);
        let libraries = any.ending(".so").starting("lib");
        assert!(of(&libraries, "liba.so") && !of(&libraries, "a.so") && !of(&libraries, "liba.so.1"));
        let having = any.having(".so.").starting("lib");
        assert!(of(&having, "liba.so.1") && !of(&having, "liba.so"));
    }

    #[test]
    fn paths_are_put_together_as_code_does() {
        let folder = Text::at(Base::Own).parent();
        let path = folder.join(&Text::plain("..")).join(&Text::plain("p.libs/libp.so"));
        assert_eq!(path.below("/site/p/__init__.py"), "/site/p.libs/libp.so");
        assert_eq!(path.name(), Text::plain("libp.so"));
        assert_eq!(Text::plain("a/b").join(&Text::plain("/c")), Text::plain("/c"));
        assert!(folder.name().known().is_none(), "the folder's own name is not told");
    }
}
