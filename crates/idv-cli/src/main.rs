//! The program `idv`.

fn main() {}
