//! Expressions: what they come to, and the effects of the calls in them.
//!
//! Each expression is looked at once, its parts in the order in which they run. Deliberately not here: what functions
//! come to (`calls.rs`, `standard.rs`).

use ruff_python_ast::{BoolOp, CmpOp, Comprehension, Expr, InterpolatedStringElement, Number, UnaryOp};

use crate::condition::decide;
use crate::effects::Effect;
use crate::libraries::flags_named;
use crate::reader::Reader;
use crate::standard;
use crate::text::{Base, Dotted, Text};
use crate::values::Value;

/// Larger displays are data, of which only the calls count.
const LARGEST: usize = 256;

impl<'a> Reader<'a> {
    /// What `expression` comes to.
    pub(crate) fn value(&mut self, expression: &'a Expr, effects: &mut Vec<Effect>) -> Value {
        if self.is_spent() {
            return Value::Unknown;
        }
        match expression {
            Expr::StringLiteral(literal) => Value::text(literal.value.to_str()),
            Expr::BytesLiteral(literal) => {
                let bytes: Vec<u8> = literal.value.bytes().collect();
                String::from_utf8(bytes).map_or(Value::Unknown, |text| Value::text(&text))
            }
            Expr::NumberLiteral(literal) => match &literal.value {
                Number::Int(number) => number.as_i64().map_or(Value::Unknown, Value::Number),
                _ => Value::Unknown,
            },
            Expr::BooleanLiteral(literal) => Value::truth_of(literal.value),
            Expr::NoneLiteral(_) => Value::None,
            Expr::Name(name) => self.named(name.id.as_str()),
            Expr::Attribute(_) | Expr::Compare(_) | Expr::UnaryOp(_) | Expr::BoolOp(_) => {
                self.told(expression, effects)
            }
            Expr::FString(text) => {
                let parts = text.value.elements().map(|part| match part {
                    InterpolatedStringElement::Literal(literal) => Text::plain(&literal.value),
                    InterpolatedStringElement::Interpolation(field) => {
                        self.value(&field.expression, effects).as_text()
                    }
                });
                Value::Text(parts.fold(Text::plain(""), |text, part| text.plus(&part)))
            }
            Expr::BinOp(both) => {
                let left = self.value(&both.left, effects);
                let right = self.value(&both.right, effects);
                self.operated(&left, both.op, &right)
            }
            Expr::If(choice) => {
                let test = self.value(&choice.test, effects);
                match test.truth() {
                    Some(true) => self.value(&choice.body, effects),
                    Some(false) => self.value(&choice.orelse, effects),
                    None => {
                        let one = self.value(&choice.body, effects);
                        let other = self.value(&choice.orelse, effects);
                        Value::one_of([one, other])
                    }
                }
            }
            Expr::Named(named) => {
                let value = self.value(&named.value, effects);
                self.assign(&named.target, value.clone());
                value
            }
            Expr::Starred(rest) => self.value(&rest.value, effects),
            Expr::Await(waited) => self.value(&waited.value, effects),
            Expr::Yield(yielded) => {
                let value = yielded.value.as_ref().map(|value| self.value(value, effects));
                self.yields(value.unwrap_or(Value::None), effects)
            }
            Expr::YieldFrom(yielded) => {
                let all = self.value(&yielded.value, effects);
                if let (Value::Items(items), Some(frame)) = (all, self.scopes.top()) {
                    frame.yields.get_or_insert_default().extend(items);
                }
                Value::Unknown
            }
            Expr::Subscript(part) => {
                let whole = self.value(&part.value, effects);
                let at = self.value(&part.slice, effects);
                // cdll["libfoo.so"]
                if let Value::Global(global) = &whole
                    && matches!(global.name.rsplit('.').next(), Some("cdll" | "pydll"))
                {
                    self.loads(&at, None, effects);
                    return Value::Unknown;
                }
                standard::part(&whole, &at)
            }
            // sys.platform.startswith("win")
            Expr::Call(call) => match decide(expression, self.target) {
                Some(truth) => Value::truth_of(truth),
                None => self.call(call, effects),
            },
            _ => self.display(expression, effects),
        }
    }

    /// Lists, dictionaries and comprehensions.
    fn display(&mut self, expression: &'a Expr, effects: &mut Vec<Effect>) -> Value {
        match expression {
            Expr::Tuple(tuple) => self.elements(&tuple.elts, effects),
            Expr::List(list) => self.elements(&list.elts, effects),
            Expr::Set(set) => self.elements(&set.elts, effects),
            Expr::Dict(table) => {
                let mut pairs = Vec::new();
                for item in &table.items {
                    let key = item.key.as_ref().map(|key| self.value(key, effects));
                    let value = self.value(&item.value, effects);
                    match (key, value) {
                        _ if table.items.len() > LARGEST => {}
                        (Some(key), value) => pairs.push((key, value)),
                        (None, Value::Table(more)) => pairs.extend(more),
                        (None, _) => {}
                    }
                }
                if table.items.len() > LARGEST { Value::Unknown } else { Value::table(pairs) }
            }
            Expr::ListComp(made) => self.comprehension(&made.elt, None, &made.generators, effects),
            Expr::SetComp(made) => self.comprehension(&made.elt, None, &made.generators, effects),
            Expr::Generator(made) => self.comprehension(&made.elt, None, &made.generators, effects),
            Expr::DictComp(made) => {
                self.comprehension(&made.key, Some(&made.value), &made.generators, effects)
            }
            _ => Value::Unknown,
        }
    }

    fn elements(&mut self, elements: &'a [Expr], effects: &mut Vec<Effect>) -> Value {
        let mut items = Vec::new();
        for element in elements {
            let value = self.value(element, effects);
            match (element, value) {
                _ if elements.len() > LARGEST => {}
                (Expr::Starred(_), Value::Items(more)) => items.extend(more),
                (_, value) => items.push(value),
            }
        }
        if elements.len() > LARGEST { Value::Unknown } else { Value::items(items) }
    }

    fn comprehension(
        &mut self,
        element: &'a Expr,
        value: Option<&'a Expr>,
        generators: &'a [Comprehension],
        effects: &mut Vec<Effect>,
    ) -> Value {
        let mut made = Vec::new();
        self.generate(generators, effects, &mut |reader, effects| {
            let key = reader.value(element, effects);
            let value = value.map(|value| reader.value(value, effects));
            made.push((key, value));
        });
        match value {
            Some(_) => {
                Value::table(made.into_iter().filter_map(|(key, value)| Some((key, value?))).collect())
            }
            None => Value::items(made.into_iter().map(|(key, _)| key).collect()),
        }
    }

    fn generate(
        &mut self,
        generators: &'a [Comprehension],
        effects: &mut Vec<Effect>,
        each: &mut dyn FnMut(&mut Self, &mut Vec<Effect>),
    ) {
        let Some((first, others)) = generators.split_first() else { return each(self, effects) };
        let items = self.value(&first.iter, effects);
        self.each(&first.target, items, effects, |reader, effects| {
            for test in &first.ifs {
                match reader.value(test, effects).truth() {
                    Some(false) => return,
                    Some(true) => {}
                    None => {
                        if let Some((name, value)) = reader.narrowed(test) {
                            reader.scopes.set(name, value);
                        }
                    }
                }
            }
            reader.generate(others, effects, each);
        });
    }

    /// What a name stands for.
    fn named(&mut self, name: &'a str) -> Value {
        if let Some(value) = self.scopes.get(name) {
            return match value {
                Value::Global(global) => standard::constant(global).unwrap_or_else(|| value.clone()),
                value => value.clone(),
            };
        }
        match name {
            "__file__" => Value::path(Base::Own),
            "__path__" => Value::Items(vec![Value::Text(Text::at(Base::Own).parent())]),
            "__name__" if self.program => Value::text("__main__"),
            "__name__" | "__package__" => Value::Global(Dotted { level: 1, name: String::new() }),
            "__debug__" => Value::Number(1),
            "TYPE_CHECKING" => Value::Number(0),
            name => flags_named(name).map_or(Value::Unknown, |bits| Value::Flags { before: false, bits }),
        }
    }

    /// Attributes, comparisons and what joins them: as the interpreter decides them, else by values.
    fn told(&mut self, expression: &'a Expr, effects: &mut Vec<Effect>) -> Value {
        let decided = decide(expression, self.target).map(Value::truth_of);
        match expression {
            Expr::Attribute(attribute) => {
                let whole = self.value(&attribute.value, effects);
                decided.unwrap_or_else(|| self.attribute(&whole, attribute.attr.as_str()))
            }
            Expr::UnaryOp(one) => {
                let value = self.value(&one.operand, effects);
                match one.op {
                    UnaryOp::Not => decided
                        .or(value.truth().map(|truth| Value::truth_of(!truth)))
                        .unwrap_or(Value::Unknown),
                    UnaryOp::USub => match value {
                        Value::Number(number) => Value::Number(number.wrapping_neg()),
                        _ => Value::Unknown,
                    },
                    _ => Value::Unknown,
                }
            }
            Expr::BoolOp(both) => {
                // One value decides the whole, whatever the others are.
                let deciding = both.op == BoolOp::Or;
                let mut values = Vec::new();
                for value in &both.values {
                    let value = self.value(value, effects);
                    let truth = value.truth();
                    if truth == Some(deciding) {
                        if !deciding {
                            return value;
                        }
                        values.push(value);
                        break;
                    }
                    if truth.is_none() {
                        values.push(value);
                    }
                }
                match decided {
                    Some(decided) => decided,
                    // All were of the kind that does not decide.
                    None if values.is_empty() => Value::truth_of(!deciding),
                    None if deciding => Value::one_of(values),
                    None => Value::Unknown,
                }
            }
            Expr::Compare(compare) => {
                let left = self.value(&compare.left, effects);
                let rights: Vec<Value> =
                    compare.comparators.iter().map(|right| self.value(right, effects)).collect();
                let told = match (&*compare.ops, &rights[..]) {
                    ([op], [right]) => compared(&left, *op, right),
                    _ => None,
                };
                decided.or(told.map(Value::truth_of)).unwrap_or(Value::Unknown)
            }
            _ => Value::Unknown,
        }
    }

    /// `whole.name`.
    fn attribute(&mut self, whole: &Value, name: &'a str) -> Value {
        match whole {
            Value::Object(class) => self.member(class, name),
            Value::OneOf(all) => Value::one_of(all.iter().map(|one| self.attribute(one, name))),
            _ => standard::attribute(whole, name),
        }
    }

    /// What a class has under this name, itself or from one that it is made of.
    pub(crate) fn member(&self, class: &str, name: &str) -> Value {
        let mut class = class.to_owned();
        for _ in 0..4 {
            // The names are the source's; those of a key need not live as long.
            let known =
                self.attributes.iter().find(|((of, attribute), _)| *of == class && *attribute == name);
            if let Some((_, value)) = known {
                return value.clone();
            }
            let base = self.classes.get(class.as_str()).and_then(|class| class.arguments.as_ref());
            let base = base.and_then(|arguments| arguments.args.first());
            let Some(Expr::Name(base)) = base else { break };
            base.id.as_str().clone_into(&mut class);
        }
        Value::Unknown
    }
}

/// A comparison of values.
fn compared(left: &Value, op: CmpOp, right: &Value) -> Option<bool> {
    let of_all = |one: &dyn Fn(&Value) -> Option<bool>| {
        let mut all = left.alternatives().iter().map(one);
        let first = all.next()??;
        all.all(|other| other == Some(first)).then_some(first)
    };
    match op {
        CmpOp::Eq | CmpOp::Is => of_all(&|left| left.equals(right)),
        CmpOp::NotEq | CmpOp::IsNot => of_all(&|left| left.equals(right)).map(|equal| !equal),
        CmpOp::In | CmpOp::NotIn => {
            let is_in = match (left, right) {
                (left, Value::Items(items)) => {
                    let equal: Vec<Option<bool>> = items.iter().map(|item| left.equals(item)).collect();
                    match equal.contains(&Some(true)) {
                        true => Some(true),
                        false => equal.iter().all(Option::is_some).then_some(false),
                    }
                }
                (Value::Text(left), Value::Text(right)) => Some(right.known()?.contains(left.known()?)),
                _ => None,
            };
            is_in.map(|is_in| is_in == (op == CmpOp::In))
        }
        CmpOp::Lt | CmpOp::LtE | CmpOp::Gt | CmpOp::GtE => {
            let (Value::Number(left), Value::Number(right)) = (left, right) else { return None };
            Some(match op {
                CmpOp::Lt => left < right,
                CmpOp::LtE => left <= right,
                CmpOp::Gt => left > right,
                _ => left >= right,
            })
        }
    }
}
