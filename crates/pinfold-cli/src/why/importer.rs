//! Who imports: `root`, a distribution's name, `name==version`, or a unit's identifier.

use anyhow::{Result, anyhow};
use pinfold_core::closure::{Environment, Unit};
use pinfold_core::names::{ROOT, normalize};
use pinfold_core::resolve::Importer;

use crate::failure::hinted;

/// The importer that `text` names.
///
/// # Errors
/// When nothing, or more than one unit, has that name; the candidates are listed.
pub fn find(environment: &Environment, text: &str) -> Result<Importer> {
    if text == ROOT {
        return Ok(Importer::Root);
    }
    let matches = |unit: &Unit| {
        if text.contains('@') {
            return unit.id.as_str() == text;
        }
        match text.split_once("==") {
            Some((name, version)) => unit.name == normalize(name.trim()) && unit.version == version.trim(),
            None => unit.name == normalize(text),
        }
    };
    let found: Vec<usize> =
        environment.units.iter().enumerate().filter(|(_, unit)| matches(unit)).map(|(i, _)| i).collect();
    match found[..] {
        [one] => Ok(Importer::Unit(one)),
        [] => Err(unknown(environment, text)),
        _ => {
            let list: Vec<String> = found
                .iter()
                .map(|&index| {
                    let unit = &environment.units[index];
                    format!("{}=={}  {}  in {}", unit.name, unit.version, unit.id, unit.closures.join(", "))
                })
                .collect();
            let versions: Vec<&str> =
                found.iter().map(|&index| environment.units[index].version.as_str()).collect();
            let same = versions.windows(2).all(|pair| pair[0] == pair[1]);
            let how =
                if same { "name one by its identifier" } else { "name one by its version or identifier" };
            Err(hinted(anyhow!("`{text}` could be any of these units:\n  {}", list.join("\n  ")), how))
        }
    }
}

fn unknown(environment: &Environment, text: &str) -> anyhow::Error {
    let wanted = normalize(text.split(['=', '@']).next().unwrap_or(text));
    let versions: Vec<String> = environment
        .units
        .iter()
        .filter(|unit| unit.name == wanted)
        .map(|unit| format!("{}=={}", unit.name, unit.version))
        .collect();
    let near = environment
        .units
        .iter()
        .map(|unit| (strsim::damerau_levenshtein(&unit.name, &wanted), &unit.name))
        .filter(|(distance, name)| *distance <= 1 + name.len() / 4)
        .min();
    let hint = match near {
        _ if !versions.is_empty() => format!("there is {}", versions.join(", ")),
        Some((_, name)) => format!("did you mean `{name}`?"),
        None => "`root` is your own code; `pinfold tree` shows the units that there are".to_owned(),
    };
    hinted(anyhow!("there is no unit `{text}` in this environment"), hint)
}
