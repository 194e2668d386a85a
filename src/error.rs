//! What a command says when it cannot do its work: what, why, what to do, and how the world stands now.

use std::error::Error;
use std::fmt;

use crate::exit::Exit;
use crate::report::console::clean;

/// A failure as it is printed. It carries its own exit code and help, so that nobody has to match on its cause.
#[derive(Debug)]
pub struct Failure {
    what: String,
    causes: Vec<String>,
    help: Option<String>,
    state: Option<String>,
    exit: Exit,
}

impl Failure {
    /// Returns a failure that ends with `exit`, with the causes of `error`.
    pub fn new(exit: Exit, error: &dyn Error, help: Option<String>) -> Self {
        let mut causes = Vec::new();
        let mut source = error.source();
        while let Some(cause) = source {
            causes.push(cause.to_string());
            source = cause.source();
        }
        Self { what: error.to_string(), causes, help, state: None, exit }
    }

    /// Returns a failure without a cause.
    pub fn message(exit: Exit, what: impl Into<String>, help: impl Into<String>) -> Self {
        Self { what: what.into(), causes: Vec::new(), help: Some(help.into()), state: None, exit }
    }

    /// Returns a failure to write the result.
    pub fn output(error: &std::io::Error) -> Self {
        Self::message(
            Exit::Incomplete,
            format!("cannot write the result: {error}"),
            "check where the output goes",
        )
    }

    /// Adds how the world stands now, such as `nothing was appended`.
    #[must_use]
    pub fn leaving(mut self, state: impl Into<String>) -> Self {
        self.state = Some(state.into());
        self
    }

    /// Returns how the command ends.
    pub fn exit(&self) -> Exit {
        self.exit
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "error: {}", clean(&self.what))?;
        for cause in &self.causes {
            writeln!(f, "  caused by: {}", clean(cause))?;
        }
        if let Some(help) = &self.help {
            writeln!(f, "  help: {}", clean(help))?;
        }
        if let Some(state) = &self.state {
            writeln!(f, "{}", clean(state))?;
        }
        Ok(())
    }
}

impl From<crate::run::RunError> for Failure {
    fn from(error: crate::run::RunError) -> Self {
        let exit = match &error {
            crate::run::RunError::Pack(error) if !error.is_usage() => Exit::Incomplete,
            _ => Exit::Usage,
        };
        Self::new(exit, &error, error.help())
    }
}

impl From<crate::pack::PackError> for Failure {
    fn from(error: crate::pack::PackError) -> Self {
        let exit = if error.is_usage() { Exit::Usage } else { Exit::Incomplete };
        Self::new(exit, &error, error.help())
    }
}
