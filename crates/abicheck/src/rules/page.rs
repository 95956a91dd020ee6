//! A rule's page: the `//!` lines at the top of its file.
//!
//! Deliberately not here: Markdown; a page is shown as it is written.

/// A page, in Markdown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page(String);

impl Page {
    /// The page in `source`, the text of a rule's file.
    pub(crate) fn of(source: &str) -> Self {
        let lines = source.lines().map_while(|line| line.strip_prefix("//!"));
        let lines = lines.map(|line| line.strip_prefix(' ').unwrap_or(line));
        Self(lines.collect::<Vec<_>>().join("\n"))
    }

    /// The whole text.
    pub fn text(&self) -> &str {
        &self.0
    }

    /// The text below the title, which is the rule's name.
    pub fn body(&self) -> &str {
        let title = |text: &'_ str| text.starts_with("# ").then(|| text.find('\n')).flatten();
        title(&self.0).map_or(self.0.as_str(), |at| &self.0[at..]).trim()
    }

    /// What stands below the heading `title`, such as `Fix`, up to the next one.
    pub fn section(&self, title: &str) -> Option<&str> {
        let start = self.0.find(&format!("## {title}\n"))? + title.len() + 4;
        let rest = &self.0[start..];
        let end = rest.find("\n## ").unwrap_or(rest.len());
        Some(rest[..end].trim())
    }
}
