//! The `--shard` option: the part of a suite that this process runs, as typed or from the variables
//! of the job engine that started the process.

use std::str::FromStr;

use anyhow::{Context as _, Result, bail, ensure};
use iamspec_conformance::runner::shard::Shard;

/// A shard, as typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShardArg {
    /// `2/8`.
    This(Shard),
    /// `env` or `env/8`: the number from the environment, and the total if the engine sets none.
    Environment(Option<usize>),
}

/// A job engine that starts many processes and numbers them.
#[derive(Clone, Copy, Debug)]
struct Engine {
    name: &'static str,
    /// The variable with the number of this process.
    number: &'static str,
    /// The number of the first process.
    first: First,
    /// The variable with the number of processes.
    of: Option<&'static str>,
}

/// The number of the first process.
#[derive(Clone, Copy, Debug)]
enum First {
    Is(usize),
    /// The value of this variable.
    Variable(&'static str),
}

/// The engines, from their own documentation of job variables.
const ENGINES: [Engine; 6] = [
    Engine {
        name: "a Slurm array",
        number: "SLURM_ARRAY_TASK_ID",
        first: First::Variable("SLURM_ARRAY_TASK_MIN"),
        of: Some("SLURM_ARRAY_TASK_COUNT"),
    },
    Engine {
        name: "a Kubernetes Indexed Job",
        number: "JOB_COMPLETION_INDEX",
        first: First::Is(0),
        of: None,
    },
    Engine {
        name: "an AWS Batch array job",
        number: "AWS_BATCH_JOB_ARRAY_INDEX",
        first: First::Is(0),
        of: Some("AWS_BATCH_JOB_ARRAY_SIZE"),
    },
    Engine {
        name: "Buildkite",
        number: "BUILDKITE_PARALLEL_JOB",
        first: First::Is(0),
        of: Some("BUILDKITE_PARALLEL_JOB_COUNT"),
    },
    Engine {
        name: "CircleCI",
        number: "CIRCLE_NODE_INDEX",
        first: First::Is(0),
        of: Some("CIRCLE_NODE_TOTAL"),
    },
    Engine {
        name: "GitLab",
        number: "CI_NODE_INDEX",
        first: First::Is(1),
        of: Some("CI_NODE_TOTAL"),
    },
];

impl ShardArg {
    /// The shard of this process.
    ///
    /// # Errors
    /// No engine or several engines set a number, or the number is invalid.
    pub fn resolve(self) -> Result<Shard> {
        self.resolve_with(&|name| std::env::var(name).ok())
    }

    fn resolve_with(self, variable: &dyn Fn(&str) -> Option<String>) -> Result<Shard> {
        match self {
            Self::This(shard) => Ok(shard),
            Self::Environment(of) => from_environment(of, variable),
        }
    }
}

/// The only engine that sets a number.
fn engine(variable: &dyn Fn(&str) -> Option<String>) -> Result<&'static Engine> {
    let here: Vec<&Engine> = ENGINES.iter().filter(|it| variable(it.number).is_some()).collect();
    match here.as_slice() {
        [engine] => Ok(engine),
        [] => {
            let numbers = ENGINES.map(|it| it.number).join(", ");
            bail!("no job engine sets a shard number; expected one of {numbers}, or `--shard 2/8`")
        }
        several => {
            let names: Vec<&str> = several.iter().map(|it| it.name).collect();
            let names = names.join(" and ");
            bail!("{names} all set a shard number; choose it yourself, for example `--shard 2/8`")
        }
    }
}

fn from_environment(of: Option<usize>, variable: &dyn Fn(&str) -> Option<String>) -> Result<Shard> {
    let engine = engine(variable)?;
    let number = |name: &str| -> Result<usize> {
        let text =
            variable(name).with_context(|| format!("{} does not set {name}", engine.name))?;
        text.parse().with_context(|| format!("expected a number in {name}, found `{text}`"))
    };
    let first = match engine.first {
        First::Is(first) => first,
        First::Variable(name) => number(name)?,
    };
    let index = number(engine.number)?.checked_sub(first);
    let index = index.with_context(|| format!("{} is below {first}", engine.number))?;
    let of = match (of, engine.of) {
        (Some(of), _) => of,
        (None, Some(name)) => number(name)?,
        (None, None) => {
            bail!(
                "{} does not set the number of shards; add it, for example `--shard env/8`",
                engine.name
            )
        }
    };
    let shard = Shard::new(index + 1, of);
    ensure!(
        shard.is_some(),
        "{} sets shard {} of {of}; the array must have no gaps and as many elements as shards",
        engine.name,
        index + 1
    );
    shard.context("the shard is checked above")
}

impl FromStr for ShardArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("expected a shard such as `2/8`, `env` or `env/8`, found `{text}`");
        match text.strip_prefix("env") {
            None => text.parse().map(Self::This),
            Some("") => Ok(Self::Environment(None)),
            Some(rest) => {
                let of = rest.strip_prefix('/').and_then(|it| it.parse().ok());
                of.filter(|it| *it > 0).map(|it| Self::Environment(Some(it))).ok_or_else(wrong)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::ShardArg;

    fn resolved(text: &str, variables: &[(&str, &str)]) -> Result<String, String> {
        let variable = |name: &str| {
            variables.iter().find(|(it, _)| *it == name).map(|(_, value)| (*value).to_owned())
        };
        let shard = text.parse::<ShardArg>()?.resolve_with(&variable);
        shard.map(|it| it.to_string()).map_err(|it| format!("{it:#}"))
    }

    #[test]
    fn each_engine_sets_the_shard_in_its_own_variables() {
        let slurm = |first, id| {
            [
                ("SLURM_ARRAY_TASK_MIN", first),
                ("SLURM_ARRAY_TASK_ID", id),
                ("SLURM_ARRAY_TASK_COUNT", "8"),
            ]
        };
        assert_eq!(resolved("env", &slurm("0", "1")).unwrap(), "2/8");
        assert_eq!(resolved("env", &slurm("1", "8")).unwrap(), "8/8");
        assert_eq!(resolved("env/3", &[("JOB_COMPLETION_INDEX", "0")]).unwrap(), "1/3");
        let batch = [("AWS_BATCH_JOB_ARRAY_INDEX", "9"), ("AWS_BATCH_JOB_ARRAY_SIZE", "10")];
        assert_eq!(resolved("env", &batch).unwrap(), "10/10");
        assert_eq!(
            resolved("env", &[("CI_NODE_INDEX", "1"), ("CI_NODE_TOTAL", "2")]).unwrap(),
            "1/2"
        );
        assert_eq!(resolved("2/8", &batch).unwrap(), "2/8");
    }

    #[test]
    fn an_incomplete_environment_is_an_error_with_a_next_step() {
        let index = ("JOB_COMPLETION_INDEX", "3");
        for (text, variables, why) in [
            ("env", vec![], "no job engine"),
            ("env", vec![index], "`--shard env/8`"),
            ("env", vec![index, ("CI_NODE_INDEX", "1")], "all set"),
            ("env/3", vec![index], "shard 4 of 3"),
            ("env", vec![("CI_NODE_INDEX", "0"), ("CI_NODE_TOTAL", "2")], "below 1"),
            ("env", vec![("CI_NODE_INDEX", "x"), ("CI_NODE_TOTAL", "2")], "found `x`"),
            ("0/8", vec![], "found `0/8`"),
            ("9/8", vec![], "found `9/8`"),
            ("env/", vec![], "found `env/`"),
        ] {
            let error = resolved(text, &variables).unwrap_err();
            assert!(error.contains(why), "{error}");
        }
    }
}
