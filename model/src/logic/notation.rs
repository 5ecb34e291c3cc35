//! Formulas as text: in the notation of logic and in TLA+.

use std::fmt;

use crate::logic::formula::{Formula, Number, Variable};
use crate::logic::smt::sort_name;

/// `∀ u, i: holds_access_key(u, i) ⇒ user(u)`.
impl fmt::Display for Formula {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&text(self, &LOGIC, false))
    }
}

/// The formula in TLA+, without line breaks. A relation is a set of tuples, and a sort is a set.
#[must_use]
pub fn tla(formula: &Formula) -> String {
    text(formula, &TLA, false)
}

/// The words of a notation.
struct Notation {
    for_all: &'static str,
    for_some: &'static str,
    and: &'static str,
    or: &'static str,
    implies: &'static str,
    iff: &'static str,
    not: &'static str,
    at_most: &'static str,
    atom: fn(&str, &[Variable]) -> String,
    bound: fn(&[Variable]) -> String,
    choice: [&'static str; 3],
    count: fn(&str, Variable) -> String,
}

const LOGIC: Notation = Notation {
    for_all: "∀",
    for_some: "∃",
    and: "∧",
    or: "∨",
    implies: "⇒",
    iff: "⇔",
    not: "¬",
    at_most: "≤",
    atom: |relation, arguments| format!("{relation}({})", names(arguments)),
    bound: |variables| names(variables),
    choice: ["if", "then", "else"],
    count: |relation, subject| format!("#{relation}({})", subject.name),
};

const TLA: Notation = Notation {
    for_all: "\\A",
    for_some: "\\E",
    and: "/\\",
    or: "\\/",
    implies: "=>",
    iff: "<=>",
    not: "~",
    at_most: "<=",
    atom: |relation, arguments| match arguments {
        [one] => format!("{} \\in {relation}", one.name),
        several => format!("<<{}>> \\in {relation}", names(several)),
    },
    bound: |variables| {
        let sets: Vec<String> =
            variables.iter().map(|it| format!("{} \\in {}", it.name, sort_name(it.sort))).collect();
        sets.join(", ")
    },
    choice: ["IF", "THEN", "ELSE"],
    count: |relation, subject| {
        format!("Cardinality({{pair \\in {relation} : pair[1] = {}}})", subject.name)
    },
};

fn names(variables: &[Variable]) -> String {
    variables.iter().map(|it| it.name).collect::<Vec<_>>().join(", ")
}

/// `is_part` is true if the text needs parentheses unless it is an atom.
fn text(formula: &Formula, notation: &Notation, is_part: bool) -> String {
    let part = |formula: &Formula| text(formula, notation, true);
    let joined = |parts: &[Formula], operator: &str, empty: &str| match parts {
        [] => empty.to_owned(),
        [one] => text(one, notation, is_part),
        several => {
            let parts: Vec<String> = several.iter().map(part).collect();
            let all = parts.join(&format!(" {operator} "));
            if is_part { format!("({all})") } else { all }
        }
    };
    let quantified = |word: &str, variables: &[Variable], inner: &Formula| {
        let all =
            format!("{word} {}: {}", (notation.bound)(variables), text(inner, notation, false));
        if is_part { format!("({all})") } else { all }
    };
    match formula {
        Formula::Atom(relation, arguments, _) => (notation.atom)(&relation.name(), arguments),
        Formula::Same(left, right) => format!("{} = {}", left.name, right.name),
        Formula::AtMost(left, right) => {
            format!("{} {} {}", number(left, notation), notation.at_most, number(right, notation))
        }
        Formula::Not(inner) => format!("{}{}", notation.not, part(inner)),
        Formula::All(parts) => joined(parts, notation.and, "TRUE"),
        Formula::Any(parts) => match parts.as_slice() {
            [Formula::Not(premise), conclusion] => {
                let all = format!("{} {} {}", part(premise), notation.implies, part(conclusion));
                if is_part { format!("({all})") } else { all }
            }
            parts => joined(parts, notation.or, "FALSE"),
        },
        Formula::Iff(left, right) => {
            let all = format!("{} {} {}", part(left), notation.iff, part(right));
            if is_part { format!("({all})") } else { all }
        }
        Formula::ForAll(variables, inner) => quantified(notation.for_all, variables, inner),
        Formula::Exists(variables, inner) => quantified(notation.for_some, variables, inner),
    }
}

fn number(of: &Number, notation: &Notation) -> String {
    match of {
        Number::Constant(value) => value.to_string(),
        Number::Count(relation, subject, _) => (notation.count)(&relation.name(), *subject),
        Number::Sum(parts) => {
            parts.iter().map(|it| number(it, notation)).collect::<Vec<_>>().join(" + ")
        }
        Number::LessOne(part) => format!("{} - 1", number(part, notation)),
        Number::If(condition, yes, no) => {
            let [if_word, then_word, else_word] = notation.choice;
            let (yes, no) = (number(yes, notation), number(no, notation));
            let condition = text(condition, notation, false);
            format!("({if_word} {condition} {then_word} {yes} {else_word} {no})")
        }
    }
}
