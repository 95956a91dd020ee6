//! A package index on this machine that says when files were uploaded (PEP 691, PEP 700).
//!
//! Deliberately not here: credentials, and anything else that an index may refuse.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use super::{hex, wheel_bytes};

/// An index; it ends with the test.
pub struct Index {
    address: String,
    files: Arc<Mutex<Vec<File>>>,
}

#[derive(Clone)]
struct File {
    name: String,
    file: String,
    /// `None` where the page names the file, and it is gone.
    bytes: Option<Vec<u8>>,
    sha256: String,
    uploaded: Option<String>,
}

impl Index {
    pub fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let files: Arc<Mutex<Vec<File>>> = Arc::default();
        let shared = Arc::clone(&files);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let files = shared.lock().unwrap().clone();
                std::thread::spawn(move || answer(stream, &files));
            }
        });
        Index { address, files }
    }

    /// The address that a manifest names.
    pub fn url(&self) -> String {
        format!("{}/simple", self.address)
    }

    /// Offers a wheel of one module, uploaded on that day; `None` for an index that does not say.
    pub fn add(&self, name: &str, version: &str, requires: &[&str], day: Option<&str>) {
        let module = format!("{name}.py");
        let bytes = wheel_bytes(name, version, requires, &[(&module, &format!("version = {version:?}\n"))]);
        let file = format!("{name}-{version}-py3-none-any.whl");
        let uploaded = day.map(|day| format!("{day}T12:00:00Z"));
        let sha256 = hex(&bytes);
        let file = File { name: name.to_owned(), file, bytes: Some(bytes), sha256, uploaded };
        self.files.lock().unwrap().push(file);
    }

    /// Offers a file of these bytes, or one that is gone, as if that were its hash.
    pub fn put(&self, name: &str, file: &str, bytes: Option<Vec<u8>>, sha256: &str) {
        let (name, file, sha256) = (name.to_owned(), file.to_owned(), sha256.to_owned());
        self.files.lock().unwrap().push(File { name, file, bytes, sha256, uploaded: None });
    }
}

fn answer(mut stream: TcpStream, files: &[File]) {
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
    let Some(request) = lines.next() else { return };
    for _ in lines.by_ref().take_while(|line| !line.is_empty()) {}
    let path = request.split(' ').nth(1).unwrap_or_default();
    let last = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    let found: Option<(&str, Vec<u8>)> = if path.starts_with("/files/") {
        let file = files.iter().find(|file| file.file == last);
        file.and_then(|file| Some(("application/octet-stream", file.bytes.clone()?)))
    } else if files.iter().any(|file| file.name == last) {
        Some(("application/vnd.pypi.simple.v1+json", page(last, files).into_bytes()))
    } else {
        None
    };
    let head = match &found {
        Some((kind, body)) => {
            format!(
                "HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\
                     Cache-Control: no-cache\r\n",
                body.len()
            )
        }
        None => "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n".to_owned(),
    };
    let body = found.map(|(_, body)| body).unwrap_or_default();
    // A client that went away is no business of ours.
    let _ = stream.write_all(format!("{head}Connection: close\r\n\r\n").as_bytes());
    if !request.starts_with("HEAD") {
        let _ = stream.write_all(&body);
    }
}

fn page(name: &str, files: &[File]) -> String {
    let entry = |file: &File| {
        let mut entry = serde_json::json!({
            "filename": file.file,
            "url": format!("/files/{}", file.file),
            "hashes": { "sha256": file.sha256 },
        });
        if let Some(bytes) = &file.bytes {
            entry["size"] = bytes.len().into();
        }
        if let Some(uploaded) = &file.uploaded {
            entry["upload-time"] = uploaded.clone().into();
        }
        entry
    };
    let files: Vec<_> = files.iter().filter(|file| file.name == name).map(entry).collect();
    serde_json::json!({ "meta": { "api-version": "1.1" }, "name": name, "versions": [], "files": files })
        .to_string()
}

/// A manifest whose packages come from this index alone.
pub fn write(app: &Path, manifest: &str, index: &Index) -> PathBuf {
    let path = app.join("pinfold.toml");
    let text =
        format!("{manifest}\n[[uv.index]]\nname = \"here\"\nurl = \"{}\"\ndefault = true\n", index.url());
    fs::write(&path, text).unwrap();
    path
}
