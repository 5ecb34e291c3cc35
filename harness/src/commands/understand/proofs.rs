//! The proofs of `iamspec verify`: writes them for solvers, and replays what solvers found.

use std::fs;
use std::io::Write;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use iamspec_conformance::script::print;
use iamspec_model::logic::counterexample::{Counterexample, Replay};
use iamspec_model::logic::faults::{FaultyStatement, faults};
use iamspec_model::logic::obligations::{Proof, equivalence, independence, initiation, proof_of};
use iamspec_model::logic::smt::{fault_script, proof_script};
use iamspec_model::logic::statements::call::CallForm;

use crate::exit_code;
use crate::exit_code::Outcome;
use crate::report::format::summary::counted;

/// The line of a solver's output that names the fault; the values follow.
const FAULT: &str = "fault: ";

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
    let count = |proofs: &[Proof]| proofs.iter().map(|it| it.obligations.len()).sum::<usize>();
    let untouched: usize = proofs.iter().map(|it| it.untouched).sum();
    writeln!(
        out,
        "proofs/        {} calls, {} obligations; {untouched} more hold because the call changes \
         nothing in them\nindependence/  {} pairs of calls, {} obligations\nfaults/        \
         {fault_count} faults\nequivalence/   for each fault, that it changes nothing",
        proofs.len() - 1,
        count(&proofs),
        pairs.len(),
        count(&pairs),
    )?;
    writeln!(
        out,
        "A solver must answer unsat to everything in proofs/ and independence/, and for each fault \
         sat in faults/ or unsat to everything in equivalence/. For example:\n  z3 \
         {directory}/proofs/DeleteUser.smt2",
        directory = directory.display()
    )?;
    Ok(exit_code::CONFORMS)
}

fn write_script(directory: &Path, name: &str, script: &str) -> Result<()> {
    let separators = [' ', '|', ',', ':', '(', ')'];
    let words: Vec<&str> = name.split(separators).filter(|it| !it.is_empty()).collect();
    let path = directory.join(format!("{}.smt2", words.join("-")));
    fs::create_dir_all(directory)
        .and_then(|()| fs::write(&path, script))
        .with_context(|| format!("cannot write {}", path.display()))
}

/// Replays the accounts that a solver found for the scripts in `faults/`.
///
/// # Errors
///
/// If the output names no known fault, or a fault without values.
pub(crate) fn replay_counterexamples(output: &str, out: &mut dyn Write) -> Result<u8> {
    let known: Vec<FaultyStatement> = faults().collect();
    let (mut replayed, mut silent) = (0, 0);
    let mut blocks = output.split(FAULT);
    let before = blocks.next().unwrap_or_default();
    for block in blocks {
        let (name, values) = block.split_once('\n').unwrap_or((block, ""));
        let name = name.trim().trim_end_matches('"');
        let fault = known.iter().find(|it| it.description == name).with_context(|| {
            format!("there is no fault `{name}`; write the scripts again with --smt")
        })?;
        let Some(found) = Counterexample::read(fault, values) else {
            bail!(
                "expected the values of an account for the fault `{name}`, got `{}`; a solver \
                 prints values only after `sat`",
                values.lines().next().unwrap_or_default()
            );
        };
        let replay = found.replay(fault);
        print_replay(fault, &found, &replay, out)?;
        replayed += 1;
        silent += usize::from(!replay.is_reachable || !replay.shows_fault());
    }
    if replayed == 0 {
        bail!(
            "expected the output of a solver for a script in faults/, got `{}`",
            before.lines().next().unwrap_or_default()
        );
    }
    writeln!(
        out,
        "{} replayed; the model shows the fault in {} of {replayed}",
        counted(replayed, "counterexample"),
        replayed - silent
    )?;
    Ok(exit_code::of(Outcome { diverges: silent > 0, ..Outcome::default() }))
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
