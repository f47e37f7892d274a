//! `cleaning config`: what is wrong with the variables, and what each of them does.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::json;

use super::scope::{or_failed, verdict};
use super::{Format, say};
use crate::config::environment::{Environment, Problem, Source};
use crate::config::reference::{self, Setting};
use crate::config::{AppEnv, Role, rules, spelling};

/// What is wrong with the variables, and what each of them does.
#[derive(Args, Debug)]
pub(super) struct Configuration {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Look at the variables as the processes would. Exit code 1: something is wrong; 2: the file cannot be read.
    Check(Check),
    /// Print `docs/configuration.md`.
    Docs,
}

#[derive(Args, Debug)]
struct Check {
    /// As this process needs them. Default: in production all of them, in development only that values are usable.
    #[arg(long, value_enum)]
    role: Option<Role>,
    /// A `.env` file; what the environment has as well wins. Also tells what in it nobody reads.
    // An id of its own: the variable `APP_ENV` is not meant.
    #[arg(long = "env", id = "env_file", value_name = "FILE")]
    file: Option<PathBuf>,
    #[command(flatten)]
    format: Format,
}

impl Configuration {
    pub(super) fn run(self) -> ExitCode {
        match self.action {
            Action::Docs => {
                say(reference::page().trim_end());
                ExitCode::SUCCESS
            }
            Action::Check(check) => or_failed(check.run()),
        }
    }
}

struct Report {
    errors: Vec<Problem>,
    warnings: Vec<Problem>,
    settings: Vec<Setting>,
}

impl Check {
    fn run(&self) -> anyhow::Result<ExitCode> {
        let file = self.file.as_deref().map(Environment::read).transpose()?.unwrap_or_default();
        let report = self.report(&Environment::of_process().over(file.clone()), &file)?;
        if self.format.json {
            say(json!({
                "ok": report.errors.is_empty(),
                "errors": report.errors,
                "warnings": report.warnings,
                "settings": report.settings,
            }));
        } else {
            report.print();
        }
        Ok(verdict(report.errors.is_empty()))
    }

    fn report(&self, environment: &Environment, file: &Environment) -> anyhow::Result<Report> {
        let (config, mut errors) = environment.config()?;
        let roles = match self.role {
            Some(role) => vec![role],
            None => vec![Role::Api, Role::Jobs, Role::Web, Role::Tools],
        };
        if self.role.is_some() || config.app_env == AppEnv::Prod {
            add(&mut errors, rules::problems(&config, &roles));
        }
        let mut warnings = rules::warnings(&config, &roles);
        warnings.extend(spelling::misspelt(environment.names()));
        warnings.extend(spelling::unread(file.names()));
        Ok(Report { errors, warnings, settings: reference::settings(environment, &roles) })
    }
}

/// What a value cannot be used for says enough: that it is missing as well would only confuse.
pub(super) fn add(problems: &mut Vec<Problem>, more: Vec<Problem>) {
    let more = more
        .into_iter()
        .filter(|one| !problems.iter().any(|other| other.variable == one.variable))
        .collect::<Vec<_>>();
    problems.extend(more);
}

impl Report {
    fn print(&self) {
        for error in &self.errors {
            say(format!("wrong    {}", error.message));
        }
        for warning in &self.warnings {
            say(format!("warning  {}", warning.message));
        }
        for setting in &self.settings {
            let origin = match setting.source {
                Source::Environment => "set",
                Source::File => "in file",
                Source::Default => "default",
                // Nothing was decided about it, by nobody.
                Source::Unset => continue,
            };
            let value = match &setting.value {
                Some(value) => format!("={value}"),
                None => String::new(),
            };
            say(format!("{origin:<8} {}{value}\n         {}", setting.name, setting.about));
        }
        if self.errors.is_empty() {
            say("nothing is wrong");
        }
    }
}
