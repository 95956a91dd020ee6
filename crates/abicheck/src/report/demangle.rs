//! Names of C++ symbols as people write them (Itanium C++ ABI, section 5.1), in text for people.
//!
//! Deliberately not here: reports for programs, which have symbols as files have them.

use cpp_demangle::{BorrowedSymbol, DemangleOptions, DemangleWrite};

/// Mangled names longer than this, and readable ones, stay as they are: a name can be made that unfolds without end.
const LONGEST: usize = 2000;

/// `text` with every mangled name in it made readable, without its parameters.
pub(crate) fn readable(text: &str) -> String {
    let mut made = String::new();
    let mut rest = text;
    while let Some((before, name, after)) = next(rest) {
        made.push_str(before);
        made.push_str(&demangled(name).unwrap_or_else(|| name.to_owned()));
        rest = after;
    }
    made + rest
}

/// The mangled names in `text`, each with what it says.
pub(super) fn names(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((_, name, after)) = next(rest) {
        found.extend(demangled(name).map(|readable| (name.to_owned(), readable)));
        rest = after;
    }
    found
}

/// What `name` says, if it is mangled.
pub(super) fn demangled(name: &str) -> Option<String> {
    if !name.starts_with("_Z") || name.len() > LONGEST {
        return None;
    }
    let symbol = BorrowedSymbol::new(name.as_bytes()).ok()?;
    let mut made = Bounded(String::new());
    symbol.structured_demangle(&mut made, &DemangleOptions::new().no_params().no_return_type()).ok()?;
    Some(made.0)
}

/// The text before the first mangled name, the name, and the text after it.
fn next(text: &str) -> Option<(&str, &str, &str)> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '$' || c == '.';
    let mut from = 0;
    loop {
        let at = from + text[from..].find("_Z")?;
        if !text[..at].ends_with(is_name) {
            let end = text[at..].find(|c| !is_name(c)).map_or(text.len(), |end| at + end);
            // The dot that ends a sentence is no part of it.
            let name = text[at..end].trim_end_matches('.');
            return Some((&text[..at], name, &text[at + name.len()..]));
        }
        from = at + 2;
    }
}

struct Bounded(String);

impl DemangleWrite for Bounded {
    fn write_string(&mut self, part: &str) -> std::fmt::Result {
        if self.0.len() + part.len() > LONGEST {
            return Err(std::fmt::Error);
        }
        self.0.push_str(part);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_sentences_are_readable() {
        let text = "needs _ZN4base4openEPKc. Not x_Z3foo, nor _Zzz, nor _Z";
        assert_eq!(readable(text), "needs base::open. Not x_Z3foo, nor _Zzz, nor _Z");
        assert_eq!(names(text), [("_ZN4base4openEPKc".to_owned(), "base::open".to_owned())]);
    }

    #[test]
    fn a_name_that_unfolds_without_end_stays() {
        // Each substitution doubles what it says.
        let pairs: String = (0..40).map(|at| format!("S{}_S{}_E", letter(at), letter(at))).collect();
        let name = format!("_Z1fI1aE{}", "St4pairI".repeat(40) + &pairs);
        assert!(demangled(&name).is_none_or(|text| text.len() <= LONGEST));
    }

    fn letter(at: usize) -> char {
        char::from(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[at % 36])
    }
}
