//! `wheelsplit-install STORE NAME VERSION WHEEL`: installs one wheel (a file, or an unpacked folder followed by
//! its SHA-256) into a store and prints its folder.
//!
//! For whoever builds a store without pinfold, and for this crate's tests, which kill it, starve it and run it
//! eight times at once. Deliberately not here: anything that `pinfold sync` does beyond this one step.

use std::path::Path;
use std::process::ExitCode;

use wheelsplit::{Error, Expected, Installed, Store};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [store, name, version, wheel, rest @ ..] = &arguments[..] else {
        eprintln!("usage: wheelsplit-install STORE NAME VERSION (WHEEL | FOLDER SHA256)");
        return ExitCode::from(2);
    };
    let expected = Expected { name: name.clone(), version: version.clone(), sha256: None };
    match install(store, Path::new(wheel), rest.first().map(String::as_str), &expected) {
        Ok(installed) => {
            println!("{}", installed.dir.display());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}");
            if let Some(hint) = error.hint() {
                eprintln!("hint: {hint}");
            }
            ExitCode::from(2)
        }
    }
}

fn install(store: &str, wheel: &Path, sha256: Option<&str>, expected: &Expected) -> Result<Installed, Error> {
    let store = Store::open(store)?;
    let _used = store.share()?;
    match sha256 {
        None => store.install_file(wheel, expected),
        Some(sha256) => store.install_tree(wheel, sha256, expected),
    }
}
