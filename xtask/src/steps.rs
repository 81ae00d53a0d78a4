//! The steps of a long task: announced with the time so far, and summed up in a table at the end.

use std::{
    fmt::Write,
    time::{Duration, Instant},
};

use crate::{Result, print, progress};

#[derive(Debug)]
pub(crate) struct Steps {
    started: Instant,
    done: Vec<Step>,
}

#[derive(Debug)]
struct Step {
    name: String,
    took: Duration,
    outcome: Outcome,
}

#[derive(Debug)]
enum Outcome {
    Passed,
    Failed(String),
    /// Deliberately left out, which the table says.
    NotRun(String),
}

impl Steps {
    pub(crate) fn begin() -> Self {
        Self {
            started: now(),
            done: Vec::new(),
        }
    }

    /// Does a step. What comes after it may go on without its result, to learn all that fails at
    /// once.
    pub(crate) fn run<T>(&mut self, name: &str, work: impl FnOnce() -> Result<T>) -> Option<T> {
        let started = now();
        print(&format!(
            "\n==> {name}  [{}]",
            seconds(started - self.started)
        ));
        let (outcome, result) = match work() {
            Ok(result) => (Outcome::Passed, Some(result)),
            Err(error) => {
                progress(&format!("    {name}: {error}"));
                (Outcome::Failed(error), None)
            }
        };
        self.done.push(Step {
            name: name.to_owned(),
            took: now() - started,
            outcome,
        });
        result
    }

    /// Leaves a step out, and says so.
    pub(crate) fn leave_out(&mut self, name: &str, why: &str) {
        let outcome = Outcome::NotRun(why.to_owned());
        self.done.push(Step {
            name: name.to_owned(),
            took: Duration::ZERO,
            outcome,
        });
    }

    /// Prints the table.
    ///
    /// # Errors
    ///
    /// If a step failed.
    pub(crate) fn end(self) -> Result {
        print(&format!("\n{}", self.table()));
        print(&format!("in {}", seconds(now() - self.started)));
        let failed: Vec<_> = self
            .done
            .iter()
            .filter(|step| matches!(step.outcome, Outcome::Failed(_)))
            .collect();
        match failed[..] {
            [] => Ok(()),
            [only] => Err(format!("{} failed", only.name)),
            _ => Err(format!("{} steps failed", failed.len())),
        }
    }

    fn table(&self) -> String {
        let width = self
            .done
            .iter()
            .map(|step| step.name.len())
            .max()
            .unwrap_or(0);
        let mut table = String::new();
        for Step {
            name,
            took,
            outcome,
        } in &self.done
        {
            let (word, why) = match outcome {
                Outcome::Passed => ("ok", ""),
                Outcome::Failed(error) => ("FAILED", error.lines().next().unwrap_or("")),
                Outcome::NotRun(why) => ("not run", why.as_str()),
            };
            let line = format!("{name:width$}  {word:7}  {:>8}  {why}", seconds(*took));
            writeln!(table, "{}", line.trim_end()).expect("a String takes all");
        }
        table
    }
}

fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

#[expect(
    clippy::disallowed_methods,
    reason = "how long a step took is for people to read; nothing depends on it"
)]
fn now() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_step_fails_the_task_and_stops_none_after_it() {
        let mut steps = Steps::begin();
        assert_eq!(
            steps.run("first", || Err::<(), _>("broken\nin detail".to_owned())),
            None
        );
        assert_eq!(steps.run("second", || Ok(2)), Some(2));
        let table = steps.table();
        assert!(table.contains("first   FAILED"), "{table}");
        assert!(
            table.contains("broken") && !table.contains("in detail"),
            "{table}"
        );
        assert!(table.contains("second  ok"), "{table}");
        assert_eq!(steps.end(), Err("first failed".to_owned()));
    }

    #[test]
    fn what_is_left_out_shows_and_fails_nothing() {
        let mut steps = Steps::begin();
        steps.leave_out("advisories", "no network");
        assert!(
            steps.table().contains("advisories  not run"),
            "{}",
            steps.table()
        );
        assert!(steps.table().contains("no network"), "{}", steps.table());
        assert_eq!(steps.end(), Ok(()));
    }
}
