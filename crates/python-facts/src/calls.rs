//! Calls: of the module's own functions and classes, which are followed with their arguments, of functions with
//! effects, and of what other modules have.
//!
//! Deliberately not here: what the standard library's functions return (`standard.rs`).

use ruff_python_ast::{Expr, ExprCall, StmtFunctionDef};

use crate::effects::{Call, Effect, Import};
use crate::libraries::{self, LOADS, SETS_FLAGS, last_name};
use crate::reader::{Flow, Function, Reader};
use crate::standard;
use crate::text::{Base, Dotted, Text};
use crate::values::{RTLD_GLOBAL, Value};

/// How deep calls of a module's own functions are followed.
const DEEPEST: usize = 5;
/// How often one function of another module is called that loads libraries.
const OFTEN: usize = 16;
/// No path or name of a library is longer, but many a text is.
const LONGEST_ARGUMENT: usize = 200;
/// What an argument for another module's function may hold.
const LARGEST_ARGUMENT: usize = 64;

/// The arguments of a call.
pub(crate) struct Arguments<'a> {
    pub(crate) places: Vec<Value>,
    pub(crate) names: Vec<(&'a str, Value)>,
}

impl Arguments<'_> {
    /// The argument at a place, or under a name.
    fn get(&self, at: usize, name: &str) -> Option<&Value> {
        let named = self.names.iter().find(|(key, _)| *key == name).map(|(_, value)| value);
        named.or_else(|| self.places.get(at))
    }
}

/// What is called.
pub(crate) enum Callee<'a> {
    /// A function of the module's own, with the object whose method it is.
    Own(Function<'a>, Option<Value>),
    Class(&'a str),
    /// Something of another module, or that is built in.
    Global(Dotted),
    /// A method of a value.
    Method(Value, &'a str),
    Unknown,
}

impl<'a> Reader<'a> {
    pub(crate) fn call(&mut self, call: &'a ExprCall, effects: &mut Vec<Effect>) -> Value {
        let callee = self.callee(&call.func, effects);
        let name = match &callee {
            Callee::Own(..) | Callee::Class(_) => "",
            Callee::Global(global) => global.name.rsplit('.').next().unwrap_or_default(),
            Callee::Method(..) | Callee::Unknown => last_name(&call.func).unwrap_or_default(),
        };
        let name = name.to_owned();
        if let ("map", [function, over, ..]) = (name.as_str(), &*call.arguments.args) {
            return self.map(function, over, effects);
        }
        let arguments = self.arguments(call, effects);
        match name.as_str() {
            SETS_FLAGS => {
                if let Some(flags) = arguments.get(0, "flags") {
                    effects.push(Effect::Flags(libraries::flags_set(flags)));
                    self.flags = flags.clone();
                }
                return Value::None;
            }
            load if LOADS.contains(&load) => {
                self.loaded.insert(libraries::key(&call.func));
                let mode = arguments.get(1, if load == "dlopen" { "flags" } else { "mode" }).cloned();
                if let Some(library) = arguments.get(0, "name").cloned() {
                    self.loads(&library, mode.as_ref(), effects);
                }
                return Value::Unknown;
            }
            // numpy.ctypeslib.load_library(name, folder)
            "load_library" if arguments.places.len() == 2 => {
                let library = library_in(&arguments.places[0].as_text(), &arguments.places[1].as_text());
                self.loads(&Value::Text(library), None, effects);
                return Value::Unknown;
            }
            "import_module" | "__import__" => self.imports(&arguments, call, effects),
            // Code that stands in a text, or in a file that the program picks.
            "exec" | "run_path" | "run_module" | "exec_module" | "load_module" | "load_source" => {
                effects.push(Effect::Unread);
            }
            "insert" | "append" if is_of_path(&call.func) => {
                self.adds_path(&arguments, effects);
            }
            _ => {}
        }
        match callee {
            Callee::Own(function, receiver) => self.follow(function, receiver, arguments, effects),
            Callee::Class(class) => self.object(class, arguments, effects),
            Callee::Method(whole, name) => self.method(call, &whole, name, &arguments),
            Callee::Global(global) => {
                let known =
                    standard::function(&global.name, &arguments.places, &arguments.names, &self.flags);
                if let Some(value) = known.filter(|_| global.level == 0) {
                    return value;
                }
                self.elsewhere(&global, arguments, None, effects);
                Value::Unknown
            }
            Callee::Unknown => Value::Unknown,
        }
    }

    pub(crate) fn callee(&mut self, function: &'a Expr, effects: &mut Vec<Effect>) -> Callee<'a> {
        match function {
            Expr::Name(name) => {
                let name = name.id.as_str();
                if let Some(function) = self.functions.get(name) {
                    return Callee::Own(*function, None);
                }
                if self.classes.contains_key(name) {
                    return Callee::Class(name);
                }
                match self.scopes.get(name) {
                    Some(Value::Global(global)) => Callee::Global(global.clone()),
                    Some(Value::OneOf(all)) => {
                        let global = all.iter().find_map(|one| match one {
                            Value::Global(global) => Some(global.clone()),
                            _ => None,
                        });
                        global.map_or(Callee::Unknown, Callee::Global)
                    }
                    Some(_) => Callee::Unknown,
                    None => Callee::Global(Dotted::absolute(name)),
                }
            }
            Expr::Attribute(attribute) => {
                let name = attribute.attr.as_str();
                if let Expr::Name(class) = &*attribute.value
                    && self.classes.contains_key(class.id.as_str())
                    && let Some(function) = self.method_of(class.id.as_str(), name)
                {
                    let receiver = has(function.definition, "classmethod")
                        .then(|| Value::Object(class.id.as_str().to_owned()));
                    return Callee::Own(function, receiver);
                }
                match self.value(&attribute.value, effects) {
                    Value::Global(global) => Callee::Global(global.then(name)),
                    Value::Object(class) => match self.method_of(&class, name) {
                        Some(function) => {
                            let bound = !has(function.definition, "staticmethod");
                            Callee::Own(function, bound.then_some(Value::Object(class)))
                        }
                        None => Callee::Unknown,
                    },
                    Value::OneOf(all) if all.iter().any(|one| matches!(one, Value::Global(_))) => {
                        let global = all.into_iter().find_map(|one| match one {
                            Value::Global(global) => Some(global.then(name)),
                            _ => None,
                        });
                        global.map_or(Callee::Unknown, Callee::Global)
                    }
                    value => Callee::Method(value, name),
                }
            }
            other => match self.value(other, effects) {
                Value::Global(global) => Callee::Global(global),
                _ => Callee::Unknown,
            },
        }
    }

    /// The method of a class, itself or from one that it is made of.
    pub(crate) fn method_of(&self, class: &str, name: &str) -> Option<Function<'a>> {
        let mut class = *self.classes.get(class)?;
        for _ in 0..4 {
            let methods = class.body.iter().find_map(|statement| match statement {
                ruff_python_ast::Stmt::FunctionDef(function) if function.name.as_str() == name => {
                    Some(function)
                }
                _ => None,
            });
            if let Some(definition) = methods {
                return Some(Function { definition, inside: 0 });
            }
            let base = class.arguments.as_ref().and_then(|arguments| arguments.args.first());
            let Some(Expr::Name(base)) = base else { return None };
            class = self.classes.get(base.id.as_str())?;
        }
        None
    }

    pub(crate) fn arguments(&mut self, call: &'a ExprCall, effects: &mut Vec<Effect>) -> Arguments<'a> {
        let mut places = Vec::new();
        for argument in &call.arguments.args {
            let value = self.value(argument, effects);
            match (argument, value) {
                (Expr::Starred(_), Value::Items(items)) => places.extend(items),
                (_, value) => places.push(value),
            }
        }
        let (mut names, mut handed_on) = (Vec::new(), Vec::new());
        for keyword in &call.arguments.keywords {
            let value = self.value(&keyword.value, effects);
            match (&keyword.arg, value) {
                (Some(name), value) => names.push((name.as_str(), value)),
                // **dict(mode=RTLD_GLOBAL)
                (None, Value::Table(pairs)) => {
                    let known = pairs.into_iter().filter_map(|(key, value)| {
                        let key = key.as_text();
                        let name =
                            ["mode", "name", "flags"].into_iter().find(|name| key.known() == Some(name))?;
                        Some((name, value))
                    });
                    handed_on.extend(known);
                }
                (None, _) => {}
            }
        }
        names.append(&mut handed_on);
        Arguments { places, names }
    }

    /// A library is loaded, or each that `library` stands for.
    pub(crate) fn loads(&mut self, library: &Value, mode: Option<&Value>, effects: &mut Vec<Effect>) {
        effects.extend(libraries::loaded(library, mode).into_iter().map(Effect::Library));
    }

    /// A folder is added to `sys.path`.
    fn adds_path(&mut self, arguments: &Arguments<'a>, effects: &mut Vec<Effect>) {
        match arguments.places.last() {
            Some(Value::Text(text)) if *text == Text::at(Base::Own).parent() => self.beside = true,
            // What is imported from there is not found.
            _ => effects.push(Effect::Unread),
        }
    }

    /// `importlib.import_module` and `__import__` with a text that is told.
    fn imports(&self, arguments: &Arguments<'a>, call: &ExprCall, effects: &mut Vec<Effect>) {
        let Some(module) = arguments.get(0, "name") else { return };
        let (level, module) = match module {
            Value::Text(text) => match text.known() {
                Some(known) => {
                    let plain = known.trim_start_matches('.');
                    ((known.len() - plain.len()) as u32, plain.to_owned())
                }
                // f"{__package__}._core"
                None => match (&text.base, text.text.strip_prefix('.')) {
                    (Some(Base::Constant(Dotted { level: 1, name })), Some(rest)) if name.is_empty() => {
                        (1, rest.to_owned())
                    }
                    _ => return effects.push(Effect::Unread),
                },
            },
            _ => return effects.push(Effect::Unread),
        };
        let line = self.line(call.range.start().to_usize());
        effects.push(Effect::Import(Import { level, module, names: Vec::new(), fresh: false, line }));
    }

    /// `map(function, over)`.
    fn map(&mut self, function: &'a Expr, over: &'a Expr, effects: &mut Vec<Effect>) -> Value {
        let items = match self.value(over, effects) {
            Value::Items(items) => items,
            _ => vec![Value::Unknown],
        };
        let mut made = Vec::new();
        for item in items {
            let arguments = Arguments { places: vec![item], names: Vec::new() };
            match self.callee(function, effects) {
                Callee::Own(function, receiver) => {
                    made.push(self.follow(function, receiver, arguments, effects));
                }
                Callee::Global(global)
                    if global.name.rsplit('.').next().is_some_and(|name| LOADS.contains(&name)) =>
                {
                    self.loaded.insert(libraries::key(function));
                    self.loads(&arguments.places[0], None, effects);
                }
                Callee::Global(global) => {
                    let value = standard::function(&global.name, &arguments.places, &[], &self.flags);
                    made.push(value.unwrap_or(Value::Unknown));
                }
                _ => made.push(Value::Unknown),
            }
        }
        Value::items(made)
    }

    /// A method of a value; those of lists change what the name stands for.
    fn method(&mut self, call: &'a ExprCall, whole: &Value, name: &str, arguments: &Arguments<'a>) -> Value {
        let Expr::Attribute(attribute) = &*call.func else { return Value::Unknown };
        if let (Value::Items(items), Expr::Name(list)) = (whole, &*attribute.value) {
            let more = match (name, arguments.places.last()) {
                ("append" | "add" | "insert", Some(item)) => vec![item.clone()],
                ("extend" | "update", Some(Value::Items(more))) => more.clone(),
                _ => return standard::method(whole, name, &arguments.places, &arguments.names),
            };
            let all = items.iter().cloned().chain(more);
            self.scopes.set(list.id.as_str(), Value::items(all.collect()));
            return Value::None;
        }
        standard::method(whole, name, &arguments.places, &arguments.names)
    }

    /// What a function of the module's own does and returns.
    pub(crate) fn follow(
        &mut self,
        function: Function<'a>,
        receiver: Option<Value>,
        arguments: Arguments<'a>,
        effects: &mut Vec<Effect>,
    ) -> Value {
        self.follow_as(function, receiver, arguments, false, effects).0
    }

    /// The same, as a context manager, if `manages`; whether the body of `with` is still to run.
    pub(crate) fn follow_as(
        &mut self,
        function: Function<'a>,
        receiver: Option<Value>,
        arguments: Arguments<'a>,
        manages: bool,
        effects: &mut Vec<Effect>,
    ) -> (Value, bool) {
        let definition = function.definition;
        let key = (definition.name.as_str(), definition.range.start().to_usize());
        if self.inside.len() >= DEEPEST || self.is_spent() || self.inside.contains(&key) {
            return (Value::Unknown, manages);
        }
        let bound = self.bound(definition, receiver, arguments);
        self.inside.push(key);
        self.scopes.enter(function.inside);
        if let Some(frame) = self.scopes.top() {
            frame.manages = manages;
        }
        for (name, value) in bound {
            self.scopes.set(name, value);
        }
        let flow = self.statements(&definition.body, effects);
        let frame = self.scopes.leave();
        self.inside.pop();
        self.raised = flow == Flow::Raises;
        let value = match (frame.yields, frame.returns) {
            (Some(yields), _) => Value::items(yields),
            (None, returns) if returns.is_empty() => Value::None,
            (None, returns) => Value::one_of(returns),
        };
        (value, frame.manages)
    }

    /// What the parameters of a function are.
    fn bound(
        &mut self,
        definition: &'a StmtFunctionDef,
        receiver: Option<Value>,
        arguments: Arguments<'a>,
    ) -> Vec<(&'a str, Value)> {
        let parameters = &definition.parameters;
        let mut places = receiver.into_iter().chain(arguments.places);
        let mut names = arguments.names;
        let mut bound = Vec::new();
        let by_place = parameters.posonlyargs.iter().chain(&parameters.args).map(|one| (one, true));
        let all: Vec<_> = by_place.chain(parameters.kwonlyargs.iter().map(|one| (one, false))).collect();
        for (parameter, by_place) in all {
            let name = parameter.parameter.name.as_str();
            let place = if by_place { places.next() } else { None };
            let named = names.iter().position(|(key, _)| *key == name).map(|at| names.remove(at).1);
            let value = match (place.or(named), &parameter.default) {
                (Some(value), _) => value,
                (None, Some(default)) => match self.defaults.get(&libraries::key(default)) {
                    Some(value) => value.clone(),
                    None => self.value(default, &mut Vec::new()),
                },
                (None, None) => Value::Unknown,
            };
            bound.push((name, value));
        }
        if let Some(rest) = &parameters.vararg {
            bound.push((rest.name.as_str(), Value::items(places.collect())));
        }
        if let Some(rest) = &parameters.kwarg {
            let pairs = names.into_iter().map(|(name, value)| (Value::text(name), value));
            bound.push((rest.name.as_str(), Value::table(pairs.collect())));
        }
        bound
    }

    /// An instance of a class of the module's own.
    pub(crate) fn object(
        &mut self,
        class: &'a str,
        arguments: Arguments<'a>,
        effects: &mut Vec<Effect>,
    ) -> Value {
        let object = Value::Object(class.to_owned());
        let definition = self.classes.get(class);
        let mut bases =
            definition.and_then(|class| class.arguments.as_ref()).into_iter().flat_map(|all| &all.args);
        // A class of the module's own is followed, whatever it is called.
        let loads = |base: &str| LOADS.contains(&base) && !self.classes.contains_key(base);
        if bases.any(|base| last_name(base).is_some_and(loads)) {
            // What `__init__` hands on to the class that loads is not followed.
            let own = self.method_of(class, "__init__").is_some();
            match arguments.get(0, "name").filter(|_| !own).cloned() {
                Some(library) => self.loads(&library, arguments.get(1, "mode"), effects),
                None => self.loads(&Value::Unknown, Some(&Value::Number(RTLD_GLOBAL)), effects),
            }
        }
        if let Some(function) = self.method_of(class, "__init__") {
            self.follow(function, Some(object.clone()), arguments, effects);
        }
        object
    }

    /// Notes a call of what another module has.
    pub(crate) fn elsewhere(
        &mut self,
        callee: &Dotted,
        arguments: Arguments<'a>,
        around: Option<Vec<Effect>>,
        effects: &mut Vec<Effect>,
    ) {
        let is_told = callee.level > 0 || callee.name.contains('.') && !standard::is_standard(&callee.name);
        // Classes are many, and made for what they hold; as context managers they count.
        let last = callee.name.rsplit('.').next().unwrap_or_default();
        let is_told = is_told && (around.is_some() || !last.starts_with(char::is_uppercase));
        if !is_told {
            effects.extend(around.into_iter().flatten());
            return;
        }
        // What is called this often makes things, and loads none.
        let often = self.calls.entry((callee.level, callee.name.clone())).or_default();
        *often += 1;
        if *often > OFTEN && around.is_none() {
            return;
        }
        let plain = |value: Value| match value {
            Value::Object(_) => Value::Unknown,
            Value::Text(text) if text.text.len() > LONGEST_ARGUMENT => Value::Unknown,
            value if value.weight() > LARGEST_ARGUMENT => Value::Unknown,
            value => value,
        };
        let keywords = arguments.names.into_iter().map(|(name, value)| (name.to_owned(), plain(value)));
        effects.push(Effect::Call(Call {
            callee: callee.clone(),
            arguments: arguments.places.into_iter().map(plain).collect(),
            keywords: keywords.collect(),
            around,
        }));
    }
}

/// Whether a function has this decorator.
pub(crate) fn has(definition: &StmtFunctionDef, decorator: &str) -> bool {
    definition.decorator_list.iter().any(|one| match &one.expression {
        Expr::Call(call) => last_name(&call.func) == Some(decorator),
        other => last_name(other) == Some(decorator),
    })
}

/// The file that `numpy.ctypeslib.load_library` comes to.
fn library_in(name: &Text, place: &Text) -> Text {
    let folder =
        if place.text.is_empty() && place.base == Some(Base::Own) { place.parent() } else { place.clone() };
    let is_whole = name.text.contains(".so");
    folder.join(&if is_whole { name.clone() } else { name.plus(&Text::plain(".so")) })
}

/// Whether it is a method of `sys.path`.
fn is_of_path(method: &Expr) -> bool {
    let Expr::Attribute(attribute) = method else { return false };
    let Expr::Attribute(path) = &*attribute.value else { return false };
    path.attr.as_str() == "path" && last_name(&path.value) == Some("sys")
}
