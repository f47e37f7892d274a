//! Where values come from: the environment of the process, files named in it, and an optional `.env` file.
//!
//! The parser stays clap; this adds what it does not do. An empty variable counts as not set, every secret may be in a
//! file that `NAME_FILE` names, and everything that is wrong is told together instead of only the first.

use std::collections::BTreeMap;
use std::error::Error as _;
use std::path::Path;

use anyhow::Context as _;
use clap::builder::Resettable;
use clap::error::{ContextKind, ContextValue};
use clap::{Arg, Args, Command, FromArgMatches};

use super::Config;

/// Something about one variable that has to be changed, or at least looked at. Never holds a value that may be secret.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Problem {
    /// The variable.
    pub variable: String,
    /// A whole sentence that names the variable.
    pub message: String,
}

impl Problem {
    /// About `variable`.
    pub fn new(variable: &str, message: String) -> Self {
        Self { variable: variable.to_owned(), message }
    }
}

/// How a variable came by its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// From the environment, or the `.env` file that was named.
    Environment,
    /// From the file that `NAME_FILE` names.
    File,
    /// Nobody set it.
    Default,
    /// Nobody set it, and it has no default.
    Unset,
}

/// Variables and their values.
#[derive(Clone, Default)]
pub struct Environment {
    values: BTreeMap<String, String>,
}

impl Environment {
    /// That of this process.
    pub fn of_process() -> Self {
        let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        };
        std::env::vars_os().filter_map(text).collect()
    }

    /// That in a `.env` file: `NAME=value` lines, values with or without quotes.
    pub fn read(file: &Path) -> anyhow::Result<Self> {
        let shown = file.display();
        let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {shown}"))?;
        let mut values = Self::default();
        for (number, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let line = line.strip_prefix("export ").unwrap_or(line);
            let (name, value) = line
                .split_once('=')
                .with_context(|| format!("{shown}, line {}: not NAME=value", number + 1))?;
            values.values.insert(name.trim().to_owned(), unquoted(value.trim()).to_owned());
        }
        Ok(values)
    }

    /// This one, and what only `file` has.
    #[must_use]
    pub fn over(mut self, file: Self) -> Self {
        for (name, value) in file.values {
            self.values.entry(name).or_insert(value);
        }
        self
    }

    /// The names of everything in it.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.values.keys().map(String::as_str)
    }

    /// A value; empty is the same as missing.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str).filter(|value| !value.trim().is_empty())
    }

    /// The value that an argument is to have, from wherever it comes, if it is usable.
    pub fn find(&self, arg: &Arg) -> Result<Option<(Source, String)>, Problem> {
        let Some(name) = variable(arg) else { return Ok(None) };
        let from_file = format!("{name}_FILE");
        let file = self.get(&from_file).filter(|_| is_secret(arg));
        let found = match (self.get(name), file) {
            (Some(_), Some(_)) => {
                let message = format!("{name} and {from_file} are both set; keep one");
                return Err(Problem::new(name, message));
            }
            (Some(value), None) => (Source::Environment, value.to_owned()),
            (None, Some(file)) => match std::fs::read_to_string(file) {
                Ok(text) if !text.trim().is_empty() => (Source::File, text.trim().to_owned()),
                Ok(_) => return Err(Problem::new(name, format!("{from_file} is an empty file"))),
                Err(error) => {
                    return Err(Problem::new(name, format!("{from_file} cannot be read: {error}")));
                }
            },
            (None, None) => return Ok(None),
        };
        accepts(arg, &found.1)
            .map_err(|why| Problem::new(name, format!("{name} {why}")))
            .map(|()| Some(found))
    }

    /// Hands every argument of a command, and of those below it, its value. What cannot be used is left out and told.
    pub fn hand_to(&self, command: Command) -> (Command, Vec<Problem>) {
        let mut problems = Vec::new();
        let command = self.fill(command, &mut problems);
        problems.sort_by(|one, other| one.variable.cmp(&other.variable));
        problems.dedup();
        (command, problems)
    }

    fn fill(&self, command: Command, problems: &mut Vec<Problem>) -> Command {
        let command = command.mut_args(|arg| {
            let Some(name) = variable(&arg).map(ToOwned::to_owned) else { return arg };
            match self.find(&arg) {
                Ok(Some((_, value))) => arg.default_value(value).hide_default_value(true),
                // Clap would take an empty variable for a value.
                Ok(None) if self.values.contains_key(&name) => arg.env(Resettable::Reset),
                Ok(None) => arg,
                Err(problem) => {
                    problems.push(problem);
                    arg.env(Resettable::Reset)
                }
            }
        });
        command.mut_subcommands(|below| self.fill(below, problems))
    }

    /// The configuration that follows from this environment alone, with everything that could not be used left out.
    pub fn config(&self) -> anyhow::Result<(Config, Vec<Problem>)> {
        let (command, problems) = self.hand_to(declaration());
        let command = command.mut_args(|arg| arg.env(Resettable::Reset));
        let matches = command.try_get_matches_from(["cleaning"])?;
        Ok((Config::from_arg_matches(&matches)?, problems))
    }
}

impl FromIterator<(String, String)> for Environment {
    fn from_iter<T: IntoIterator<Item = (String, String)>>(values: T) -> Self {
        Self { values: values.into_iter().collect() }
    }
}

/// Every variable of [`Config`], as arguments of a command that does nothing.
pub fn declaration() -> Command {
    Config::augment_args(Command::new("cleaning"))
}

/// The variable behind an argument.
pub fn variable(arg: &Arg) -> Option<&str> {
    arg.get_env().and_then(std::ffi::OsStr::to_str)
}

/// Whether the value of an argument must not be shown.
pub fn is_secret(arg: &Arg) -> bool {
    arg.is_hide_env_values_set()
}

/// Whether the type of an argument takes `value`; if not, why not.
fn accepts(arg: &Arg, value: &str) -> Result<(), String> {
    let alone = arg.clone().env(Resettable::Reset).long("value").required(false);
    let given = [format!("--value={value}")];
    let Err(error) =
        Command::new("value").no_binary_name(true).arg(alone).try_get_matches_from(given)
    else {
        return Ok(());
    };
    Err(match (error.get(ContextKind::ValidValue), error.source()) {
        (Some(ContextValue::Strings(valid)), _) => format!("must be one of: {}", valid.join(", ")),
        (_, Some(why)) => format!("cannot be used: {why}"),
        _ => "cannot be used".to_owned(),
    })
}

fn unquoted(value: &str) -> &str {
    for quote in ['"', '\''] {
        if let Some((inside, _)) = value.strip_prefix(quote).and_then(|rest| rest.split_once(quote))
        {
            return inside;
        }
    }
    value.split_once(" #").map_or(value, |(value, _)| value.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(values: &[(&str, &str)]) -> Environment {
        values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn an_empty_variable_is_one_that_is_not_set() {
        let (config, problems) =
            environment(&[("SMTP_HOST", ""), ("SMTP_PORT", " "), ("API_BIND", "[::1]:1")])
                .config()
                .unwrap();
        assert_eq!(problems, []);
        assert_eq!((config.mail.smtp_host, config.mail.smtp_port), (None, 587));
        assert_eq!(config.api_bind, "[::1]:1");
    }

    #[test]
    fn everything_that_cannot_be_used_is_told_at_once() {
        let bad =
            environment(&[("LOG_LEVEL", "LOUD"), ("APP_ENV", "staging"), ("SMTP_PORT", "high")]);
        let (_, problems) = bad.config().unwrap();
        let told: Vec<_> = problems.iter().map(|problem| problem.message.as_str()).collect();
        assert_eq!(told[0], "APP_ENV must be one of: dev, prod");
        assert!(told[1].contains("LOG_LEVEL cannot be used: must be DEBUG"), "{told:?}");
        assert!(told[2].starts_with("SMTP_PORT cannot be used: "), "{told:?}");
    }

    #[test]
    fn a_secret_may_be_in_a_file_but_not_in_two_places() {
        use secrecy::ExposeSecret;
        let file = std::env::temp_dir().join(format!("secret-{}", uuid::Uuid::new_v4()));
        std::fs::write(&file, "from the file\n").unwrap();
        let path = file.to_str().unwrap();
        let (config, problems) = environment(&[("METRICS_TOKEN_FILE", path)]).config().unwrap();
        assert_eq!(problems, []);
        assert_eq!(config.watch.metrics_token.unwrap().expose_secret(), "from the file");

        let both = environment(&[("METRICS_TOKEN_FILE", path), ("METRICS_TOKEN", "x")]);
        let (_, problems) = both.config().unwrap();
        assert_eq!(
            problems[0].message,
            "METRICS_TOKEN and METRICS_TOKEN_FILE are both set; keep one"
        );
        std::fs::remove_file(&file).unwrap();
        let (_, problems) = environment(&[("METRICS_TOKEN_FILE", path)]).config().unwrap();
        assert!(problems[0].message.starts_with("METRICS_TOKEN_FILE cannot be read"));
    }

    #[test]
    fn lines_of_a_file_are_read_with_or_without_quotes() {
        for (text, value) in
            [("a b", "a b"), ("\"a # b\" # c", "a # b"), ("'x'", "x"), ("a#b # c", "a#b"), ("", "")]
        {
            assert_eq!(unquoted(text), value, "{text}");
        }
    }
}
