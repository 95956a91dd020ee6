//! `index.bin`: any bytes are an error or an environment that holds what a checked one promises.
//!
//! A checksum would keep every input out, so the second half of the inputs get a frame that is right.

use pinfold_core::index;

/// The first byte decides: odd, the rest is a body in a right frame; even, it is the whole file.
pub fn holds(data: &[u8]) {
    let Some((first, rest)) = data.split_first() else { return };
    let framed = if first % 2 == 1 { index::FRAME.wrap(rest) } else { rest.to_vec() };
    let Ok(env) = index::decode(&framed) else { return };
    let written = index::encode(&env).expect("what was read can be written");
    assert_eq!(index::decode(&written).as_ref(), Ok(&env), "reading what was written gives the same");
    super::resolver::answers(&env);
}
