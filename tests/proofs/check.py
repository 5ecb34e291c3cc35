"""Runs z3 and cvc5 on the scripts that `iamspec verify --smt` wrote, and prints a table.

Every obligation must be unsat. For every fault, a solver must find an account (sat), or every obligation of
its proof of equivalence must be unsat. Without an invariant, a call breaks something (sat) or, as
both solvers must prove, breaks nothing in accounts with two elements of each sort (unsat). Then the program replays the accounts that z3 found. An answer other
than sat or unsat, or an answer that is missing, is a failure.

    python check.py IAMSPEC DIRECTORY
"""

import multiprocessing
import pathlib
import subprocess
import sys
import time

import cvc5

Z3 = pathlib.Path(sys.executable).with_name("z3")
SECONDS = 60
# The directories whose scripts may be sat or unsat.
EITHER = {"faults", "induction"}


def z3(path):
    run = subprocess.run([Z3, f"-T:{SECONDS}", path], capture_output=True, text=True, check=False)
    return run.stdout + run.stderr


def run_cvc5(path):
    terms = cvc5.TermManager()
    solver = cvc5.Solver(terms)
    solver.setOption("tlimit-per", str(SECONDS * 1000))
    solver.setOption("incremental", "true")
    symbols = cvc5.SymbolManager(terms)
    parser = cvc5.InputParser(solver, symbols)
    parser.setFileInput(cvc5.InputLanguage.SMT_LIB_2_6, str(path))
    output = []
    while not (command := parser.nextCommand()).isNull():
        output.append(str(command.invoke(solver, symbols)))
        # The values are read from z3.
        if output[-1].strip() == "sat" and path.parent.name in EITHER:
            break
    return "".join(output)


SOLVERS = {"z3": z3, "cvc5": run_cvc5}


def solve(job):
    solver, path = job
    began = time.monotonic()
    output = SOLVERS[solver](path)
    answers = [line for line in output.splitlines() if line in ("sat", "unsat", "unknown", "timeout")]
    expected = path.read_text().count("(check-sat)")
    answers += ["missing"] * (expected - len(answers))
    return solver, path, answers, output, time.monotonic() - began


def main():
    iamspec, directory = sys.argv[1], pathlib.Path(sys.argv[2])
    paths = sorted(directory.glob("*/*.smt2"))
    if not paths:
        sys.exit(f"expected scripts in {directory}/*/, found none; write them with iamspec verify --smt")
    # The accounts of induction are confirmed by the program, so that a second solver need not find them.
    later = {"z3": {"equivalence"}, "cvc5": {"equivalence", "induction"}}
    jobs = [(solver, path) for solver in SOLVERS for path in paths if path.parent.name not in later[solver]]
    failures, found, seconds, counts = [], [], {}, {}
    needed = {solver: set() for solver in SOLVERS}
    with multiprocessing.Pool() as pool:
        results = pool.map(solve, jobs, chunksize=8)
        unfound = [(solver, path) for solver, path, answers, _, _ in results
                   if path.parent.name == "faults" and answers == ["unsat"]]
        equivalent = [(solver, directory / "equivalence" / path.name) for solver, path in unfound]
        needless = [("cvc5", path) for solver, path, answers, _, _ in results
                    if path.parent.name == "induction" and answers == ["unsat"]]
        results += pool.map(solve, equivalent + needless, chunksize=8)
    for solver, path, answers, output, duration in results:
        group = path.parent.name
        row = counts.setdefault((group, solver), {})
        for answer in answers:
            row[answer] = row.get(answer, 0) + 1
        seconds[group, solver] = seconds.get((group, solver), 0) + duration
        allowed = {"sat", "unsat"} if group in EITHER else {"unsat"}
        if not set(answers) <= allowed or not answers:
            failures.append(f"{solver} {path}: {' '.join(answers)}")
        if solver == "z3" and group in EITHER and answers == ["sat"]:
            found.append(output)
        if group == "induction" and answers == ["sat"]:
            needed[solver].add(path.name)
    for (group, solver), row in sorted(counts.items()):
        answers = ", ".join(f"{count} {answer}" for answer, count in sorted(row.items()))
        print(f"{group:<13} {solver:<5} {answers:<24} {seconds[group, solver]:>7.1f} s")
    invariants = {name.split("-without-")[1] for name in needed["z3"]}
    print(f"{len(invariants)} invariants are needed to prove something else than themselves")
    failures += [f"cvc5 finds an account where z3 finds none: {name}" for name in needed["cvc5"]]
    for failure in failures:
        print(f"expected sat for a fault and unsat for an obligation: {failure}", file=sys.stderr)
    replay = subprocess.run([iamspec, "verify", "--counterexamples", "-"], input="".join(found),
                            capture_output=True, text=True, check=False)
    print(replay.stdout.strip().splitlines()[-1] if replay.stdout else replay.stderr)
    return bool(failures) or replay.returncode != 0


if __name__ == "__main__":
    sys.exit(main())
