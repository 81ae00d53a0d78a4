//! Findings as people and programs read them.

use std::io::Write as _;

use anstyle::Style;
use serde::Serialize;
use session_kit::{Finding, Health};

use crate::{
    exit::Exit,
    failure::Failure,
    output::{self, BAD, GOOD, WARNING},
    table::Table,
};

pub(super) fn print(findings: &[Finding], json: bool) -> Result<(), Failure> {
    if json {
        let findings: Vec<_> = findings.iter().map(FindingJson::from).collect();
        return output::json(&findings);
    }
    let mut table = Table::new(["HEALTH", "WHAT", "FOUND"]);
    for finding in findings {
        let health = finding.health();
        let row = [health.as_str(), finding.what(), finding.detail()].map(str::to_owned);
        table.row_in(style(health), row);
        if let Some(remedy) = finding.remedy() {
            table.row([String::new(), String::new(), format!("-> {remedy}")]);
        }
    }
    let mut text = output::text();
    table.write("", &mut text)?;
    let (style, summary) = summary(findings);
    writeln!(text, "\n{style}{summary}{style:#}")?;
    Ok(text.flush()?)
}

/// How the command ends: as the first problem says.
pub(super) fn exit(findings: &[Finding]) -> Option<Exit> {
    let problem = findings
        .iter()
        .find(|finding| finding.health() == Health::Problem)?;
    Some(problem.kind().map_or(Exit::Usage, Exit::from))
}

fn style(health: Health) -> Style {
    match health {
        Health::Ok => GOOD,
        Health::Warning => WARNING,
        _ => BAD,
    }
}

fn summary(findings: &[Finding]) -> (Style, String) {
    let count = |health| {
        let count = findings.iter().filter(|it| it.health() == health).count();
        let plural = if count == 1 { "" } else { "s" };
        (count > 0).then(|| format!("{count} {health}{plural}"))
    };
    match (count(Health::Problem), count(Health::Warning)) {
        (None, None) => (GOOD, "all is well".to_owned()),
        (None, Some(warnings)) => (WARNING, format!("it works, with {warnings}")),
        (Some(problems), None) => (BAD, problems),
        (Some(problems), Some(warnings)) => (BAD, format!("{problems}, {warnings}")),
    }
}

#[derive(Serialize)]
struct FindingJson<'a> {
    what: &'a str,
    health: &'static str,
    detail: &'a str,
    remedy: Option<&'a str>,
}

impl<'a> From<&'a Finding> for FindingJson<'a> {
    fn from(finding: &'a Finding) -> Self {
        Self {
            what: finding.what(),
            health: finding.health().as_str(),
            detail: finding.detail(),
            remedy: finding.remedy(),
        }
    }
}

#[cfg(test)]
mod tests {
    use session_kit::{Error, ErrorKind};

    use super::*;

    #[test]
    fn the_exit_code_is_that_of_the_first_problem() {
        let ok = Finding::ok("a", "");
        let warning = Finding::warning("b", "");
        let denied = Finding::failed("c", &Error::new(ErrorKind::Denied, ""));
        let plain = Finding::problem("d", "");
        assert_eq!(exit(&[ok.clone(), warning.clone()]), None);
        assert_eq!(
            exit(&[ok, warning, denied.clone(), plain.clone()]),
            Some(Exit::Denied)
        );
        assert_eq!(exit(&[plain, denied]), Some(Exit::Usage));
    }

    #[test]
    fn in_the_end_all_is_counted() {
        use Health::{Ok, Problem, Warning};
        let of = |healths: &[Health]| {
            let findings = healths.iter().map(|health| match health {
                Ok => Finding::ok("a", ""),
                Warning => Finding::warning("a", ""),
                _ => Finding::problem("a", ""),
            });
            summary(&findings.collect::<Vec<_>>()).1
        };
        assert_eq!(of(&[Ok]), "all is well");
        assert_eq!(of(&[Ok, Warning]), "it works, with 1 warning");
        assert_eq!(of(&[Problem, Warning, Problem]), "2 problems, 1 warning");
        assert_eq!(of(&[Problem, Ok]), "1 problem");
    }
}
