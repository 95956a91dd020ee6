//! `index.bin`: any bytes are an error or an environment that holds what a checked one promises.
//!
//! A checksum would keep every input out, so the second half of the inputs get a frame that is right.

use pinfold_core::closure::Environment;
use pinfold_core::index;
use pinfold_core::resolve::{Importer, Resolver};

/// The first byte decides: odd, the rest is a body in a right frame; even, it is the whole file.
pub fn holds(data: &[u8]) {
    let Some((first, rest)) = data.split_first() else { return };
    let framed = if first % 2 == 1 { index::FRAME.wrap(rest) } else { rest.to_vec() };
    // What the hook opens is looked at piece by piece, and believed; it must not be able to crash.
    if let Ok(opened) = index::open(framed.clone().into()) {
        look_around(&opened);
    }
    let Ok(env) = index::decode(&framed) else { return };
    let written = index::encode(&env).expect("what was read can be written");
    assert_eq!(index::decode(&written).as_ref(), Ok(&env), "reading what was written gives the same");
    super::resolver::answers(&env);
}

/// Asks for every part, and resolves the names that are there, whatever the tables say.
fn look_around(env: &Environment) {
    let resolver = Resolver::new(env.clone());
    let names = env.units.iter().take(8).flat_map(|unit| unit.provides.keys()).take(16);
    for name in names {
        for importer in [Importer::Root, Importer::Unit(0)] {
            resolver.resolve(importer, name, || vec![Importer::Unit(0), Importer::Root]);
            resolver.resolve(importer, &format!("{name}.x"), Vec::new);
        }
    }
    for unit in env.units.iter() {
        let found = env.units.image().and_then(|image| image.unit_of(&format!("{}/x", unit.path.display())));
        assert!(found.is_none_or(|found| found < env.units.len()));
    }
    resolver.distributions(Importer::Root, &[]);
}
