//! Effects as lines to compare.
//!
//! Deliberately not here: sources.

use python_facts::{Base, Catches, Effect, Facts, Handler, Place, Target, Text, read};

pub(crate) fn facts(source: &str) -> Facts {
    let target = Target { version: (3, 11) };
    read(source, &target).unwrap_or_else(|error| panic!("{error}\n{source}"))
}

pub(crate) fn effects(source: &str) -> Vec<Effect> {
    facts(source).effects
}

/// The effects as short lines.
pub(crate) fn lines(source: &str) -> Vec<String> {
    effects(source).iter().map(line).collect()
}

pub(crate) fn line(effect: &Effect) -> String {
    let show = |effects: &[Effect]| effects.iter().map(line).collect::<Vec<_>>().join("; ");
    match effect {
        Effect::Import(import) => {
            let dots = ".".repeat(import.level as usize);
            let names =
                if import.names.is_empty() { String::new() } else { format!(" {}", import.names.join(",")) };
            format!("{dots}{}{names}", import.module)
        }
        Effect::Flags(flags) => {
            let global = match flags.global {
                Some(true) => "global",
                Some(false) => "local",
                None => "before",
            };
            format!("flags {global}{}", if flags.lazy == Some(true) { " lazy" } else { "" })
        }
        Effect::Library(library) => {
            let global = if library.global { " global" } else { "" };
            format!("load {}{global}{}", place(&library.place), if library.lazy { " lazy" } else { "" })
        }
        Effect::Try(attempt) => {
            let handlers: Vec<String> = attempt.handlers.iter().map(handler).collect();
            let otherwise = match &attempt.otherwise[..] {
                [] => String::new(),
                otherwise => format!(" else {{{}}}", show(otherwise)),
            };
            format!("try {{{}}}{}{otherwise}", show(&attempt.body), handlers.concat())
        }
        Effect::Maybe(body) => format!("maybe {{{}}}", show(body)),
        Effect::Call(call) => {
            let around = call.around.as_ref().map(|around| format!(" {{{}}}", show(around)));
            let arguments: Vec<String> = call.arguments.iter().map(|value| format!("{value:?}")).collect();
            let callee = format!("{}{}", ".".repeat(call.callee.level as usize), call.callee.name);
            format!("call {callee}({}){}", arguments.join(", "), around.unwrap_or_default())
        }
        Effect::Unread => "unread".to_owned(),
        Effect::Yield => "yield".to_owned(),
    }
}

fn handler(handler: &Handler) -> String {
    let Catches { import, not_found, os } = handler.catches;
    let catches = [(import, "import "), (not_found, "not_found "), (os, "os ")];
    let catches: String = catches.iter().filter(|(catches, _)| *catches).map(|(_, name)| *name).collect();
    let body: Vec<String> = handler.body.iter().map(line).collect();
    let raises = if handler.raises { "raises" } else { "" };
    format!(" except {catches}{raises}{{{}}}", body.join("; "))
}

/// A place as a path, with patterns as a shell has them and `?` for what is not told.
fn place(place: &Place) -> String {
    match place {
        Place::Name(name) => name.clone(),
        Place::Stem(stem) => format!("-l{stem}"),
        Place::Program => "the program".to_owned(),
        Place::Unknown => "?".to_owned(),
        Place::File(text) => {
            let base = match &text.base {
                None => String::new(),
                Some(Base::Own) => "/site/pkg/__init__.py".to_owned(),
                Some(Base::File(module)) => {
                    format!("/file:{}{}", ".".repeat(module.level as usize), module.name)
                }
                Some(Base::Folder(module)) => {
                    format!("/folder:{}{}", ".".repeat(module.level as usize), module.name)
                }
                Some(Base::Constant(name)) => {
                    format!("/value:{}{}", ".".repeat(name.level as usize), name.name)
                }
                Some(Base::Prefix) => "/prefix".to_owned(),
                Some(Base::Site) => "/site".to_owned(),
                Some(Base::Unknown) => "?".to_owned(),
            };
            let path = text.below(&base);
            path.replace(Text::ANY, "*").replace(Text::DEEP, "**").replace([Text::ONE, Text::HOLE], "?")
        }
    }
}
