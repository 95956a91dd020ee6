//! Libraries with bytes that are not as they were: the editor refuses them, or makes a copy that says the same; it does not
//! panic, and does not write what has many times the size.
//!
//! Deliberately not here: files that the loader's own reader refuses; they do not come to the editor.

use std::fs;

use elf_facts::Name;
use elf_isolate::Edit;

use crate::compiled::Folder;

/// The same numbers in every run (xorshift).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % end as u64) as usize
    }
}

#[test]
fn damaged_libraries_are_refused_or_copied() {
    let folder = Folder::new();
    let code = "template <class T> struct R { static int c; }; template <class T> int R<T>::c = 3;
        extern \"C\" int puts(const char *); extern \"C\" int answer() { return R<int>::c++ + puts(\"x\"); }";
    let whole = folder.cxx("whole.so", code, &["-Wl,-soname,libwhole.so.1"]);
    let bytes = fs::read(&whole).expect("it can be read");
    let word = |at: usize| u64::from_le_bytes(*bytes[at..].first_chunk().expect("a header")) as usize;
    let sections = word(0x28);
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    let (mut copied, mut refused) = (0, 0);
    for round in 0..rounds() {
        let mut damaged = bytes.clone();
        for _ in 0..=numbers.below(2) {
            // Headers and tables, the names of sections and their headers.
            let at = match numbers.below(3) {
                0 => numbers.below(0x800),
                1 => sections + numbers.below(bytes.len() - sections),
                _ => numbers.below(bytes.len()),
            };
            damaged[at] = match numbers.below(3) {
                0 => 0xff,
                1 => damaged[at] ^ (1 << numbers.below(8)),
                _ => numbers.below(256) as u8,
            };
        }
        let from = folder.write_bytes("damaged.so", &damaged);
        let Ok(facts) = elf_facts::read(&from) else { continue };
        let mut edit = Edit { soname: Some(Name::from("libwhole-01234567.so.1")), ..Edit::default() };
        edit.symbols.insert(Name::from("_ZN1RIiE1cE"), Name::from("_ZN1RIiE1cE.01234567"));
        for name in &facts.head.needed {
            edit.needed.insert(name.clone(), Name::new([name.as_bytes(), b"-01234567"].concat()));
        }
        let to = folder.path(&format!("out/{round}.so"));
        fs::create_dir_all(folder.path("out")).expect("folders can be made");
        match elf_isolate::edit(&from, &facts, &edit, &to) {
            Ok(()) => {
                copied += 1;
                let size = fs::metadata(&to).expect("the copy is there").len();
                assert!(size < 4 * bytes.len() as u64 + (64 << 10), "round {round}: {size} bytes");
            }
            Err(_) => refused += 1,
        }
        fs::remove_dir_all(folder.path("out")).expect("folders can be removed");
    }
    assert!(copied > 0 && refused > 0, "{copied} copied, {refused} refused: too few to say anything");
}

/// `ISOLATE_ROUNDS`, for more than what each run of the tests has time for.
fn rounds() -> usize {
    std::env::var("ISOLATE_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(400)
}
