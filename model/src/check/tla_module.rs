//! The first-order statements of the calls of one scope, as a TLA+ module for TLC.
//!
//! TLC evaluates the same formulas as the SMT solvers, in the same scopes as the exhaustive check,
//! and shares no code with either. It must reach as many states as the closed formula of the scope
//! says.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use stateright::Model as _;

use crate::check::explorer::Search;
use crate::check::scope::{NamedScope, Scope};
use crate::kind::SubResource;
use crate::logic::formula::{Relation, Sort, Variable};
use crate::logic::invariants::invariants;
use crate::logic::notation::tla;
use crate::logic::obligations::sorts;
use crate::logic::smt::sort_name;
use crate::logic::statements::Statement;
use crate::logic::statements::call::{CallForm, arguments_of};
use crate::logic::structure::Structure;

/// A TLA+ module, and the configuration with which TLC checks it.
#[derive(Clone, Debug)]
pub struct TlaModule {
    /// The name of the module, and of its file without the extension.
    pub name: String,
    /// The text of the module.
    pub module: String,
    /// The text of the configuration.
    pub config: String,
}

/// The calls of one form in a scope, each by its arguments.
type CallsOfForm = BTreeSet<Vec<u32>>;

impl TlaModule {
    /// The module of a scope. `None` if states that differ only in names count as one, because TLC
    /// would count them one by one.
    #[must_use]
    pub fn of(named: &NamedScope) -> Option<Self> {
        if !named.fits_stateright() || named.scope.symmetry {
            return None;
        }
        let forms = calls(named.scope);
        let initial = named.scope.init_states().into_iter().next().unwrap_or_default();
        let initial = Structure::of(&initial);
        let name = identifier(named.name);
        let mut module = format!(
            "---- MODULE {name} ----\n\\* {}: the calls of this scope, as first-order statements.\n\
             \\* iamspec verify --tla writes this module. It has {} states.\n\
             EXTENDS Naturals, FiniteSets\n",
            named.description, named.states
        );
        write_sorts(&mut module, &forms, &initial);
        let relations: Vec<String> = Relation::all().map(Relation::name).collect();
        let relations = relations.join(", ");
        let _ = writeln!(module, "\nVARIABLES {relations}\nvars == <<{relations}>>\n");
        write_initial_state(&mut module, &initial);
        for form in forms.keys() {
            write_call(&mut module, *form, &form.statement());
        }
        write_next(&mut module, &forms);
        module.push_str("Spec == Init /\\ [][Next]_vars\n");
        let mut config = "SPECIFICATION Spec\n".to_owned();
        for invariant in invariants() {
            let name = identifier(&invariant.name);
            let formula = tla(&invariant.formula);
            let _ = writeln!(module, "\n\\* {}\n{name} ==\n  {formula}", invariant.sentence);
            let _ = writeln!(config, "INVARIANT {name}");
        }
        module.push_str("====\n");
        Some(Self { name, module, config })
    }
}

fn identifier(name: &str) -> String {
    let is_word = |it: char| it.is_ascii_alphanumeric();
    let words: Vec<&str> = name.split(|it| !is_word(it)).filter(|it| !it.is_empty()).collect();
    words.join("_")
}

/// Every call that the scope has in some state and that may change something.
fn calls(scope: Scope) -> BTreeMap<CallForm, CallsOfForm> {
    let mut forms: BTreeMap<CallForm, CallsOfForm> = BTreeMap::new();
    let mut search = Search::new(scope);
    while let Some((found, account)) = search.next_state() {
        let mut calls = Vec::new();
        scope.actions(&account, &mut calls);
        for (number, op) in calls.into_iter().enumerate() {
            if let Some(form) = CallForm::of(&op) {
                forms.entry(form).or_default().insert(arguments_of(&op).to_vec());
            }
            if let Some(after) = scope.next_state(&account, op) {
                search.offer(found, number, after);
            }
        }
    }
    forms.retain(|form, _| !form.statement().changes.is_empty());
    forms
}

/// The elements of each sort are those of the initial state, and the numbers that some call has as
/// an argument of this sort.
fn write_sorts(module: &mut String, forms: &BTreeMap<CallForm, CallsOfForm>, initial: &Structure) {
    let mut elements: BTreeMap<Sort, BTreeSet<u32>> = BTreeMap::new();
    for relation in Relation::all() {
        let (first_sort, second_sort) = relation.sorts();
        for (first, second) in initial.tuples_of(relation) {
            elements.entry(first_sort).or_default().insert(first);
            if let Some(second_sort) = second_sort {
                elements.entry(second_sort).or_default().insert(second);
            }
        }
    }
    for (form, calls) in forms {
        for call in calls {
            for (parameter, value) in form.statement().parameters.iter().zip(call) {
                elements.entry(parameter.sort).or_default().insert(*value);
            }
        }
    }
    module.push('\n');
    for sort in sorts() {
        let numbers = elements.get(&sort).map_or_else(String::new, numbers);
        let _ = writeln!(module, "{} == {{{numbers}}}", sort_name(sort));
    }
}

fn numbers<'a>(values: impl IntoIterator<Item = &'a u32>) -> String {
    values.into_iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn write_initial_state(module: &mut String, initial: &Structure) {
    module.push_str("Init ==\n");
    for relation in Relation::all() {
        let has_two = relation.sorts().1.is_some();
        let tuple = |(first, second): (u32, u32)| {
            if has_two { format!("<<{first}, {second}>>") } else { first.to_string() }
        };
        let tuples: Vec<String> = initial.tuples_of(relation).map(tuple).collect();
        let _ = writeln!(module, "  /\\ {} = {{{}}}", relation.name(), tuples.join(", "));
    }
}

/// One call: it is not refused, and each relation becomes what the changes make of it.
fn write_call(module: &mut String, form: CallForm, statement: &Statement) {
    let parameters: Vec<&str> = statement.parameters.iter().map(|it| it.name).collect();
    let name = identifier(&statement.name);
    let _ = writeln!(module, "\n{name}({}) ==", parameters.join(", "));
    let _ = writeln!(module, "  /\\ {}", tla(&statement.assumes));
    if let (CallForm::Add(SubResource::Version), [policy, version]) = (form, parameters.as_slice())
    {
        let _ = writeln!(
            module,
            "  /\\ \\A earlier \\in Version: earlier < {version} => <<{policy}, earlier>> \\in {}",
            Relation::Numbered.name()
        );
    }
    for (condition, refused) in &statement.refused_if {
        let _ = writeln!(module, "  /\\ ~({}) \\* {}", tla(refused), condition.slug());
    }
    let mut unchanged = Vec::new();
    for relation in Relation::all() {
        if !statement.changes.iter().any(|it| it.relation() == relation) {
            unchanged.push(relation.name());
            continue;
        }
        let arguments = relation.arguments();
        let becomes = tla(&statement.becomes(relation, &arguments));
        let _ =
            writeln!(module, "  /\\ {}' = {{{}: {becomes}}}", relation.name(), bound(&arguments));
    }
    let _ = writeln!(module, "  /\\ UNCHANGED <<{}>>", unchanged.join(", "));
}

/// The arguments of a relation as the bound variables of a set.
fn bound(arguments: &[Variable]) -> String {
    let names: Vec<&str> = arguments.iter().map(|it| it.name).collect();
    let sets: Vec<String> = arguments.iter().map(|it| sort_name(it.sort)).collect();
    let names = match names.as_slice() {
        [one] => (*one).to_owned(),
        several => format!("<<{}>>", several.join(", ")),
    };
    format!("{names} \\in {}", sets.join(" \\X "))
}

fn write_next(module: &mut String, forms: &BTreeMap<CallForm, CallsOfForm>) {
    module.push_str("\nNext ==\n");
    for (form, calls) in forms {
        let statement = form.statement();
        let count = statement.parameters.len();
        let arguments: Vec<String> = (1..=count).map(|it| format!("call[{it}]")).collect();
        let tuples: BTreeSet<String> =
            calls.iter().map(|call| format!("<<{}>>", numbers(call.iter().take(count)))).collect();
        let tuples: Vec<String> = tuples.into_iter().collect();
        let _ = writeln!(
            module,
            "  \\/ \\E call \\in {{{}}}: {}({})",
            tuples.join(", "),
            identifier(&statement.name),
            arguments.join(", ")
        );
    }
    module.push('\n');
}
