//! What it costs to get the authorization header for a request, when the token is cached and good.

mod cases;
mod timing;

use std::fmt::Write;

pub(crate) use cases::{Case, case};

use crate::{
    count::Counter,
    runner::{Numbers, Program, Result, Runner},
    samples::Samples,
    table::Table,
};

/// Calls for each count of allocations.
const CALLS: u32 = 100;

pub(crate) fn run(runner: &Runner) -> Result<String> {
    let rounds = runner.rounds(7);
    let mut measured: Vec<(Case, Vec<Numbers>)> =
        Case::ALL.iter().map(|case| (*case, Vec::new())).collect();
    for _ in 0..rounds {
        for (case, numbers) in &mut measured {
            numbers.push(Runner::job(
                Program::Timing,
                &format!("header/{}", case.name()),
            )?);
        }
    }
    let mut table = Table::new([
        "",
        "ns",
        "× floor",
        "× floor with expiry",
        "allocations",
        "2 threads ÷ 1",
        "Mops/s, 2 threads",
    ]);
    let figures = Figures(measured);
    for case in Case::ALL {
        let allocations =
            Runner::job(Program::Counting, &format!("header/{}", case.name()))?["allocations"];
        table.row([
            case.name().to_owned(),
            figures.of(*case, "one").shown(1).to_string(),
            figures.ratios(*case, Case::Floor).shown(2).to_string(),
            figures
                .ratios(*case, Case::FloorWithExpiry)
                .shown(2)
                .to_string(),
            format!("{allocations}"),
            figures.of(*case, "scaling").shown(2).to_string(),
            format!("{:.1}", figures.of(*case, "two").median()),
        ]);
    }
    let mut text = format!(
        "Medians of {rounds} processes, with the lowest and the highest; ratios are of figures of one round. A token of \
         1,000 characters. *Floor* is a load of arc_swap and a clone of a `HeaderValue`; *with expiry* also asks \
         `Instant::now()` whether it is still good. What the peers are is in [README.md](../README.md).\n\n{table}\n"
    );
    write!(text, "{}", figures.aims()).expect("a String takes all");
    Ok(text)
}

/// Times one case.
pub(crate) fn time(name: &str) -> Result<Numbers> {
    Ok(timing::measure(&case(Case::named(name)?).batch))
}

/// Counts the allocations of one case.
pub(crate) fn count(name: &str, counter: Counter) -> Result<Numbers> {
    let prepared = case(Case::named(name)?);
    // What is made once is made now.
    (prepared.batch)(CALLS);
    let once = counter(&mut || (prepared.batch)(CALLS)).allocations;
    let twice = counter(&mut || (prepared.batch)(2 * CALLS)).allocations;
    let each = (twice - once) as f64 / f64::from(CALLS);
    Ok([("allocations".to_owned(), each)].into())
}

struct Figures(Vec<(Case, Vec<Numbers>)>);

impl Figures {
    fn rounds(&self, case: Case) -> &[Numbers] {
        let found = self.0.iter().find(|(measured, _)| *measured == case);
        found.map_or(&[], |(_, rounds)| rounds)
    }

    fn of(&self, case: Case, key: &str) -> Samples {
        // A round in which two threads were never at work together has no figure for that.
        let rounds = self.rounds(case).iter();
        let mut known: Vec<f64> = rounds
            .filter_map(|numbers| numbers.get(key).copied())
            .collect();
        if known.is_empty() {
            known.push(f64::NAN);
        }
        Samples::new(known)
    }

    fn ratios(&self, case: Case, floor: Case) -> Samples {
        let pairs = self.rounds(case).iter().zip(self.rounds(floor));
        Samples::new(pairs.map(|(of_case, of_floor)| of_case["one"] / of_floor["one"]))
    }

    fn aims(&self) -> Table {
        let mut table = Table::new(["aim", "measured", "met"]);
        let mut aim = |what: &str, measured: f64, is_met: bool| {
            let met = if is_met { "yes" } else { "no" };
            table.row([what.to_owned(), format!("{measured:.2}"), met.to_owned()]);
        };
        for (floor, of) in [
            (Case::FloorWithExpiry, "floor with expiry"),
            (Case::Floor, "floor that never expires"),
        ] {
            let ratio = self.ratios(Case::HeaderNow, floor).median();
            aim(
                &format!("`header_now` ÷ {of}: at most 1.0"),
                ratio,
                ratio <= 1.0,
            );
        }
        let insert = self.ratios(Case::Authorize, Case::FloorInserted).median();
        aim(
            "`authorize` ÷ floor with expiry, put on a request: at most 1.0",
            insert,
            insert <= 1.0,
        );
        let checked = self.ratios(Case::Authorize, Case::FloorChecked).median();
        aim(
            "`authorize` ÷ floor with expiry, origin checked, put on a request: at most 1.0",
            checked,
            checked <= 1.0,
        );
        let fastest = Case::PEERS
            .iter()
            .map(|peer| self.ratios(*peer, Case::HeaderNow).median());
        let fastest = fastest.fold(f64::INFINITY, f64::min);
        aim(
            "fastest peer ÷ `header_now`: at least 7",
            fastest,
            fastest >= 7.0,
        );
        let fastest = Case::PEERS
            .iter()
            .map(|peer| self.ratios(*peer, Case::Authorize).median());
        let fastest = fastest.fold(f64::INFINITY, f64::min);
        aim(
            "fastest peer ÷ `authorize`, which does more: at least 7",
            fastest,
            fastest >= 7.0,
        );
        for (case, what) in [
            (Case::HeaderNow, "`header_now`"),
            (Case::Authorize, "`authorize`"),
        ] {
            let scaling = self.of(case, "scaling").median();
            aim(
                &format!("{what}, two threads ÷ one: at least 1.9"),
                scaling,
                scaling >= 1.9,
            );
        }
        for (case, what, most) in [
            (Case::NoScope, "`with_current`, no scope", 1.2),
            (Case::Scope, "`with_current`, in a scope", 1.4),
        ] {
            for (floor, of) in [
                (Case::FloorWithExpiry, "floor with expiry"),
                (Case::Floor, "floor that never expires"),
            ] {
                let ratio = self.ratios(case, floor).median();
                aim(
                    &format!("{what} ÷ {of}: at most {most}"),
                    ratio,
                    ratio <= most,
                );
            }
        }
        table
    }
}
