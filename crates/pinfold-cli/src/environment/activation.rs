//! The activation scripts: for sh and its kin, fish, csh and PowerShell.
//!
//! They do what those of `venv` do, and name the environment by the path that users know, never a generation.
//! Deliberately not here: shells that do not run where environments do (cmd.exe).

use std::path::Path;

/// How a shell takes a text literally.
type Quote = fn(&str) -> String;

/// File names and texts for the environment at `link`, shown as `prompt`.
pub(crate) fn render(link: &Path, prompt: &str) -> Vec<(&'static str, String)> {
    let link = link.to_string_lossy();
    let templates: [(&str, &str, Quote); 4] = [
        ("activate", include_str!("activate/activate"), quote_sh),
        ("activate.fish", include_str!("activate/activate.fish"), quote_fish),
        ("activate.csh", include_str!("activate/activate.csh"), quote_csh),
        ("Activate.ps1", include_str!("activate/Activate.ps1"), quote_powershell),
    ];
    templates
        .into_iter()
        .map(|(name, template, quote)| {
            (name, template.replace("@VIRTUAL_ENV@", &quote(&link)).replace("@PROMPT@", &quote(prompt)))
        })
        .collect()
}

/// A word as `sh` reads it, whatever is in it.
pub(crate) fn quote_sh(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

fn quote_fish(text: &str) -> String {
    format!("'{}'", text.replace('\\', r"\\").replace('\'', r"\'"))
}

fn quote_csh(text: &str) -> String {
    // History is expanded even within quotes.
    format!("'{}'", text.replace('\'', r"'\''").replace('!', r"\!"))
}

fn quote_powershell(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn activating_and_leaving_restores_the_shell() {
        let folder = tempfile::tempdir().unwrap();
        let link = folder.path().join("it's a 'place'");
        std::fs::create_dir_all(link.join("bin")).unwrap();
        for (name, text) in render(&link, "a \"prompt\"") {
            std::fs::write(link.join("bin").join(name), text).unwrap();
        }
        for shell in ["bash", "dash", "zsh"] {
            if Command::new(shell).args(["-c", ":"]).output().is_err() {
                eprintln!("SKIPPED: {shell} is not installed");
                assert!(shell != "bash" || std::env::var("CI").is_err(), "bash is needed in CI");
                continue;
            }
            let script = r#"
                set -eu; before="$PATH"; PYTHONHOME=/x; export PYTHONHOME; cd "$1"
                . ./bin/activate
                [ "$VIRTUAL_ENV" = "$1" ] && [ "$PATH" = "$1/bin:$before" ] && [ -z "${PYTHONHOME+x}" ]
                [ "$VIRTUAL_ENV_PROMPT" = 'a "prompt"' ]
                deactivate
                [ "$PATH" = "$before" ] && [ -z "${VIRTUAL_ENV+x}" ] && [ "$PYTHONHOME" = /x ]
            "#;
            let output = Command::new(shell).args(["-c", script, "sh"]).arg(&link).output().unwrap();
            assert!(output.status.success(), "{shell}: {output:?}");
        }
    }
}
