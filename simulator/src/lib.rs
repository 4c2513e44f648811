//! Meta's Graph API, as far as audience-activator uses it.
