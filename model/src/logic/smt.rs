//! Proofs as SMT-LIB 2, for any solver.
//!
//! A proof file asserts the premises and then the negation of one obligation after the other: a
//! solver must answer `unsat` to each. A fault file asserts that some obligation fails, in accounts
//! with a given number of elements of each sort: a solver must answer `sat`, and prints the account.

use std::fmt::Write as _;

use crate::kind::ResourceKind;
use crate::logic::formula::{Formula, Moment, Number, Relation, Sort, Variable, all, not};
use crate::logic::obligations::{Proof, sorts};

/// The name of a sort in SMT-LIB.
#[must_use]
pub fn sort_name(sort: Sort) -> String {
    match sort {
        Sort::User => "User".to_owned(),
        Sort::Resource(ResourceKind::Group) => "Group".to_owned(),
        Sort::Resource(ResourceKind::Policy) => "Policy".to_owned(),
        Sort::Resource(ResourceKind::Device) => "Device".to_owned(),
        Sort::Item(kind) => format!("Item_{}", kind.name().replace('-', "_")),
        Sort::GroupPolicy => "GroupPolicy".to_owned(),
        Sort::Version => "Version".to_owned(),
        Sort::Path => "Path".to_owned(),
    }
}

/// The element of a sort with this number, in fault files.
#[must_use]
pub fn element_name(sort: Sort, number: usize) -> String {
    format!("{}_{number}", sort_name(sort).to_lowercase())
}

fn is_counted(relation: Relation) -> bool {
    matches!(relation, Relation::Holds(_) | Relation::Has(_))
}

/// A fault script has no quantifiers, and solvers use other methods if they know.
fn declare_sorts_and_relations(out: &mut String, has_quantifiers: bool) {
    let logic = if has_quantifiers { "UFLIA" } else { "QF_UFLIA" };
    let _ = writeln!(out, "(set-logic {logic})");
    for sort in sorts() {
        let _ = writeln!(out, "(declare-sort {} 0)", sort_name(sort));
    }
    for relation in Relation::all() {
        let (first, second) = relation.sorts();
        let second = second.map_or_else(String::new, |it| format!(" {}", sort_name(it)));
        let (name, first) = (relation.name(), sort_name(first));
        let _ = writeln!(out, "(declare-fun {name} ({first}{second}) Bool)");
        if has_quantifiers && is_counted(relation) {
            let _ = writeln!(out, "(declare-fun count_{name} ({first}) Int)");
        }
    }
}

fn declare_parameters<'a>(out: &mut String, formulas: impl Iterator<Item = &'a Formula>) {
    let mut free = Vec::new();
    for formula in formulas {
        formula.free_variables(&mut Vec::new(), &mut free);
    }
    free.sort_unstable();
    for variable in free {
        let _ = writeln!(out, "(declare-const {} {})", variable.name, sort_name(variable.sort));
    }
}

/// The proof as an SMT-LIB script. A solver prints the name of each obligation and its answer.
#[must_use]
pub fn proof_script(proof: &Proof) -> String {
    let mut out = format!("; {}\n", proof.name);
    declare_sorts_and_relations(&mut out, true);
    let goals = proof.obligations.iter().map(|it| &it.goal);
    declare_parameters(&mut out, proof.premises.iter().chain(goals));
    for premise in &proof.premises {
        let _ = writeln!(out, "(assert {})", formula(premise));
    }
    for obligation in &proof.obligations {
        let negated = formula(&not(obligation.goal.clone()));
        let _ = writeln!(
            out,
            "(echo \"{}\")\n(push 1)\n(assert {negated})\n(check-sat)\n(pop 1)",
            obligation.name
        );
    }
    out
}

/// A script that asks for an account in which some obligation fails.
///
/// `sizes` gives the number of elements of each sort. Each quantifier becomes one instance for each
/// element, and counts are exact, so that the account can be built by calls. The solver prints the
/// value of every atom.
#[must_use]
pub fn fault_script(proof: &Proof, sizes: &dyn Fn(Sort) -> usize) -> String {
    let mut out = format!("; {}\n(set-option :produce-models true)\n", proof.name);
    declare_sorts_and_relations(&mut out, false);
    let goals = proof.obligations.iter().map(|it| &it.goal);
    let mut free = Vec::new();
    let all_goals = all(goals.cloned());
    all_goals.free_variables(&mut Vec::new(), &mut free);
    free.sort_unstable();
    declare_elements(&mut out, sizes);
    define_counts(&mut out, sizes);
    for variable in &free {
        let (name, sort) = (variable.name, sort_name(variable.sort));
        let is_one: Vec<String> = (0..sizes(variable.sort))
            .map(|it| format!("(= {name} {})", element_name(variable.sort, it)))
            .collect();
        let _ = writeln!(out, "(declare-const {name} {sort})\n(assert (or {}))", is_one.join(" "));
    }
    for premise in &proof.premises {
        let _ = writeln!(out, "(assert {})", ground_formula(premise, sizes));
    }
    let fails = ground_formula(&not(all_goals), sizes);
    let _ = writeln!(out, "(assert {fails})\n(check-sat)");
    ask_for_values(&mut out, sizes, &free);
    out
}

fn declare_elements(out: &mut String, sizes: &dyn Fn(Sort) -> usize) {
    for sort in sorts() {
        let names: Vec<String> = (0..sizes(sort)).map(|it| element_name(sort, it)).collect();
        for name in &names {
            let _ = writeln!(out, "(declare-const {name} {})", sort_name(sort));
        }
        if names.len() > 1 {
            let _ = writeln!(out, "(assert (distinct {}))", names.join(" "));
        }
    }
}

fn define_counts(out: &mut String, sizes: &dyn Fn(Sort) -> usize) {
    for relation in Relation::all().filter(|it| is_counted(*it)) {
        let (first, Some(second)) = relation.sorts() else { continue };
        let name = relation.name();
        let ones: Vec<String> = (0..sizes(second))
            .map(|it| format!("(ite ({name} x {}) 1 0)", element_name(second, it)))
            .collect();
        let sum = format!("(+ 0 {})", ones.join(" "));
        let _ = writeln!(out, "(define-fun count_{name} ((x {})) Int {sum})", sort_name(first));
    }
}

fn ask_for_values(out: &mut String, sizes: &dyn Fn(Sort) -> usize, free: &[Variable]) {
    let elements = |sort| (0..sizes(sort)).map(move |it| element_name(sort, it));
    for variable in free {
        for element in elements(variable.sort) {
            let _ = writeln!(out, "(get-value ((= {} {element})))", variable.name);
        }
    }
    for relation in Relation::all() {
        let (first, second) = relation.sorts();
        let name = relation.name();
        for first in elements(first) {
            match second {
                None => {
                    let _ = writeln!(out, "(get-value (({name} {first})))");
                }
                Some(sort) => {
                    for second in elements(sort) {
                        let _ = writeln!(out, "(get-value (({name} {first} {second})))");
                    }
                }
            }
        }
    }
}

/// Prints formulas, with quantifiers or, in fault files, with one instance for each element.
struct Printer<'a> {
    elements: Option<&'a dyn Fn(Sort) -> usize>,
    bound: Vec<(Variable, String)>,
}

fn formula(of: &Formula) -> String {
    Printer { elements: None, bound: Vec::new() }.formula(of)
}

fn ground_formula(of: &Formula, sizes: &dyn Fn(Sort) -> usize) -> String {
    Printer { elements: Some(sizes), bound: Vec::new() }.formula(of)
}

impl Printer<'_> {
    fn formula(&mut self, of: &Formula) -> String {
        match of {
            Formula::Atom(relation, arguments, moment) => {
                let arguments: Vec<String> = arguments.iter().map(|it| self.name(*it)).collect();
                let name = relation.name();
                format!("({name}{} {})", suffix(*moment), arguments.join(" "))
            }
            Formula::Same(left, right) => {
                format!("(= {} {})", self.name(*left), self.name(*right))
            }
            Formula::AtMost(left, right) => {
                format!("(<= {} {})", self.number(left), self.number(right))
            }
            Formula::Not(part) => format!("(not {})", self.formula(part)),
            Formula::All(parts) => self.list("and", parts, "true"),
            Formula::Any(parts) => self.list("or", parts, "false"),
            Formula::Iff(left, right) => {
                format!("(= {} {})", self.formula(left), self.formula(right))
            }
            Formula::ForAll(variables, part) => self.quantifier("forall", "and", variables, part),
            Formula::Exists(variables, part) => self.quantifier("exists", "or", variables, part),
        }
    }

    fn name(&self, variable: Variable) -> String {
        let bound = self.bound.iter().rev().find(|it| it.0 == variable);
        bound.map_or_else(|| variable.name.to_owned(), |it| it.1.clone())
    }

    fn list(&mut self, operator: &str, parts: &[Formula], empty: &str) -> String {
        match parts {
            [] => empty.to_owned(),
            [one] => self.formula(one),
            parts => {
                let parts: Vec<String> = parts.iter().map(|it| self.formula(it)).collect();
                format!("({operator} {})", parts.join(" "))
            }
        }
    }

    fn quantifier(
        &mut self,
        word: &str,
        operator: &str,
        variables: &[Variable],
        part: &Formula,
    ) -> String {
        let Some(sizes) = self.elements else {
            let variables: Vec<String> = variables
                .iter()
                .map(|it| format!("({} {})", it.name, sort_name(it.sort)))
                .collect();
            return format!("({word} ({}) {})", variables.join(" "), self.formula(part));
        };
        let [variable, rest @ ..] = variables else { return self.formula(part) };
        let mut instances = Vec::new();
        for element in 0..sizes(variable.sort) {
            self.bound.push((*variable, element_name(variable.sort, element)));
            instances.push(self.quantifier(word, operator, rest, part));
            self.bound.pop();
        }
        format!("({operator} {})", instances.join(" "))
    }

    fn number(&mut self, of: &Number) -> String {
        match of {
            Number::Constant(value) => value.to_string(),
            Number::Count(relation, subject, moment) => {
                let name = relation.name();
                format!("(count_{name}{} {})", suffix(*moment), self.name(*subject))
            }
            Number::Sum(parts) => {
                let parts: Vec<String> = parts.iter().map(|it| self.number(it)).collect();
                format!("(+ {})", parts.join(" "))
            }
            Number::LessOne(part) => format!("(- {} 1)", self.number(part)),
            Number::If(condition, yes, no) => {
                let (yes, no) = (self.number(yes), self.number(no));
                format!("(ite {} {yes} {no})", self.formula(condition))
            }
        }
    }
}

/// No obligation has an atom about the account after a call; the suffix would show one.
const fn suffix(moment: Moment) -> &'static str {
    match moment {
        Moment::Before => "",
        Moment::After => "_after",
    }
}
