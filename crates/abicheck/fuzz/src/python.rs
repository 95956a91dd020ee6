//! Python sources: any text is effects that stand in it, or a reason; never the end of the process.

use python_facts::{Call, Dotted, Effect, Target, call, read};

/// The data is the source, with what is not UTF-8 replaced, as abicheck reads it.
pub fn holds(data: &[u8]) {
    let source = String::from_utf8_lossy(data);
    let target = Target { version: (3, 11) };
    match read(&source, &target) {
        Ok(facts) => {
            let lines = source.bytes().filter(|byte| *byte == b'\n').count() + 1;
            facts.effects.iter().for_each(|effect| stands(effect, lines));
            assert_eq!(read(&source, &target).as_ref(), Ok(&facts), "another reading says otherwise");
            // What other modules may call, called without arguments and as a context manager.
            for loader in &facts.loaders {
                for around in [None, Some(Vec::new())] {
                    let callee = Dotted { level: 0, name: loader.clone() };
                    let called = Call { callee, arguments: Vec::new(), keywords: Vec::new(), around };
                    let effects = call(&source, &target, loader, &called).unwrap_or_default();
                    effects.iter().for_each(|effect| stands(effect, lines));
                }
            }
        }
        Err(reason) => assert!(!reason.is_empty(), "a refusal says why"),
    }
}

fn stands(effect: &Effect, lines: usize) {
    match effect {
        Effect::Import(import) => assert!((1..=lines).contains(&(import.line as usize)), "{import:?}"),
        Effect::Try(attempt) => {
            let handlers = attempt.handlers.iter().flat_map(|handler| &handler.body);
            let all = attempt.body.iter().chain(&attempt.otherwise).chain(handlers);
            all.for_each(|effect| stands(effect, lines));
        }
        Effect::Maybe(body) => body.iter().for_each(|effect| stands(effect, lines)),
        Effect::Call(call) => call.around.iter().flatten().for_each(|effect| stands(effect, lines)),
        _ => {}
    }
}
