//! How deeply a source nests, told before it is parsed: the parser recurses, and a source made for it would end the
//! process.
//!
//! CPython refuses more than 100 levels of indentation and 200 of brackets (`Parser/lexer/state.h`: MAXINDENT,
//! MAXLEVEL); it has a limit on chains of operators too, by its stack. Tokens are counted, so that what stands in the
//! fields of f-strings counts and their text does not. After an error the parser takes up the source at another
//! place than the tokens say; brackets and indentation are therefore counted a second time over the plain text.
//! Deliberately not here: whether the source is one.

use ruff_python_ast::token::TokenKind;
use ruff_python_parser::{Mode, lexer};

/// More than any source that a person or a generator writes.
const DEEPEST: usize = 2000;
/// As much in the plain text, where brackets in strings need no partner; the stack that deep sources get fits it.
const PLAIN: usize = 50_000;
const BRACKETS: usize = 200;
const INDENTS: usize = 100;

/// The depth of `source`; `Err` with the reason for one that CPython would refuse as well.
pub(crate) fn depth(source: &str) -> Result<usize, String> {
    if u32::try_from(source.len()).is_err() {
        return Err(format!("a source of {} bytes", source.len()));
    }
    let plain = plain_depth(source.as_bytes());
    if plain > PLAIN {
        return Err(format!("more than {PLAIN} brackets or blocks are open at once"));
    }
    let mut count = Count { indents: 0, chains: vec![0], deepest: plain };
    let mut lexer = lexer::lex(source, Mode::Module);
    loop {
        let token = lexer.next_token();
        match token {
            TokenKind::EndOfFile => return Ok(count.deepest),
            TokenKind::Unknown => {
                let first = lexer.finish().into_iter().next();
                return Err(first.map_or("no Python source".to_owned(), |error| error.to_string()));
            }
            token => count.token(token)?,
        }
    }
}

struct Count {
    /// The blocks that are open.
    indents: usize,
    /// For each open bracket: the operators since its last comma.
    chains: Vec<usize>,
    deepest: usize,
}

impl Count {
    fn token(&mut self, token: TokenKind) -> Result<(), String> {
        use TokenKind::*;
        match token {
            Lpar | Lsqb | Lbrace | FStringStart | TStringStart => {
                self.link()?;
                self.chains.push(0);
                if self.chains.len() > BRACKETS {
                    return Err(format!("more than {BRACKETS} brackets are open at once"));
                }
                Ok(())
            }
            Rpar | Rsqb | Rbrace | FStringEnd | TStringEnd => {
                if self.chains.len() > 1 {
                    self.chains.pop();
                }
                Ok(())
            }
            Newline => {
                self.chains.truncate(1);
                self.chains[0] = 0;
                Ok(())
            }
            Comma | Semi => {
                if let Some(chain) = self.chains.last_mut() {
                    *chain = 0;
                }
                Ok(())
            }
            Indent => {
                self.indents += 1;
                if self.indents > INDENTS {
                    return Err(format!("more than {INDENTS} levels of indentation"));
                }
                Ok(())
            }
            Dedent => {
                self.indents = self.indents.saturating_sub(1);
                Ok(())
            }
            // After `async` the parser takes any statement, another `async` too.
            Async | Await | Not | Lambda | If | And | Or | For | In | Is | Yield => self.link(),
            operator if operator.is_operator() => self.link(),
            _ => Ok(()),
        }
    }

    /// One more level: an operator, a call, an attribute.
    fn link(&mut self) -> Result<(), String> {
        if let Some(chain) = self.chains.last_mut() {
            *chain += 1;
        }
        let depth = self.chains.iter().sum::<usize>() + self.indents;
        self.deepest = self.deepest.max(depth);
        if depth > DEEPEST {
            return Err(format!("an expression is nested more than {DEEPEST} times"));
        }
        Ok(())
    }
}

/// The most brackets, or blocks by their indentation, that are open at once, whatever is text and what is code.
fn plain_depth(source: &[u8]) -> usize {
    let (mut open, mut most) = (0_usize, 0);
    for byte in source {
        match byte {
            b'(' | b'[' | b'{' => {
                open += 1;
                most = most.max(open);
            }
            b')' | b']' | b'}' => open = open.saturating_sub(1),
            _ => {}
        }
    }
    let mut columns = Vec::new();
    for line in source.split(|byte| matches!(byte, b'\n' | b'\r')) {
        let length = line.iter().position(|byte| !matches!(byte, b' ' | b'\t' | 0x0c)).unwrap_or(0);
        // A tab ends at the next multiple of eight (Python's reference, 2.1.8).
        let tab = |column: usize, byte: &u8| if *byte == b'\t' { (column / 8 + 1) * 8 } else { column + 1 };
        let column = line[..length].iter().fold(0, tab);
        while columns.last().is_some_and(|open| *open >= column) {
            columns.pop();
        }
        if column > 0 {
            columns.push(column);
            most = most.max(columns.len());
        }
    }
    most
}

#[cfg(test)]
mod tests {
    use super::depth;

    #[test]
    fn plain_code_is_shallow() {
        let table = format!("x = [{}]\n", "-1, (2, 'a([{}])'), ".repeat(10_000));
        assert!(depth(&table).expect("a table") < 10);
        assert!(depth(&table.replace("}])", "")).is_ok());
        let source =
            "def f(a, b=1):\n    '''((([[[]]])))'''\n    return a.b.c(d)[1] + 2 # ((()))\n".repeat(1000);
        assert!(depth(&source).expect("plain code") < 20);
        assert!(depth(&source.replace(")))", "")).is_ok());
    }

    #[test]
    fn what_would_overflow_is_refused() {
        for source in [
            "(".repeat(300),
            "-".repeat(5000),
            "not ".repeat(5000),
            "f".to_owned() + &"(a, b)".repeat(5000),
            "x.".repeat(5000) + "x",
            "lambda: ".repeat(5000),
            "async ".repeat(5000),
            format!("f'{{{}'", "(".repeat(300)),
            format!("f'{{x:{}'", "{x:".repeat(300)),
            "f'{".repeat(300),
            "x = -\\\r\n".to_owned() + &"-\\\r\n".repeat(5000),
            (0..150).map(|n| format!("{}if x:\n", " ".repeat(n))).collect(),
        ] {
            assert!(depth(&source).is_err(), "{}", source.chars().take(20).collect::<String>());
        }
    }
}
