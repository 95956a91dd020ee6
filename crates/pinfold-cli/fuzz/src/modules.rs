//! `modules.idx`: any bytes are an error or a table that answers questions about any name.

use pinfold_core::modules::{FRAME, ModuleTable};

/// As `index`: odd, a body in a right frame; even, the whole file.
pub fn holds(data: &[u8]) {
    let Some((first, rest)) = data.split_first() else { return };
    let framed = if first % 2 == 1 { FRAME.wrap(rest) } else { rest.to_vec() };
    let Ok(table) = ModuleTable::decode(&framed) else { return };
    let suffixes = [".cpython-311-x86_64-linux-gnu.so".to_owned(), ".abi3.so".to_owned(), ".so".to_owned()];
    for module in table.modules() {
        let candidates = table.candidates(&module.name);
        assert!(candidates.contains(module), "{module:?} is found under its own name");
        if let Some(found) = table.find(&module.name, &suffixes) {
            assert_eq!(found.name, module.name, "what is found has the name that was asked for");
        }
    }
    for name in table.provides().keys() {
        assert!(!table.candidates(name).is_empty(), "`{name}` is provided, so it is there");
    }
    assert!(table.find("\u{1F40D} is no module", &suffixes).is_none_or(|m| m.name.starts_with('\u{1F40D}')));
}
