//! The index: `closure.json` in the form that the hook maps at start, and the frame of such files.
//!
//! A frame is magic, version, length and checksum before a body, so that a file that is truncated, damaged or of
//! another version is an error that says so. The body of an index is an [`Image`], in which things are looked up
//! where they stand; that of other files is postcard. Deliberately not here: the meaning of what is inside.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Serialize, de::DeserializeOwned};

use crate::closure::Environment;
use crate::list::List;

mod build;
mod image;

pub use image::Image;

/// The frame of an index.
pub const FRAME: Frame = Frame { magic: *b"PFINDEX\0", version: 7 };

/// The name of the index in an environment, beside `closure.json`.
pub const FILE: &str = "index.bin";

/// The name of the `.pth` file that starts the hook. Digits sort before letters: it is the first that `site` runs.
pub const PTH_FILE: &str = "0_pinfold.pth";

/// The one line of [`PTH_FILE`].
///
/// `site` prints and ignores what a `.pth` line raises, and Python would run on without the hook; so the
/// line itself ends the process, but for what `pinfold._boot` raises on purpose, in sub-interpreters.
/// `PINFOLD_DISABLE=1` is the only way round. The package is loaded from its own folder in the store (`sitedir` is a
/// local name where `site` runs the line): looking for it in `site-packages` would have Python list that folder,
/// which takes longer the more packages there are. `site` runs the lines of a virtual environment twice; the second
/// time, the text in it is not even compiled.
pub const PTH: &str = concat!(
    r#"import sys, os; 'pinfold._boot' in sys.modules or exec("try:\n    "#,
    r#"import _frozen_importlib_external as e\n    p = os.path.join(sitedir, 'pinfold')\n    "#,
    r#"p = os.path.join(sitedir, os.readlink(p)) if os.path.islink(p) else p\n    "#,
    r#"'pinfold' in sys.modules or e._bootstrap._load(e.spec_from_file_location('pinfold', p + '/__init__.py', "#,
    r#"submodule_search_locations=[p]))\n    import pinfold._boot\nexcept BaseException as e:\n    "#,
    r#"if type(e).__module__ == 'pinfold._boot':\n        raise\n    "#,
    r#"sys.stderr.write('error: pinfold could not start its import hook: %r\\nhint: `pinfold sync` repairs "#,
    r#"an environment; PINFOLD_DISABLE=1 starts Python without the hook\\n' % (e,)); sys.stderr.flush(); "#,
    r#"os._exit(2)") if os.environ.get("PINFOLD_DISABLE") != "1" else setattr(sys, "dont_write_bytecode", True)"#,
    "\n"
);

/// The frame around a file's body.
pub struct Frame {
    /// The file's first eight bytes.
    pub magic: [u8; 8],
    /// The version of the body's format.
    pub version: u32,
}

/// Why a framed file could not be used.
#[derive(Debug, thiserror::Error)]
pub enum FrameError {
    /// The system refused.
    #[error("could not {action} {path}: {source}")]
    Io {
        /// `read` or `write`.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The content is not what this version of Pinfold wrote.
    #[error("{path} {reason}")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
}

/// Bytes before the body: magic, version, length, checksum.
pub(crate) const HEADER: usize = 8 + 4 + 8 + 4;

impl Frame {
    /// Writes `body` to `path`.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write<T: Serialize>(&self, path: &Path, body: &T) -> Result<(), FrameError> {
        let bytes =
            self.encode(body).map_err(|reason| FrameError::Malformed { path: path.to_owned(), reason })?;
        std::fs::write(path, bytes).map_err(|source| FrameError::Io {
            action: "write",
            path: path.to_owned(),
            source,
        })
    }

    /// The bytes of a framed file with this body.
    ///
    /// # Errors
    /// A phrase that says why it has no such form.
    pub fn encode<T: Serialize>(&self, body: &T) -> Result<Vec<u8>, String> {
        let body = postcard::to_stdvec(body).map_err(|e| format!("cannot be encoded: {e}"))?;
        Ok(self.wrap(&body))
    }

    /// `body` behind a header that fits it.
    pub fn wrap(&self, body: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEADER + body.len());
        bytes.extend(self.magic);
        bytes.extend(self.version.to_le_bytes());
        bytes.extend((body.len() as u64).to_le_bytes());
        bytes.extend(crc32fast::hash(body).to_le_bytes());
        bytes.extend(body);
        bytes
    }

    /// Reads what [`Self::write`] wrote.
    ///
    /// # Errors
    /// When the file cannot be read, or is truncated, damaged or of another version.
    pub fn read<T: DeserializeOwned>(&self, path: &Path) -> Result<T, FrameError> {
        let bytes = std::fs::read(path).map_err(|source| FrameError::Io {
            action: "read",
            path: path.to_owned(),
            source,
        })?;
        self.decode(&bytes).map_err(|reason| FrameError::Malformed { path: path.to_owned(), reason })
    }

    /// Decodes the bytes of a framed file.
    ///
    /// # Errors
    /// A phrase that says what is wrong with them.
    pub fn decode<T: DeserializeOwned>(&self, bytes: &[u8]) -> Result<T, String> {
        postcard::from_bytes(self.body(bytes)?).map_err(|e| format!("is damaged: {e}"))
    }

    /// The body of a framed file.
    ///
    /// # Errors
    /// A phrase that says what is wrong with the bytes.
    pub fn body<'b>(&self, bytes: &'b [u8]) -> Result<&'b [u8], String> {
        let header: &[u8; HEADER] = bytes.first_chunk().ok_or("is truncated")?;
        let (magic, rest) = header.split_at(8);
        let (version, rest) = rest.split_at(4);
        let (length, checksum) = rest.split_at(8);
        if magic != self.magic {
            return Err("is not a file of this kind".into());
        }
        if version != self.version.to_le_bytes() {
            return Err("was written by another version of Pinfold".into());
        }
        let body = &bytes[HEADER..];
        if length != (body.len() as u64).to_le_bytes() {
            return Err("is truncated".into());
        }
        if checksum != crc32fast::hash(body).to_le_bytes() {
            return Err("is damaged: its checksum does not match".into());
        }
        Ok(body)
    }
}

/// Writes the index of `env` to `path`.
///
/// # Errors
/// When the file cannot be written, or the environment has no such form.
pub fn write(env: &Environment, path: &Path) -> Result<(), FrameError> {
    let bytes = encode(env).map_err(|reason| FrameError::Malformed { path: path.to_owned(), reason })?;
    std::fs::write(path, bytes).map_err(|source| FrameError::Io {
        action: "write",
        path: path.to_owned(),
        source,
    })
}

/// Reads an index, all of it.
///
/// # Errors
/// When the file cannot be read, is truncated, damaged or of another version, or contradicts itself.
pub fn read(path: &Path) -> Result<Environment, FrameError> {
    let bytes = std::fs::read(path).map_err(|source| FrameError::Io {
        action: "read",
        path: path.to_owned(),
        source,
    })?;
    decode(&bytes).map_err(|reason| FrameError::Malformed { path: path.to_owned(), reason })
}

/// The bytes of the index of `env`.
///
/// # Errors
/// A phrase that says why it has no such form.
pub fn encode(env: &Environment) -> Result<Vec<u8>, String> {
    let bytes = FRAME.wrap(&build::body(env).map_err(|e| format!("cannot be encoded: {e}"))?);
    // Whoever opens it believes what it says: what is looked up in it must be what went in.
    let image = Image::new(bytes.clone().into())?;
    if opened(Arc::new(image))? != *env {
        return Err("cannot be encoded: it would not be read as what was written".to_owned());
    }
    Ok(bytes)
}

/// Decodes and checks the bytes of an index, all of them.
///
/// # Errors
/// A phrase that says what is wrong with them.
pub fn decode(bytes: &[u8]) -> Result<Environment, String> {
    let mut env = open(bytes.to_vec().into())?;
    env.units.whole();
    env.closures.whole();
    env.check().map_err(|reason| format!("contradicts itself: {reason}"))?;
    // There is one way to write an environment: tables that say something else than the records are not it.
    if encode(&env)? != bytes {
        return Err("contradicts itself: its tables are not those of what it holds".to_owned());
    }
    Ok(env)
}

/// The environment of an index, of which units and closures are decoded when they are asked for.
///
/// The checksum is of all bytes. What stands there is believed to be what [`encode`] wrote.
///
/// # Errors
/// A phrase that says what is wrong with the bytes.
pub fn open(bytes: Cow<'static, [u8]>) -> Result<Environment, String> {
    FRAME.body(&bytes)?;
    opened(Arc::new(Image::new(bytes)?))
}

fn opened(image: Arc<Image>) -> Result<Environment, String> {
    let (version, python, platform) = image.head().ok_or("is damaged: it does not say what it is for")?;
    let (units, closures) = (image.units(), image.closures());
    Ok(Environment {
        version,
        python,
        platform,
        units: List::stored(Arc::clone(&image), units),
        closures: List::stored(image, closures),
    })
}
