//! RECORD: what a wheel says about each of its files (PEP 376, PEP 427).
//!
//! Hashes of the SHA-2 family are verified: sha256, sha384, sha512. The others that Python's hashlib has are
//! refused by name: md5, sha1 and sha224 because PEP 427 forbids them, sha3 and blake2 because no build
//! backend writes them. Deliberately not here: reading the files.

use std::collections::HashMap;

use data_encoding::BASE64URL_NOPAD;
use sha2::{Digest, Sha256, Sha384, Sha512};

use crate::error::Defect;
use crate::path;

/// What RECORD says about one file; either may be left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Claim {
    hash: Option<(Algorithm, Vec<u8>)>,
    size: Option<u64>,
}

/// The algorithms that are verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Algorithm {
    Sha256,
    Sha384,
    Sha512,
}

/// RECORD, by path.
pub(crate) struct Record {
    claims: HashMap<String, Claim>,
}

impl Record {
    /// Parses RECORD.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, Defect> {
        let malformed = |reason: String| Defect::Metadata { file: "RECORD".to_owned(), reason };
        let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(bytes);
        let mut claims = HashMap::new();
        for row in reader.records() {
            let row = row.map_err(|e| malformed(e.to_string()))?;
            let entry = row.get(0).unwrap_or_default();
            let wrong =
                |reason: &str| Defect::Record { entry: path::shown(entry), reason: reason.to_owned() };
            if row.len() > 3 {
                return Err(wrong("the line has more than three fields"));
            }
            if let Some(reason) = path::objection(entry) {
                return Err(wrong(&format!("it {reason}")));
            }
            let claim = Claim::parse(row.get(1).unwrap_or_default(), row.get(2).unwrap_or_default())
                .map_err(|reason| wrong(&reason))?;
            if claims.insert(entry.to_owned(), claim.clone()).is_some_and(|before| before != claim) {
                return Err(wrong("it is listed twice, differently"));
            }
        }
        Ok(Record { claims })
    }

    /// What it says about the file `entry`.
    pub(crate) fn claim(&self, entry: &str) -> Option<&Claim> {
        self.claims.get(entry)
    }

    /// Every file that it lists.
    pub(crate) fn listed(&self) -> impl Iterator<Item = &str> {
        self.claims.keys().map(String::as_str)
    }
}

impl Claim {
    fn parse(hash: &str, size: &str) -> Result<Self, String> {
        let size = match size.trim() {
            "" => None,
            digits => Some(digits.parse().map_err(|_| format!("its size is `{}`", path::shown(digits)))?),
        };
        let hash = match hash.trim() {
            "" => None,
            text => Some(parse_hash(text)?),
        };
        Ok(Claim { hash, size })
    }

    /// The hash, if it has one.
    pub(crate) fn hash(&self) -> Option<&[u8]> {
        self.hash.as_ref().map(|(_, digest)| digest.as_slice())
    }

    /// A verifier that is fed the file's bytes.
    pub(crate) fn verifier(&self) -> Verifier<'_> {
        let hasher = match self.hash {
            None => Hasher::None,
            Some((Algorithm::Sha256, _)) => Hasher::Sha256(Sha256::new()),
            Some((Algorithm::Sha384, _)) => Hasher::Sha384(Sha384::new()),
            Some((Algorithm::Sha512, _)) => Hasher::Sha512(Box::default()),
        };
        Verifier { claim: self, hasher, size: 0 }
    }
}

fn parse_hash(text: &str) -> Result<(Algorithm, Vec<u8>), String> {
    let (name, value) =
        text.split_once('=').ok_or_else(|| format!("`{}` is not a hash", path::shown(text)))?;
    let (algorithm, length) = match name {
        "sha256" => (Algorithm::Sha256, 32),
        "sha384" => (Algorithm::Sha384, 48),
        "sha512" => (Algorithm::Sha512, 64),
        other => {
            let other = path::shown(other);
            return Err(format!("its hash is of the kind `{other}`; sha256, sha384 and sha512 are verified"));
        }
    };
    // PEP 427 wants no padding; some tools write it.
    let digest = BASE64URL_NOPAD.decode(value.trim_end_matches('=').as_bytes()).ok();
    let digest = digest.filter(|d| d.len() == length);
    Ok((
        algorithm,
        digest.ok_or_else(|| format!("its {name} hash is not {length} bytes in URL-safe base64"))?,
    ))
}

enum Hasher {
    None,
    Sha256(Sha256),
    Sha384(Sha384),
    Sha512(Box<Sha512>),
}

/// Compares a file's bytes with a [`Claim`] while they pass by.
pub(crate) struct Verifier<'a> {
    claim: &'a Claim,
    hasher: Hasher,
    size: u64,
}

impl Verifier<'_> {
    /// Takes the next bytes of the file.
    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.size += bytes.len() as u64;
        match &mut self.hasher {
            Hasher::None => {}
            Hasher::Sha256(h) => h.update(bytes),
            Hasher::Sha384(h) => h.update(bytes),
            Hasher::Sha512(h) => h.update(bytes),
        }
    }

    /// Says whether the bytes were those of `entry`.
    pub(crate) fn finish(self, entry: &str) -> Result<(), Defect> {
        let wrong = |reason: String| Defect::Record { entry: entry.to_owned(), reason };
        if let Some(size) = self.claim.size
            && size != self.size
        {
            return Err(wrong(format!("it says {size} bytes, the file has {}", self.size)));
        }
        let found = match self.hasher {
            Hasher::None => return Ok(()),
            Hasher::Sha256(h) => h.finalize().to_vec(),
            Hasher::Sha384(h) => h.finalize().to_vec(),
            Hasher::Sha512(h) => h.finalize().to_vec(),
        };
        match &self.claim.hash {
            Some((_, expected)) if *expected != found => Err(wrong(format!(
                "it says the hash {}, the file has {}",
                BASE64URL_NOPAD.encode(expected),
                BASE64URL_NOPAD.encode(&found)
            ))),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verify(hash: &str, size: &str, bytes: &[u8]) -> Result<(), String> {
        let line = format!("a.py,{hash},{size}\n");
        let record = Record::parse(line.as_bytes()).map_err(|e| e.to_string())?;
        let mut verifier = record.claim("a.py").ok_or("not listed")?.verifier();
        verifier.update(bytes);
        verifier.finish("a.py").map_err(|e| e.to_string())
    }

    fn sha256(bytes: &[u8]) -> String {
        format!("sha256={}", BASE64URL_NOPAD.encode(&Sha256::digest(bytes)))
    }

    #[test]
    fn every_supported_algorithm_is_verified() {
        let sha384 = format!("sha384={}", BASE64URL_NOPAD.encode(&Sha384::digest(b"x")));
        let sha512 = format!("sha512={}==", BASE64URL_NOPAD.encode(&Sha512::digest(b"x")));
        for hash in [sha256(b"x"), sha384, sha512] {
            assert_eq!(verify(&hash, "1", b"x"), Ok(()), "{hash}");
            assert!(verify(&hash, "1", b"y").is_err(), "{hash}");
        }
        assert!(verify(&sha256(b"x"), "2", b"x").is_err(), "the size counts too");
        assert_eq!(verify("", "", b"anything"), Ok(()));
        for kind in ["md5", "sha1", "sha224", "blake2b", "sha3_256"] {
            let error = verify(&format!("{kind}=AAAA"), "1", b"x").expect_err(kind);
            assert!(error.contains(kind) && error.contains("sha512"), "{error}");
        }
    }

    #[test]
    fn lines_that_no_build_tool_writes_are_refused() {
        for bad in [
            "../a,,\n",
            "/etc/passwd,,\n",
            "a,sha256,1\n",
            "a,sha256=AA,1\n",
            "a,,many\n",
            "a,,1\na,,2\n",
            "a,,,\n",
        ] {
            assert!(Record::parse(bad.as_bytes()).is_err(), "{bad:?}");
        }
        let quoted = Record::parse(b"\"a,b.py\",,\r\nc,,\n").unwrap_or_else(|e| panic!("{e}"));
        assert!(quoted.claim("a,b.py").is_some() && quoted.claim("c").is_some());
    }
}
