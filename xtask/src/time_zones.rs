//! Provides the time zone database, which small images lack.
//!
//! Adapters need it for vendors' times without an offset.

use std::path::Path;

use crate::Result;
use crate::install::{Packages, install};

const PACKAGES: Packages = Packages {
    apt: &["tzdata"],
    dnf: &["tzdata"],
    apk: &["tzdata"],
    brew: &[],
};

/// Installs the database if it is missing.
pub(crate) fn provide() -> Result<()> {
    let is_there = std::env::var_os("TZDIR").is_some()
        || Path::new("/usr/share/zoneinfo/Europe/Berlin").is_file();
    if is_there || cfg!(windows) {
        Ok(())
    } else {
        install("the database of time zones", &PACKAGES)
    }
}
