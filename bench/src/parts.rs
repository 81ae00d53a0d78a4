//! The parts of the benchmark, and which are asked for.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
    process::ExitCode,
};

use crate::{
    cold,
    count::Counter,
    endpoint::Endpoint,
    header, jobs, lifetimes, loopback, machine, marquee, memory, renewal,
    runner::{Result, Runner, progress},
};

struct Part {
    name: &'static str,
    title: &'static str,
    run: fn(&Runner) -> Result<String>,
}

const PARTS: &[Part] = &[
    Part {
        name: "header",
        title: "The authorization header of a cached token",
        run: header::run,
    },
    Part {
        name: "cold",
        title: "A cold start",
        run: cold::run,
    },
    Part {
        name: "renewal",
        title: "Renewal under load",
        run: renewal::run,
    },
    Part {
        name: "lifetimes",
        title: "Tokens that do not live long",
        run: lifetimes::run,
    },
    Part {
        name: "loopback",
        title: "A request over loopback",
        run: loopback::run,
    },
    Part {
        name: "marquee",
        title: "A request to Marquee",
        run: marquee::run,
    },
    Part {
        name: "memory",
        title: "Memory",
        run: memory::run,
    },
    #[cfg(feature = "kerberos")]
    Part {
        name: "kerberos",
        title: "Kerberos",
        run: crate::kerberos::run,
    },
];

/// The program: runs the parts that its arguments name, or all of them, and prints their tables.
///
/// `--quick` runs few rounds, `--into FOLDER` keeps the tables there. `--job` and `--serve` are for the processes that it
/// starts.
pub fn run(counter: Option<Counter>) -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match arguments[..] {
        ["--job", job] => {
            jobs::run(job, counter).map(|numbers| println!("{}", serde_json::json!(numbers)))
        }
        ["--serve"] => serve(),
        _ => Asked::parse(&arguments).and_then(|asked| asked.run()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            progress(&format!("session-bench: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// A server for other processes, until the input is closed.
fn serve() -> Result<()> {
    let endpoint = Endpoint::start().map_err(|error| format!("no server on loopback: {error}"))?;
    println!("{}", endpoint.port());
    let _ = io::copy(&mut io::stdin(), &mut io::sink());
    Ok(())
}

struct Asked {
    parts: Vec<&'static Part>,
    is_quick: bool,
    into: Option<PathBuf>,
}

impl Asked {
    fn parse(arguments: &[&str]) -> Result<Self> {
        let mut asked = Self {
            parts: Vec::new(),
            is_quick: false,
            into: None,
        };
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            match *argument {
                "--quick" => asked.is_quick = true,
                "--into" => {
                    asked.into = Some(arguments.next().ok_or("--into needs a folder")?.into());
                }
                name => asked.parts.push(part(name)?),
            }
        }
        if asked.parts.is_empty() {
            asked.parts = PARTS.iter().collect();
        }
        Ok(asked)
    }

    /// Runs all parts, also after one that failed.
    fn run(&self) -> Result<()> {
        let runner = Runner {
            is_quick: self.is_quick,
        };
        let mut failed = Vec::new();
        for part in &self.parts {
            progress(&format!("==> {}", part.name));
            if let Err(error) = self.run_part(part, &runner) {
                progress(&format!("    {}: {error}", part.name));
                failed.push(part.name);
            }
        }
        if failed.is_empty() {
            Ok(())
        } else {
            Err(format!("failed: {}", failed.join(", ")))
        }
    }

    fn run_part(&self, part: &Part, runner: &Runner) -> Result<()> {
        // Before it runs: it loads the machine itself.
        let machine = machine::description();
        let tables = (part.run)(runner)?;
        let text = format!("# {}\n\n{machine}\n{}\n", part.title, tables.trim_end());
        println!("{text}");
        match &self.into {
            // Figures made in haste do not replace good ones.
            Some(folder) if !self.is_quick => keep(folder, part.name, &text),
            _ => Ok(()),
        }
    }
}

fn part(name: &str) -> Result<&'static Part> {
    let known = || {
        PARTS
            .iter()
            .map(|part| part.name)
            .collect::<Vec<_>>()
            .join(", ")
    };
    let part = PARTS.iter().find(|part| part.name == name);
    part.ok_or_else(|| format!("`{name}` is no part; there are: {}", known()))
}

fn keep(folder: &Path, name: &str, text: &str) -> Result<()> {
    let path = folder.join(format!("{name}.md"));
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(&path, text))
        .map_err(|error| format!("cannot write {}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_asked_for_by_name() {
        let asked = Asked::parse(&["cold", "--quick", "--into", "somewhere"])
            .ok()
            .unwrap();
        assert_eq!(asked.parts[0].name, "cold");
        assert!(asked.is_quick && asked.into.is_some());
        assert_eq!(Asked::parse(&[]).ok().unwrap().parts.len(), PARTS.len());
        assert!(
            Asked::parse(&["tea"])
                .err()
                .unwrap()
                .contains("header, cold")
        );
    }
}
