//! The process `pinfold`.

fn main() {}
