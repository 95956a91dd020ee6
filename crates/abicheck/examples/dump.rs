//! x
use abicheck::{analysis::*, environment::{Environment, Wishes as W}, importing::*};
use std::sync::Arc;
fn main() {
    let a: Vec<String> = std::env::args().skip(1).collect();
    let cached = std::env::var_os("CACHED").is_some();
    let t = std::time::Instant::now();
    let env = Environment::read(&a.iter().map(Into::into).collect::<Vec<_>>(), &W::default()).unwrap_or_else(|e| panic!("{e}"));
    eprintln!("env {:?}", t.elapsed());
    let s = Sources::open(python_facts::Target { version: env.interpreter.version }, Some("/tmp/abcache".as_ref()));
    let cache = Arc::new(if cached { elf_facts::Cache::open("/tmp/abcache/elf".into(), 1 << 30) } else { elf_facts::Cache::none() });
    let says = |m: &str| eprintln!("{:?} {m}", t.elapsed());
    let an = Analysis::of(&env, cache.clone(), &s, &Wishes::default(), &says).unwrap_or_else(|e| panic!("{e}"));
    eprintln!("{:?} done {:?}", t.elapsed(), an.stats());
    for (p, run) in an.alone.iter().enumerate() { for o in &run.openings { if let Err(e) = &o.load.result { println!("{}: {:?} eager {} guarded {}: {e}", an.package_name(p), o.module, o.eager, o.guarded); } } }
    for tg in &an.together { let names: Vec<_> = tg.order.iter().map(|p| an.package_name(*p)).collect();
        println!("{names:?} {} changes", tg.changes.len());
        for c in &tg.changes { match &c.what { Changed::Fails(e) => println!("  FAILS {} {e}", an.name(c.victim)), Changed::Works(e) => println!("  WORKS {e}"),
          Changed::Needs(n) => println!("  NEEDS {} {} {} -> {}", n.from.path, n.name, n.alone.path, n.now.path),
          Changed::Binds(b) => println!("  BINDS {} {} -> {} x{}", b.from.path, b.alone.path, b.now.path, b.references.len()) } } }
    s.finish().unwrap();
    drop(an); drop(env);
    if let Ok(c) = Arc::try_unwrap(cache) { c.finish().unwrap(); }
    eprintln!("{:?} end", t.elapsed());
}
