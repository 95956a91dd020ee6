//! Names as ELF has them: bytes up to a NUL, in no encoding.
//!
//! Deliberately not here: demangling, which is for reports.

use std::borrow::Cow;
use std::ffi::OsStr;
use std::fmt;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use serde::{Deserialize, Serialize};
use zerocopy::{FromBytes, Immutable, IntoBytes};

/// One name of its own, such as a soname. Displayed with what is not UTF-8 replaced and control characters
/// escaped, so that a file cannot write to the terminal of whoever looks at it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Name(Box<[u8]>);

impl Name {
    /// The name of these bytes.
    pub fn new(bytes: impl Into<Box<[u8]>>) -> Self {
        Self(bytes.into())
    }

    /// Its bytes, without the NUL.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// As a path; on Linux a path is bytes too.
    pub fn as_path(&self) -> &Path {
        Path::new(OsStr::from_bytes(&self.0))
    }

    /// As text, with what is not UTF-8 replaced.
    pub fn to_text(&self) -> Cow<'_, str> {
        text(&self.0)
    }
}

impl From<&str> for Name {
    fn from(text: &str) -> Self {
        Self(text.as_bytes().into())
    }
}

impl From<&Path> for Name {
    fn from(path: &Path) -> Self {
        Self(path.as_os_str().as_bytes().into())
    }
}

impl fmt::Display for Name {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.to_text())
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.to_text(), formatter)
    }
}

/// `bytes` as text for people: UTF-8 as far as it is, control characters escaped.
pub(crate) fn text(bytes: &[u8]) -> Cow<'_, str> {
    let text = String::from_utf8_lossy(bytes);
    if !text.contains(char::is_control) {
        return text;
    }
    let escaped = text.chars().flat_map(|c| {
        let (escape, plain) = if c.is_control() { (Some(c.escape_default()), None) } else { (None, Some(c)) };
        escape.into_iter().flatten().chain(plain)
    });
    Cow::Owned(escaped.collect())
}

/// Where a name stands in [`Names`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable)]
#[repr(C)]
pub struct Span {
    at: u32,
    length: u32,
}

/// The string table of a file, as it is there. A span of another table answers with other names or with none,
/// never with a panic.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names(pub(crate) Vec<u8>);

impl Names {
    /// The name that starts at byte `at`; `None` beyond the end, or where no NUL ends it.
    pub(crate) fn span(&self, at: u64) -> Option<Span> {
        let start = usize::try_from(at).ok()?;
        let length = memchr::memchr(0, self.0.get(start..)?)?;
        Some(Span { at: u32::try_from(at).ok()?, length: u32::try_from(length).ok()? })
    }

    /// The bytes of a span of this table; empty for a span of another that does not fit.
    pub fn bytes(&self, span: Span) -> &[u8] {
        let start = span.at as usize;
        self.0.get(start..start.saturating_add(span.length as usize)).unwrap_or_default()
    }

    /// The name of a span as one of its own.
    pub fn name(&self, span: Span) -> Name {
        Name::new(self.bytes(span))
    }

    /// Whether `span` lies within the table.
    pub(crate) fn holds(&self, span: Span) -> bool {
        (span.at as usize).checked_add(span.length as usize).is_some_and(|end| end <= self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_write_to_the_terminal() {
        assert_eq!(Name::new(*b"lib\x1b[2J\xffx.so").to_string(), "lib\\u{1b}[2J\u{fffd}x.so");
        assert_eq!(Name::from("libz.so.1").to_string(), "libz.so.1");
    }

    #[test]
    fn a_span_ends_at_the_nul_and_never_beyond_the_table() {
        let names = Names(b"\0one\0two".to_vec());
        let one = names.span(1).expect("it ends with a NUL");
        assert_eq!(names.bytes(one), b"one");
        assert_eq!(names.span(5), None, "nothing ends this one");
        assert_eq!(names.span(99), None);
        assert_eq!(Names(b"x".to_vec()).bytes(one), b"");
    }
}
