//! Requirements as a manifest writes them: any text is one, or an error that shows it.

use pinfold_cli::error::Hint;
use pinfold_cli::locking::requirement::Requirement;

/// The data is one requirement.
pub fn holds(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match Requirement::parse(text, "requires") {
        Ok(read) => {
            let again =
                Requirement::parse(&read.subject(), "requires").expect("its subject is a requirement");
            assert_eq!((&again.name, &again.extras), (&read.name, &read.extras));
        }
        Err(error) => assert!(error.to_string().contains("in requires") && !error.hints().is_empty()),
    }
}
