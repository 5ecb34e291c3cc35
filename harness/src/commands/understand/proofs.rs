//! The proofs of `iamspec verify`: writes them for solvers, and replays what solvers found.

use std::fs;
use std::io::Write;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use iamspec_conformance::script::print;
use iamspec_model::check::scope::SCOPES;
use iamspec_model::check::tla_module::TlaModule;
use iamspec_model::logic::counterexample::{Counterexample, Replay};
use iamspec_model::logic::faults::{FaultyStatement, faults};
use iamspec_model::logic::formula::Relation;
use iamspec_model::logic::induction::{
    InductionCounterexample, UnsupportedProof, unsupported_proofs,
};
use iamspec_model::logic::obligations::{Proof, equivalence, independence, initiation, proof_of};
use iamspec_model::logic::smt::{fault_script, proof_script};
use iamspec_model::logic::statements::call::CallForm;

use crate::exit_code;
use crate::exit_code::Outcome;
use crate::report::format::summary::counted;

/// The line of a solver's output that names the fault; the values follow.
const FAULT: &str = "fault: ";

/// The line of a solver's output that names a call and an invariant that its proof may not use.
const INDUCTION: &str = "induction: ";

/// Writes every proof, every fault and the proofs that the other faults change nothing, as SMT-LIB 2.
pub(crate) fn write_proofs(directory: &Path, out: &mut dyn Write) -> Result<u8> {
    let forms: Vec<CallForm> = CallForm::all().collect();
    let mut proofs = vec![initiation()];
    proofs.extend(forms.iter().map(|form| proof_of(*form, &form.statement())));
    let pairs = forms.iter().enumerate().flat_map(|(index, left)| {
        let others = forms.iter().skip(index);
        others.filter_map(|right| independence(&left.statement(), &right.statement()))
    });
    let pairs: Vec<Proof> = pairs.collect();
    for (folder, proofs) in [("proofs", &proofs), ("independence", &pairs)] {
        for proof in proofs {
            write_script(&directory.join(folder), &proof.name, &proof_script(proof))?;
        }
    }
    let mut fault_count = 0;
    for fault in faults() {
        let proof = proof_of(fault.form, &fault.statement);
        let script = fault_script(&proof, &|sort| fault.elements(sort));
        let script = format!("(echo \"{FAULT}{}\")\n{script}", fault.description);
        write_script(&directory.join("faults"), &fault.description, &script)?;
        let same = equivalence(&fault.form.statement(), &fault.statement);
        write_script(&directory.join("equivalence"), &fault.description, &proof_script(&same))?;
        fault_count += 1;
    }
    let mut unsupported_count = 0;
    for it in unsupported_proofs() {
        let script = fault_script(&it.proof, &UnsupportedProof::elements);
        let script = format!("(echo \"{INDUCTION}{}\")\n{script}", it.description);
        write_script(&directory.join("induction"), &it.description, &script)?;
        unsupported_count += 1;
    }
    let count = |proofs: &[Proof]| proofs.iter().map(|it| it.obligations.len()).sum::<usize>();
    let untouched: usize = proofs.iter().map(|it| it.untouched).sum();
    writeln!(
        out,
        "proofs/        {} calls, {} obligations; {untouched} more hold because the call changes \
         nothing in them\nindependence/  {} pairs of calls, {} obligations\nfaults/        \
         {fault_count} faults\nequivalence/   for each fault, that it changes nothing\ninduction/     \
         {unsupported_count} calls, each without one invariant",
        proofs.len() - 1,
        count(&proofs),
        pairs.len(),
        count(&pairs),
    )?;
    writeln!(
        out,
        "A solver must answer unsat to everything in proofs/ and independence/, and for each fault \
         sat in faults/ or unsat to everything in equivalence/. In induction/, sat shows what the \
         invariant is for. For example:\n  z3 {directory}/proofs/DeleteUser.smt2",
        directory = directory.display()
    )?;
    Ok(exit_code::CONFORMS)
}

/// Writes a TLA+ module and its configuration for each scope that TLC can count.
pub(crate) fn write_modules(directory: &Path, out: &mut dyn Write) -> Result<u8> {
    for scope in &SCOPES {
        let Some(TlaModule { name, module, config }) = TlaModule::of(scope) else { continue };
        write_file(directory, &format!("{name}.tla"), &module)?;
        write_file(directory, &format!("{name}.cfg"), &config)?;
        writeln!(out, "{name}.tla  {} states", scope.states)?;
    }
    writeln!(
        out,
        "TLC must find as many distinct states, and no invariant violated. For example:\n  cd {} && \
         java -cp tla2tools.jar tlc2.TLC -deadlock one",
        directory.display()
    )?;
    Ok(exit_code::CONFORMS)
}

fn write_script(directory: &Path, name: &str, script: &str) -> Result<()> {
    let separators = [' ', '|', ',', ':', '(', ')'];
    let words: Vec<&str> = name.split(separators).filter(|it| !it.is_empty()).collect();
    write_file(directory, &format!("{}.smt2", words.join("-")), script)
}

fn write_file(directory: &Path, name: &str, text: &str) -> Result<()> {
    let path = directory.join(name);
    fs::create_dir_all(directory)
        .and_then(|()| fs::write(&path, text))
        .with_context(|| format!("cannot write {}", path.display()))
}

/// Replays the accounts that a solver found for the scripts in `faults/` and `induction/`.
///
/// # Errors
///
/// If the output names no known fault or invariant, or one without values.
pub(crate) fn replay_counterexamples(output: &str, out: &mut dyn Write) -> Result<u8> {
    let (mut replayed, mut silent, mut without) = (0, 0, 0);
    let mut shows = |is_shown: bool| {
        replayed += 1;
        silent += usize::from(!is_shown);
    };
    let known: Vec<FaultyStatement> = faults().collect();
    for (name, values) in blocks(output, FAULT) {
        if has_no_counterexample(values) {
            without += 1;
            continue;
        }
        let fault = known.iter().find(|it| it.description == name);
        let fault = fault.with_context(|| unknown("fault", name))?;
        let found = Counterexample::read(fault, values).with_context(|| no_values(name, values))?;
        let replay = found.replay(fault);
        print_replay(fault, &found, &replay, out)?;
        shows(replay.is_reachable && replay.shows_fault());
    }
    let unsupported: Vec<UnsupportedProof> = unsupported_proofs().collect();
    for (name, values) in blocks(output, INDUCTION) {
        if has_no_counterexample(values) {
            without += 1;
            continue;
        }
        let proof = unsupported.iter().find(|it| it.description == name);
        let proof = proof.with_context(|| unknown("proof", name))?;
        let found = proof.read(values).with_context(|| no_values(name, values))?;
        print_induction(proof, &found, out)?;
        shows(found.breaks_only_missing && !found.broken.is_empty());
    }
    if replayed == 0 {
        bail!(
            "expected the output of a solver for a script in faults/ or induction/, got `{}`",
            output.lines().next().unwrap_or_default()
        );
    }
    writeln!(
        out,
        "{} replayed; {} of {replayed} confirmed",
        counted(replayed, "counterexample"),
        replayed - silent
    )?;
    if without > 0 {
        writeln!(out, "{} without a counterexample", counted(without, "output"))?;
    }
    Ok(exit_code::of(Outcome { diverges: silent > 0, ..Outcome::default() }))
}

/// Returns true if the solver found no values: the fault does not show in the statement, or the time
/// was over.
fn has_no_counterexample(values: &str) -> bool {
    matches!(values.lines().next().map(str::trim), Some("unsat" | "unknown" | "timeout"))
}

/// The name after each such mark, with the lines up to the next mark.
fn blocks<'a>(output: &'a str, mark: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
    output.split(mark).skip(1).map(|block| {
        let block = [FAULT, INDUCTION]
            .iter()
            .filter_map(|it| block.find(it))
            .min()
            .map_or(block, |end| block.get(..end).unwrap_or(block));
        let (name, values) = block.split_once('\n').unwrap_or((block, ""));
        (name.trim().trim_end_matches('"'), values)
    })
}

fn unknown(what: &str, name: &str) -> String {
    format!("there is no {what} `{name}`; write the scripts again with --smt")
}

fn no_values(name: &str, values: &str) -> String {
    format!(
        "expected the values of an account for `{name}`, got `{}`; a solver prints values only \
         after `sat`",
        values.lines().next().unwrap_or_default()
    )
}

fn print_induction(
    proof: &UnsupportedProof,
    found: &InductionCounterexample,
    out: &mut dyn Write,
) -> Result<()> {
    let tuple = |(relation, first, second): &(Relation, u32, u32)| match relation.sorts().1 {
        Some(_) => format!("{}({first}, {second})", relation.name()),
        None => format!("{}({first})", relation.name()),
    };
    let tuples: Vec<String> = found.before.iter().map(tuple).collect();
    writeln!(
        out,
        "{INDUCTION}{}\n  account: {}\n    {}\n  breaks:\n    {}",
        proof.description,
        tuples.join(", "),
        print::operation(&found.call),
        found.broken.join("\n    ")
    )?;
    Ok(())
}

fn print_replay(
    fault: &FaultyStatement,
    found: &Counterexample,
    replay: &Replay,
    out: &mut dyn Write,
) -> Result<()> {
    writeln!(out, "{FAULT}{}\n  account: {}", fault.description, replay.before)?;
    for op in found.account.iter().chain([&found.call]) {
        writeln!(out, "    {}", print::operation(op))?;
    }
    let outcome = |may: bool, must: bool| match (may, must) {
        (false, _) => "is refused",
        (true, false) => "may succeed or be refused",
        (true, true) => "succeeds",
    };
    let [model, faulty] = [0, 1].map(|side: usize| {
        let at = |pair: [bool; 2]| pair.get(side).copied().unwrap_or_default();
        outcome(at(replay.may_succeed), at(replay.must_succeed))
    });
    let effect = if replay.same_effect { "" } else { ", with another effect" };
    writeln!(out, "  model: the last call {model}; with the fault it {faulty}{effect}")?;
    if !replay.is_reachable {
        writeln!(out, "  the model refuses one of the calls before the last one")?;
    }
    Ok(())
}
