//! Rust code with its comments and strings blanked, so that a rule about code does not read prose.
//!
//! Deliberately not here: a parser. Nested comments, raw strings and character literals are understood, which
//! is what it takes to know what is code.

/// `text` with comments, strings and character literals replaced by spaces; lines stay where they are.
pub fn only_code(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let skipped = not_code(rest, out.chars().last());
        let taken = if skipped > 0 { skipped } else { first.len_utf8() };
        let (here, after) = rest.split_at(taken);
        match skipped {
            0 => out.push_str(here),
            _ => out.extend(here.chars().map(|c| if c == '\n' { '\n' } else { ' ' })),
        }
        rest = after;
    }
    out
}

/// Whether `word` stands in `code` as a word of its own.
pub fn has_word(code: &str, word: &str) -> bool {
    code.split(|c: char| !(c.is_alphanumeric() || c == '_')).any(|found| found == word)
}

/// How many bytes at the start of `rest` are a comment, a string or a character; 0 when it is code.
fn not_code(rest: &str, before: Option<char>) -> usize {
    if rest.starts_with("//") {
        return rest.find('\n').unwrap_or(rest.len());
    }
    if rest.starts_with("/*") {
        return block_comment(rest);
    }
    let in_word = before.is_some_and(|c| c.is_alphanumeric() || c == '_');
    let unprefixed = rest.trim_start_matches(['b', 'c']);
    if !in_word && let Some(raw) = unprefixed.strip_prefix('r') {
        let hashes = raw.len() - raw.trim_start_matches('#').len();
        if raw[hashes..].starts_with('"') {
            let close = format!("\"{}", "#".repeat(hashes));
            let start = rest.len() - raw.len() + hashes + 1;
            return rest[start..].find(&close).map_or(rest.len(), |end| start + end + close.len());
        }
    }
    if rest.starts_with('"') {
        return quoted(rest, '"').unwrap_or(rest.len());
    }
    if let Some(after) = rest.strip_prefix('\'') {
        // A lifetime has no closing quote right after its one character.
        let escaped = after.starts_with('\\');
        let one = rest.chars().nth(2) == Some('\'');
        return if escaped || one { quoted(rest, '\'').unwrap_or(0) } else { 0 };
    }
    0
}

fn block_comment(rest: &str) -> usize {
    let (mut depth, mut at) = (0usize, 0);
    while at < rest.len() {
        if rest[at..].starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest[at..].starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += rest[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    rest.len()
}

fn quoted(rest: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return Some(at + 1),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prose_is_blanked_and_code_is_kept() {
        let text = "a /* b /* c */ d */ e // f\n\"g \\\" h\" i r#\"j\"k\"# 'l' 'm: &'n str '\\'' o";
        let code = only_code(text);
        assert_eq!(code.len(), text.len());
        let words: Vec<&str> = code.split_whitespace().collect();
        assert_eq!(words, ["a", "e", "i", "'m:", "&'n", "str", "o"]);
    }

    #[test]
    fn a_word_is_not_a_part_of_one() {
        assert!(has_word("pub unsafe fn f()", "unsafe"));
        assert!(!has_word("#![allow(unsafe_code)]", "unsafe"));
    }
}
