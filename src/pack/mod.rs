//! The sealed evidence pack: a BagIt bag with a signed statement.
