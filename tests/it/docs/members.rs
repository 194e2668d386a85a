//! Pages of JSON formats: every member that is written has a name on its page.
