//! The page of `--output-format html` in a real browser: what a person does, and what they see then.
//!
//! `ABICHECK_SCREENSHOTS=FOLDER` keeps pictures. Deliberately not here: how the page looks, which a person must judge.

mod browser;
mod reports;

use abicheck::report::{Report, html};
use abicheck::rules;
use serde_json::json;

use browser::Browser;

/// The page of `report` as a file.
fn page(report: &Report) -> tempfile::NamedTempFile {
    let file = tempfile::Builder::new().suffix(".html").tempfile().expect("a temporary file");
    std::fs::write(file.path(), html::render(report, rules::ALL)).expect("it can be written to");
    file
}

const CARDS: &str = "[...document.querySelectorAll('.card')].map(c => c.dataset.package)";
const TITLES: &str = "[...document.querySelectorAll('#list .title')].map(t => t.textContent)";
const DETAIL: &str = "document.getElementById('detail').innerText";

#[test]
fn a_person_finds_out_what_clashes_and_why() {
    let Some(mut browser) = Browser::start() else { return };
    let file = page(&reports::seven());
    browser.dark(false);
    browser.open(file.path(), 1440, 900);
    browser.look("first");

    // The worst is chosen, only what clashes is drawn, and notes wait.
    let detail = browser.text(DETAIL);
    assert!(detail.contains("Qt_6.7") && detail.contains("keep one of the two"), "{detail}");
    assert!(detail.contains("Verified: confirmed"), "{detail}");
    assert_eq!(browser.eval(&format!("{TITLES}.length")), 3);
    let cards = browser.eval(CARDS);
    assert!(!cards.to_string().contains("numpy") && cards.to_string().contains("PySide6"), "{cards}");

    // A conflict, clicked: its evidence, its order, its wires.
    browser.click("document.querySelectorAll('#list button')[1]");
    let detail = browser.text(DETAIL);
    for part in ["libhdf5-77aa00cc.so.310.2.0", "h5py", "netCDF4", "install both from one build"] {
        assert!(detail.contains(part), "{detail}");
    }
    assert_eq!(browser.eval("document.querySelectorAll('#list [aria-current=true]').length"), 1);
    let how = browser.text("[...document.querySelectorAll('.how')].map(e => e.textContent).join()");
    assert!(how.contains("already loaded under this SONAME"), "{how}");
    let dimmed =
        browser.eval("document.querySelector('.card[data-package=PyQt6]').classList.contains('dim')");
    assert_eq!(dimmed, json!(true));
    browser.look("conflict");

    // A library of it, clicked in the graph: where it is, what it is called, who needs it and how it is found.
    browser.click("[...document.querySelectorAll('.card[data-package=h5py] .row')].find(r => r.textContent.includes('hdf5_hl'))");
    let detail = browser.text(DETAIL);
    for part in [
        "h5py.libs/libhdf5_hl-123198ff.so.310.0.2",
        "SONAME",
        "Needed by",
        "RPATH",
        "once h5py is imported first",
    ] {
        assert!(detail.contains(part), "{part}: {detail}");
    }
    browser.look("library");

    // The filter: words, then a package, then severities.
    browser.click("document.getElementById('filter')");
    browser.write("qt_6.7");
    assert_eq!(browser.eval(&format!("{TITLES}.length")), 1);
    let cards = browser.eval(CARDS).to_string();
    assert!(cards.contains("PyQt6") && !cards.contains("scikit-learn"), "{cards}");
    browser.eval("showEverything()");
    browser.eval("(() => { const p = document.getElementById('package'); p.value = 'h5py'; p.dispatchEvent(new Event('change')); })()");
    assert_eq!(browser.eval(&format!("{TITLES}.length")), 2, "an error and a note");
    browser.click("document.querySelector('#severities [value=note]')");
    assert_eq!(browser.eval(&format!("{TITLES}.length")), 1);
    browser.eval("showEverything()");
    assert_eq!(browser.eval(&format!("{TITLES}.length")), 9);

    // Everything: all seven packages and all their files, and no name became a part of the page.
    browser.click("document.querySelector('#all + span')");
    assert_eq!(browser.eval(&format!("{CARDS}.length")), 8, "seven, and the system's");
    assert_eq!(browser.eval("document.querySelectorAll('.row').length"), 325);
    assert_eq!(
        browser.eval("[...document.querySelectorAll('b')].some(b => b.textContent === 'odd')"),
        json!(false)
    );
    let odd = browser.text(
        "[...document.querySelectorAll('.card')].map(c => c.dataset.package).find(n => n.includes('odd'))",
    );
    assert_eq!(odd, "</script><b>odd</b>");
    browser.look("everything");
    assert_eq!(browser.faults(), [] as [&str; 0]);

    browser.dark(true);
    browser.open(file.path(), 1440, 900);
    browser.look("dark");
    let back = browser.text("getComputedStyle(document.body).backgroundColor");
    assert_eq!(back, "rgb(18, 21, 26)");
    browser.dark(false);
    browser.open(file.path(), 600, 900);
    browser.look("narrow");
    assert_eq!(
        browser.eval("document.documentElement.scrollWidth <= innerWidth"),
        json!(true),
        "nothing sticks out"
    );
    keyboard(&mut browser, file.path());
}

/// All of it without a mouse.
fn keyboard(browser: &mut Browser, page: &std::path::Path) {
    browser.open(page, 1440, 900);
    browser.eval("document.querySelector('#list button').focus()");
    browser.press("ArrowDown", 40);
    assert!(browser.text(DETAIL).contains("install both from one build"));
    browser.eval("document.querySelector('#graph [tabindex=\"0\"]').focus()");
    browser.press("ArrowDown", 40);
    let focused = browser.text("document.activeElement.getAttribute('aria-label')");
    browser.press("Enter", 13);
    let name = focused.rsplit(' ').next().unwrap_or_default();
    let detail = browser.text(DETAIL);
    assert!(detail.contains(name), "{focused}: {detail}");
    browser.press("Escape", 27);
    assert!(browser.text(DETAIL).contains("What was looked at"));
    browser.press("/", 191);
    assert_eq!(browser.text("document.activeElement.id"), "filter");
    assert_eq!(browser.faults(), [] as [&str; 0]);
}

#[test]
fn five_hundred_packages_and_none() {
    let Some(mut browser) = Browser::start() else { return };
    let file = page(&reports::five_hundred());
    browser.open(file.path(), 1440, 900);
    assert_eq!(browser.eval(CARDS), json!(["package-007", "package-300"]));
    browser.look("five-hundred");
    browser.click("document.querySelector('#all + span')");
    assert_eq!(browser.eval(&format!("{CARDS}.length")), 501);
    browser.press("Escape", 27);
    browser.look("five-hundred-everything");
    // A package that no finding touches opens on request.
    browser.eval("document.querySelector('.card[data-package=package-123] .row.more').dispatchEvent(new MouseEvent('click'))");
    let rows = "document.querySelectorAll('.card[data-package=package-123] .row').length";
    assert_eq!(browser.eval(rows), 5);
    assert_eq!(browser.faults(), [] as [&str; 0]);

    let file = page(&Report::default());
    browser.open(file.path(), 1440, 900);
    assert!(browser.text("document.getElementById('empty').innerText").contains("Nothing clashes"));
    browser.look("nothing");
    assert_eq!(browser.faults(), [] as [&str; 0]);
}
