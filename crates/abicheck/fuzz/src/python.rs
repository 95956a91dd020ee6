//! Python sources: any text is effects that stand in it, or a reason; never the end of the process.

use python_facts::{Effect, Target, read};

/// The data is the source, with what is not UTF-8 replaced, as abicheck reads it.
pub fn holds(data: &[u8]) {
    let source = String::from_utf8_lossy(data);
    let target = Target { version: (3, 11) };
    match read(&source, &target) {
        Ok(effects) => {
            let lines = source.bytes().filter(|byte| *byte == b'\n').count() + 1;
            effects.iter().for_each(|effect| stands(effect, lines));
            assert_eq!(read(&source, &target).as_ref(), Ok(&effects), "another reading says otherwise");
        }
        Err(reason) => assert!(!reason.is_empty(), "a refusal says why"),
    }
}

fn stands(effect: &Effect, lines: usize) {
    match effect {
        Effect::Import(import) => assert!((1..=lines).contains(&(import.line as usize)), "{import:?}"),
        Effect::Try { body, handlers, .. } => {
            body.iter().chain(handlers).for_each(|effect| stands(effect, lines));
        }
        _ => {}
    }
}
