//! An error with its causes, as one line.

use std::error::Error;
use std::fmt;

/// Shows the text of the error, then those of its causes. Errors here do not repeat
/// their cause in their own text, so none is shown twice.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ErrorChain<'a>(pub(crate) &'a (dyn Error + 'static));

impl fmt::Display for ErrorChain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut cause = self.0.source();
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("the upper step failed")]
    struct Upper(#[source] std::io::Error);

    #[test]
    fn the_causes_follow_in_order() {
        let error = Upper(std::io::Error::other("the lower one did"));
        assert_eq!(
            ErrorChain(&error).to_string(),
            "the upper step failed: the lower one did"
        );
    }
}
