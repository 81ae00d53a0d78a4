//! The project's own tasks, as `cargo xtask …`: what people and CI run, so that both run the
//! same.

mod bare;
mod bench;
mod ci;
mod counterpart;
mod dependencies;
mod fuzz;
mod model;
mod packages;
mod private_file;
mod python;
mod running;
mod steps;
mod test;
mod tidy;
mod up;
mod valgrind;
mod workspace;

use std::{env, process::ExitCode};

use workspace::Workspace;

const USAGE: &str = "\
The project's own tasks.

    cargo xtask test [--long]     set up what the tests need, and run all of them
    cargo xtask ci [--long]       everything that a change must pass
    cargo xtask model [--long]    the engine under model checkers
    cargo xtask up NAME [--json]  start a counterpart, and print how to reach it
    cargo xtask tidy              what no linter checks
    cargo xtask bench [PART ...] [--quick]
                                  the benchmarks, or those parts of them: tables, kept in bench/results
    cargo xtask bare              builds and runs the command on a Debian without anything of Kerberos
    cargo xtask fuzz [MINUTES]    each fuzz target for that long: 10 unless told otherwise

--long adds what takes long: tests in release mode, the counterparts' own verification, more of the
schedules that the model checkers try, Kerberos under valgrind, mutation tests, advisories, whether the
benchmarks still compile, `bare`.
--json prints the counterpart's line of JSON alone.
--quick measures little, to see whether it works, and keeps nothing.

";

const QUICK: &str = "--quick";

/// What went wrong and what to do, for the person at the terminal.
type Result<T = ()> = std::result::Result<T, String>;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let workspace = Workspace::here();
    let result = match Task::parse(&arguments) {
        Ok(Task::Help) => {
            print(&format!("{}{}", USAGE, counterpart::list()));
            Ok(())
        }
        Ok(Task::Test { long }) => test::run(&workspace, long),
        Ok(Task::Ci { long }) => ci::run(&workspace, long),
        Ok(Task::Model { long }) => model::run(&workspace, long),
        Ok(Task::Up { name, json }) => up::run(&workspace, &name, json),
        Ok(Task::Tidy) => tidy::run(&workspace),
        Ok(Task::Bare) => bare::run(&workspace),
        Ok(Task::Fuzz { minutes }) => fuzz::run(&workspace, minutes),
        Ok(Task::Bench { parts, quick }) => bench::run(&workspace, &parts, quick),
        Err(usage) => {
            progress(&format!("xtask: {usage}"));
            return ExitCode::from(2);
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            progress(&format!("xtask: {error}"));
            ExitCode::FAILURE
        }
    }
}

#[derive(Debug, PartialEq)]
enum Task {
    Help,
    Test { long: bool },
    Ci { long: bool },
    Model { long: bool },
    Up { name: String, json: bool },
    Tidy,
    Bare,
    Fuzz { minutes: u32 },
    Bench { parts: Vec<String>, quick: bool },
}

impl Task {
    fn parse(arguments: &[String]) -> Result<Self> {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let task = match arguments[..] {
            [] | ["help" | "--help" | "-h", ..] | [_, "--help" | "-h"] => Self::Help,
            ["test"] => Self::Test { long: false },
            ["test", "--long"] => Self::Test { long: true },
            ["ci"] => Self::Ci { long: false },
            ["ci", "--long"] => Self::Ci { long: true },
            ["model"] => Self::Model { long: false },
            ["model", "--long"] => Self::Model { long: true },
            ["up", name] if !name.starts_with('-') => Self::up(name, false),
            ["up", name, "--json"] | ["up", "--json", name] => Self::up(name, true),
            ["tidy"] => Self::Tidy,
            ["bare"] => Self::Bare,
            ["fuzz"] => Self::Fuzz {
                minutes: fuzz::MINUTES,
            },
            ["fuzz", minutes] if let Ok(minutes) = minutes.parse() => Self::Fuzz { minutes },
            ["bench", ref rest @ ..] if rest.iter().all(|word| is_part(word) || *word == QUICK) => {
                Self::bench(rest)
            }
            _ => {
                return Err(format!(
                    "`cargo xtask {}` is no task.\n\n{USAGE}",
                    arguments.join(" ")
                ));
            }
        };
        Ok(task)
    }

    fn bench(words: &[&str]) -> Self {
        let parts = words.iter().filter(|word| is_part(word));
        Self::Bench {
            parts: parts.map(|part| (*part).to_owned()).collect(),
            quick: words.contains(&QUICK),
        }
    }

    fn up(name: &str, json: bool) -> Self {
        let name = name.to_owned();
        Self::Up { name, json }
    }
}

fn is_part(word: &str) -> bool {
    !word.starts_with('-')
}

/// Prints what the task is for.
#[expect(clippy::print_stdout, reason = "a terminal program")]
fn print(text: &str) {
    println!("{}", text.trim_end());
}

/// Prints what is going on, and what went wrong.
#[expect(clippy::print_stderr, reason = "a terminal program")]
fn progress(text: &str) {
    eprintln!("{}", text.trim_end());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Task> {
        let arguments: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        Task::parse(&arguments)
    }

    #[test]
    fn the_tasks_of_the_usage_parse() {
        let up = |json| Task::Up {
            name: "oidc".to_owned(),
            json,
        };
        assert_eq!(parse("test"), Ok(Task::Test { long: false }));
        assert_eq!(parse("test --long"), Ok(Task::Test { long: true }));
        assert_eq!(parse("ci"), Ok(Task::Ci { long: false }));
        assert_eq!(parse("ci --long"), Ok(Task::Ci { long: true }));
        assert_eq!(parse("model"), Ok(Task::Model { long: false }));
        assert_eq!(parse("model --long"), Ok(Task::Model { long: true }));
        assert_eq!(parse("up oidc"), Ok(up(false)));
        assert_eq!(parse("up oidc --json"), Ok(up(true)));
        assert_eq!(parse("up --json oidc"), Ok(up(true)));
        assert_eq!(parse("tidy"), Ok(Task::Tidy));
        assert_eq!(parse("bare"), Ok(Task::Bare));
        assert_eq!(parse("fuzz"), Ok(Task::Fuzz { minutes: 10 }));
        assert_eq!(parse("fuzz 1"), Ok(Task::Fuzz { minutes: 1 }));
        let bench = |parts: &[&str], quick| Task::Bench {
            parts: parts.iter().map(|part| (*part).to_owned()).collect(),
            quick,
        };
        assert_eq!(parse("bench"), Ok(bench(&[], false)));
        assert_eq!(
            parse("bench header cold --quick"),
            Ok(bench(&["header", "cold"], true))
        );
        assert_eq!(parse(""), Ok(Task::Help));
        assert_eq!(parse("up --help"), Ok(Task::Help));
    }

    #[test]
    fn what_is_no_task_is_refused_by_name() {
        for line in [
            "up",
            "up --json",
            "test --short",
            "tidy all",
            "bench --slow",
            "fuzz -1",
            "fuzz profile",
            "deploy",
        ] {
            assert!(parse(line).unwrap_err().contains(line), "{line}");
        }
    }
}
