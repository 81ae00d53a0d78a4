//! How the demonstration is told.

use std::{
    fmt::{Debug, Display},
    io::{self, Write as _},
};

use tokio::time::Instant;

use crate::{
    failure::Failure,
    output::{self, BAD, BOLD, CODE, DIM, GOOD},
};

/// Numbers the steps, and tells only what is so.
#[derive(Debug)]
pub(crate) struct Teller {
    began: Instant,
    step: usize,
    facts: usize,
}

impl Teller {
    pub(crate) fn new() -> Self {
        Self {
            began: Instant::now(),
            step: 0,
            facts: 0,
        }
    }

    /// The next step, and the line of code that does it.
    pub(crate) fn step(&mut self, title: &str, code: &str) -> io::Result<()> {
        self.step += 1;
        let step = self.step;
        writeln!(
            output::text(),
            "\n{BOLD}{step}  {title}{BOLD:#}\n   {CODE}{code}{CODE:#}"
        )
    }

    /// Something that was found to be as expected. If it was not, the demonstration is over.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "so that calls read as what they say"
    )]
    pub(crate) fn fact<T: PartialEq + Debug>(
        &mut self,
        fact: impl Display,
        found: T,
        expected: T,
    ) -> Result<(), Failure> {
        if found != expected {
            writeln!(output::text(), "   {BAD}✗{BAD:#} {fact}")?;
            return Err(Failure::Unexpected(format!(
                "the demonstration failed: expected {expected:?}, found {found:?}; please report it"
            )));
        }
        self.facts += 1;
        writeln!(output::text(), "   {GOOD}✓{GOOD:#} {fact}")?;
        Ok(())
    }

    /// What became of it all.
    pub(crate) fn sum_up(&self) -> io::Result<()> {
        let (facts, took) = (self.facts, self.began.elapsed().as_secs_f32());
        writeln!(
            output::text(),
            "\n{GOOD}{facts} facts checked in {took:.1} s{GOOD:#}"
        )
    }
}

/// A line without a fact in it.
pub(crate) fn say(text: impl Display) -> io::Result<()> {
    writeln!(output::text(), "{text}")
}

/// What to try next: arguments of `command`, and what they are for if that is not plain to see.
pub(crate) fn suggest(command: &str, next: &[(&str, &str)]) -> io::Result<()> {
    let width = next
        .iter()
        .map(|(arguments, _)| arguments.len())
        .max()
        .unwrap_or_default();
    let mut text = output::text();
    writeln!(text, "\n{BOLD}Try next{BOLD:#}")?;
    for (arguments, purpose) in next {
        write!(text, "   {CODE}{command} {arguments}{CODE:#}")?;
        if !purpose.is_empty() {
            let gap = width - arguments.len();
            write!(text, "{:gap$}  {DIM}# {purpose}{DIM:#}", "")?;
        }
        writeln!(text)?;
    }
    text.flush()
}

/// This command as it was typed.
pub(crate) fn program() -> String {
    std::env::args()
        .next()
        .unwrap_or_else(|| "session".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::Exit;

    #[test]
    fn what_is_not_so_ends_the_demonstration() {
        let mut teller = Teller::new();
        teller.fact("one and one are two", 1 + 1, 2).unwrap();
        let failure = teller.fact("one and one are three", 1 + 1, 3).unwrap_err();
        assert_eq!(failure.exit(), Exit::Unexpected);
        assert_eq!(teller.facts, 1);
    }
}
