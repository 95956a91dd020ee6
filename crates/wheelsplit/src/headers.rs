//! The headers of METADATA and WHEEL files (core metadata specification; e-mail headers, UTF-8).
//!
//! Deliberately not here: the body of METADATA, and what the values mean.

use crate::error::Defect;

/// Headers in their order; a name may stand more than once.
pub(crate) struct Headers {
    file: String,
    fields: Vec<(String, String)>,
}

impl Headers {
    /// Parses `bytes` of `file` up to the first empty line.
    pub(crate) fn parse(file: &str, bytes: &[u8]) -> Result<Self, Defect> {
        let malformed = |reason: String| Defect::Metadata { file: file.to_owned(), reason };
        let text = std::str::from_utf8(bytes).map_err(|e| malformed(format!("it is not UTF-8: {e}")))?;
        let mut fields: Vec<(String, String)> = Vec::new();
        for (number, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
            if line.is_empty() {
                break;
            }
            if line.starts_with([' ', '\t']) {
                // A folded header (RFC 5322, 2.2.3) goes on.
                if let Some((_, value)) = fields.last_mut() {
                    value.push('\n');
                    value.push_str(line.trim());
                    continue;
                }
            }
            let Some((name, value)) = line.split_once(':') else {
                return Err(malformed(format!("line {} is not a `Name: value` header", number + 1)));
            };
            fields.push((name.trim().to_owned(), value.trim().to_owned()));
        }
        Ok(Headers { file: file.to_owned(), fields })
    }

    /// Every value of `name`, in order; names are compared without regard to case.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.fields.iter().filter(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
    }

    /// The first value of `name`.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
    }

    /// The value of a header that must be there.
    pub(crate) fn need(&self, name: &str) -> Result<&str, Defect> {
        self.get(name).filter(|value| !value.is_empty()).ok_or_else(|| Defect::Metadata {
            file: self.file.clone(),
            reason: format!("it has no `{name}`"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_fold_repeat_and_end_at_the_body() {
        let text = "Metadata-Version: 2.1\nname: X\nRequires-Dist: a (>=1)\nLicense: one\n  two\nRequires-Dist: b\n\nName: body\n";
        let headers = Headers::parse("METADATA", text.as_bytes()).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(headers.get("Name"), Some("X"));
        assert_eq!(headers.all("requires-dist").collect::<Vec<_>>(), ["a (>=1)", "b"]);
        assert_eq!(headers.get("License"), Some("one\ntwo"));
        assert!(headers.need("Version").is_err());
    }

    #[test]
    fn what_is_no_header_is_refused() {
        for bad in [&b"no colon here\n"[..], b"\xff\xfe: x\n"] {
            assert!(Headers::parse("WHEEL", bad).is_err());
        }
    }
}
