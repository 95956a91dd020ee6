//! Chromium, driven over the DevTools protocol as a person would: a mouse, a keyboard, eyes.
//!
//! Deliberately not here: what is expected of a page.

use std::io::ErrorKind;
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;
use tungstenite::{Message, WebSocket};

/// How long anything may take before it counts as broken.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running browser with one page.
pub(crate) struct Browser {
    process: Child,
    socket: WebSocket<TcpStream>,
    session: Option<String>,
    asked: u64,
    /// What the browser told without being asked.
    events: Vec<Value>,
    _profile: TempDir,
}

impl Browser {
    /// Starts one; `None` where there is none, which fails where CI is set.
    pub(crate) fn start() -> Option<Self> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let names = ["chromium", "chromium-browser", "google-chrome"];
        let mut programs =
            std::env::split_paths(&path).flat_map(|folder| names.map(|name| folder.join(name)));
        let Some(program) = programs.find(|program| program.is_file()) else {
            let ci = std::env::var_os("CI").is_some_and(|value| !value.is_empty() && value != "false");
            assert!(!ci, "there is no chromium on PATH, and this test must not be skipped in CI");
            eprintln!("SKIPPED: there is no chromium on PATH: cargo xtask test installs it");
            return None;
        };
        let profile = tempfile::tempdir().expect("a temporary folder");
        let mut command = Command::new(program);
        // Tests run as root in containers, where the sandbox cannot start; the pages are our own.
        command.args(["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]);
        command.args(["--no-first-run", "--disable-background-networking", "--remote-debugging-port=0"]);
        command.arg(format!("--user-data-dir={}", profile.path().display())).arg("about:blank");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let process = command.spawn().expect("chromium starts");
        let place = wait(|| {
            let told = std::fs::read_to_string(profile.path().join("DevToolsActivePort")).ok()?;
            let (port, path) = told.split_once('\n')?;
            Some((port.parse::<u16>().ok()?, path.trim().to_owned()))
        });
        let (port, path) = place.expect("chromium says where it listens");
        let stream = TcpStream::connect(("127.0.0.1", port)).expect("chromium listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a time limit");
        let (socket, _) = tungstenite::client(format!("ws://127.0.0.1:{port}{path}"), stream)
            .unwrap_or_else(|error| panic!("chromium does not speak DevTools: {error}"));
        let mut browser =
            Self { process, socket, session: None, asked: 0, events: Vec::new(), _profile: profile };
        let target = browser.call("Target.createTarget", json!({ "url": "about:blank" }));
        let attached = json!({ "targetId": target["targetId"], "flatten": true });
        let session = browser.call("Target.attachToTarget", attached);
        browser.session = session["sessionId"].as_str().map(str::to_owned);
        for domain in ["Page", "Runtime", "Network", "Log"] {
            browser.call(&format!("{domain}.enable"), json!({}));
        }
        Some(browser)
    }

    /// Calls `method` and returns its result.
    pub(crate) fn call(&mut self, method: &str, params: Value) -> Value {
        self.asked += 1;
        let mut message = json!({ "id": self.asked, "method": method, "params": params });
        if let Some(session) = &self.session {
            message["sessionId"] = session.as_str().into();
        }
        self.socket.send(Message::text(message.to_string())).expect("chromium listens");
        loop {
            let text = match self.socket.read() {
                Ok(Message::Text(text)) => text,
                Ok(_) => continue,
                Err(tungstenite::Error::Io(error)) if error.kind() == ErrorKind::WouldBlock => {
                    panic!("chromium did not answer {method}")
                }
                Err(error) => panic!("chromium went away at {method}: {error}"),
            };
            let mut answer: Value = serde_json::from_str(&text).expect("JSON");
            if answer["id"] == self.asked {
                assert!(answer.get("error").is_none(), "{method}: {}", answer["error"]);
                return answer["result"].take();
            }
            self.events.push(answer);
        }
    }

    /// Opens the file at `path` in a window of this size.
    pub(crate) fn open(&mut self, path: &Path, width: u32, height: u32) {
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.call("Emulation.setDeviceMetricsOverride", size);
        self.events.clear();
        self.call("Page.navigate", json!({ "url": format!("file://{}", path.display()) }));
        let ready = "document.readyState === 'complete' && location.protocol === 'file:'";
        assert!(wait(|| (self.eval(ready) == json!(true)).then_some(())).is_some(), "the page does not end");
    }

    /// The value of `script`.
    pub(crate) fn eval(&mut self, script: &str) -> Value {
        let mut answer =
            self.call("Runtime.evaluate", json!({ "expression": script, "returnByValue": true }));
        assert!(answer.get("exceptionDetails").is_none(), "{script}\n{}", answer["exceptionDetails"]);
        answer["result"]["value"].take()
    }

    /// The text of `script`.
    pub(crate) fn text(&mut self, script: &str) -> String {
        self.eval(script).as_str().unwrap_or_else(|| panic!("{script} is no text")).to_owned()
    }

    /// Clicks the middle of what `script` gives, with the mouse.
    pub(crate) fn click(&mut self, script: &str) {
        let middle = format!(
            "(() => {{ const e = {script}; e.scrollIntoView({{block: 'nearest'}}); const r = e.getBoundingClientRect(); \
             return [r.x + r.width / 2, r.y + r.height / 2]; }})()"
        );
        let middle = self.eval(&middle);
        for kind in ["mouseMoved", "mousePressed", "mouseReleased"] {
            let at =
                json!({ "type": kind, "x": middle[0], "y": middle[1], "button": "left", "clickCount": 1 });
            self.call("Input.dispatchMouseEvent", at);
        }
    }

    /// Types `text` where the focus is.
    pub(crate) fn write(&mut self, text: &str) {
        self.call("Input.insertText", json!({ "text": text }));
    }

    /// Presses a key, such as `Enter` or `ArrowDown`.
    pub(crate) fn press(&mut self, key: &str, code: u32) {
        for kind in ["keyDown", "keyUp"] {
            let text = if key == "Enter" { "\r" } else { "" };
            let event =
                json!({ "type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code, "text": text });
            self.call("Input.dispatchKeyEvent", event);
        }
    }

    /// Shows pages in dark colours, or in light ones.
    pub(crate) fn dark(&mut self, dark: bool) {
        let value = if dark { "dark" } else { "light" };
        let features = json!({ "features": [{ "name": "prefers-color-scheme", "value": value }] });
        self.call("Emulation.setEmulatedMedia", features);
    }

    /// Keeps what is seen as `NAME.png` in the folder that `ABICHECK_SCREENSHOTS` names, if it does.
    pub(crate) fn look(&mut self, name: &str) {
        let Some(folder) = std::env::var_os("ABICHECK_SCREENSHOTS") else { return };
        let picture = self.call("Page.captureScreenshot", json!({ "format": "png" }));
        let bytes = data_encoding::BASE64.decode(picture["data"].as_str().unwrap_or_default().as_bytes());
        let path = Path::new(&folder).join(format!("{name}.png"));
        std::fs::write(path, bytes.expect("a picture")).expect("the folder can be written to");
    }

    /// What the page asked for beside itself, and what it did wrong, since it was opened.
    pub(crate) fn faults(&mut self) -> Vec<String> {
        self.eval("0");
        let mut faults = Vec::new();
        for event in &self.events {
            let params = &event["params"];
            match event["method"].as_str().unwrap_or_default() {
                "Network.requestWillBeSent" => {
                    let address = params["request"]["url"].as_str().unwrap_or_default();
                    if params["documentURL"] != address {
                        faults.push(format!("asks for {address}"));
                    }
                }
                "Runtime.exceptionThrown" => faults.push(params["exceptionDetails"].to_string()),
                "Log.entryAdded" => faults.push(params["entry"].to_string()),
                "Runtime.consoleAPICalled" => faults.push(params["args"].to_string()),
                _ => {}
            }
        }
        faults
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // It may have ended by itself; there is nothing to do then.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// What `ready` gives, as soon as it gives something.
fn wait<T>(mut ready: impl FnMut() -> Option<T>) -> Option<T> {
    let start = Instant::now();
    while start.elapsed() < PATIENCE {
        if let Some(done) = ready() {
            return Some(done);
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    None
}
