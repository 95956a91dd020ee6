//! How deeply a source nests, told before it is parsed: the parser recurses, and a source made for it would end the
//! process.
//!
//! CPython refuses more than 100 levels of indentation and 200 of brackets (`Parser/lexer/state.h`: MAXINDENT,
//! MAXLEVEL); it has a limit on chains of operators too, by its stack. The count is an upper bound: what an f-string
//! holds counts as text. Deliberately not here: whether the source is one.

/// More than any source that a person or a generator writes.
const DEEPEST: usize = 2000;
const BRACKETS: usize = 200;
const INDENTS: usize = 100;

/// The depth of `source`; `Err` with the reason for one that CPython would refuse as well.
pub(crate) fn depth(source: &str) -> Result<usize, String> {
    let mut scan = Scan { bytes: source.as_bytes(), at: 0, indents: vec![0], chains: vec![0], deepest: 0 };
    scan.run()?;
    Ok(scan.deepest)
}

struct Scan<'a> {
    bytes: &'a [u8],
    at: usize,
    /// The columns of the blocks that are open.
    indents: Vec<usize>,
    /// For each open bracket: the operators since its last comma.
    chains: Vec<usize>,
    deepest: usize,
}

impl Scan<'_> {
    fn run(&mut self) -> Result<(), String> {
        self.indentation()?;
        while let Some(&byte) = self.bytes.get(self.at) {
            match byte {
                b'#' => self.skip_until(b'\n'),
                b'\'' | b'"' => self.string(byte),
                b'\\' => self.at += 2,
                b'\n' => {
                    self.at += 1;
                    if self.chains.len() == 1 {
                        self.chains[0] = 0;
                        self.indentation()?;
                    }
                }
                b'(' | b'[' | b'{' => {
                    self.at += 1;
                    self.link()?;
                    self.chains.push(0);
                    if self.chains.len() > BRACKETS {
                        return Err(format!("more than {BRACKETS} brackets are open at once"));
                    }
                }
                b')' | b']' | b'}' => {
                    self.at += 1;
                    if self.chains.len() > 1 {
                        self.chains.pop();
                    }
                }
                b',' | b';' => {
                    self.at += 1;
                    if let Some(chain) = self.chains.last_mut() {
                        *chain = 0;
                    }
                }
                b'a'..=b'z' | b'A'..=b'Z' | b'_' | 0x80.. => self.word()?,
                b'+' | b'-' | b'*' | b'/' | b'%' | b'@' | b'&' | b'|' | b'^' | b'~' | b'<' | b'>' | b'='
                | b'.' | b':' => {
                    self.at += 1;
                    self.link()?;
                }
                _ => self.at += 1,
            }
        }
        Ok(())
    }

    /// One more level: an operator, a call, an attribute.
    fn link(&mut self) -> Result<(), String> {
        if let Some(chain) = self.chains.last_mut() {
            *chain += 1;
        }
        let depth = self.chains.iter().sum::<usize>() + self.indents.len();
        self.deepest = self.deepest.max(depth);
        if depth > DEEPEST {
            return Err(format!("an expression is nested more than {DEEPEST} times"));
        }
        Ok(())
    }

    fn word(&mut self) -> Result<(), String> {
        let start = self.at;
        let rest = &self.bytes[start..];
        let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_' || *byte >= 0x80;
        let length = rest.iter().position(|byte| !is_word(byte)).unwrap_or(rest.len());
        self.at += length;
        match &rest[..length] {
            b"not" | b"lambda" | b"if" | b"await" | b"and" | b"or" | b"for" | b"in" | b"is" | b"yield" => {
                self.link()
            }
            _ => Ok(()),
        }
    }

    fn string(&mut self, quote: u8) {
        let long = self.bytes[self.at..].starts_with(&[quote; 3]);
        self.at += if long { 3 } else { 1 };
        while let Some(&byte) = self.bytes.get(self.at) {
            match byte {
                b'\\' => self.at += 2,
                b'\n' if !long => return,
                _ if byte == quote && !long => {
                    self.at += 1;
                    return;
                }
                _ if long && self.bytes[self.at..].starts_with(&[quote; 3]) => {
                    self.at += 3;
                    return;
                }
                _ => self.at += 1,
            }
        }
    }

    fn indentation(&mut self) -> Result<(), String> {
        let rest = &self.bytes[self.at..];
        let column = rest.iter().position(|byte| !matches!(byte, b' ' | b'\t' | 0x0c)).unwrap_or(rest.len());
        self.at += column;
        if matches!(self.bytes.get(self.at), None | Some(b'\n' | b'\r' | b'#')) {
            return Ok(());
        }
        while self.indents.last().is_some_and(|open| *open > column) {
            self.indents.pop();
        }
        if self.indents.last().is_none_or(|open| *open < column) {
            self.indents.push(column);
        }
        if self.indents.len() > INDENTS {
            return Err(format!("more than {INDENTS} levels of indentation"));
        }
        Ok(())
    }

    fn skip_until(&mut self, end: u8) {
        let rest = &self.bytes[self.at..];
        self.at += rest.iter().position(|byte| *byte == end).unwrap_or(rest.len());
    }
}

#[cfg(test)]
mod tests {
    use super::depth;

    #[test]
    fn plain_code_is_shallow() {
        let table = format!("x = [{}]\n", "-1, (2, 'a([{'), ".repeat(10_000));
        assert!(depth(&table).expect("a table") < 10);
        let source = "def f(a, b=1):\n    '''((((((('''\n    return a.b.c(d)[1] + 2 # ((((\n".repeat(1000);
        assert!(depth(&source).expect("plain code") < 20);
    }

    #[test]
    fn what_would_overflow_is_refused() {
        for source in [
            "(".repeat(300),
            "-".repeat(5000),
            "not ".repeat(5000),
            "f".to_owned() + &"(a, b)".repeat(5000),
            "x.".repeat(5000),
            "lambda: ".repeat(5000),
            (0..150).map(|n| format!("{}if x:\n", " ".repeat(n))).collect(),
        ] {
            assert!(depth(&source).is_err(), "{}", &source[..20]);
        }
    }
}
