//! The report as one page that needs nothing else: no network, no other file.
//!
//! The page is `page.html` with its style and scripts put into it, and the report as JSON. A name that holds
//! `</script>` cannot end the script it stands in, since no `<` is left in the JSON; and the scripts put names into the
//! page as text only. Deliberately not here: what the page does (the files beside this one).

use std::collections::BTreeMap;

use serde::Serialize;

use super::demangle::names;
use super::json::Entry;
use super::{Graph, NodeKind, Report, Stats};
use crate::finding::Finding;
use crate::rules::{self, Rule};

const PAGE: &str = include_str!("page.html");
const STYLE: &str = include_str!("page.css");
const SCRIPTS: [&str; 6] = [
    include_str!("model.js"),
    include_str!("layout.js"),
    include_str!("graph.js"),
    include_str!("view.js"),
    include_str!("detail.js"),
    include_str!("page.js"),
];

#[derive(Serialize)]
struct Data<'a> {
    inputs: Vec<String>,
    base: Option<String>,
    findings: Vec<Entry<'a>>,
    ignored: Vec<Ignored<'a>>,
    notes: &'a [String],
    stats: &'a Stats,
    rules: BTreeMap<&'a str, About>,
    /// What mangled names say.
    readable: BTreeMap<String, String>,
    nodes: Vec<Node<'a>>,
    edges: Vec<(usize, usize, &'a str, Option<usize>)>,
}

#[derive(Serialize)]
struct Ignored<'a> {
    finding: Entry<'a>,
    reason: &'a str,
}

#[derive(Serialize)]
struct About {
    name: &'static str,
    summary: &'static str,
    page: String,
}

#[derive(Serialize)]
struct Node<'a> {
    label: &'a str,
    kind: NodeKind,
    path: Option<String>,
    package: Option<usize>,
    detail: &'a str,
}

/// The whole page; `rules` are those that it may explain.
pub fn render(report: &Report, rules: &[&'static Rule]) -> String {
    let Graph { nodes, edges } = &report.graph;
    let lossy = |path: &std::path::PathBuf| path.to_string_lossy().into_owned();
    let node = |node: &super::Node| (node.path.as_ref().map(lossy), node.kind, node.package);
    let nodes = nodes.iter().map(|one| {
        let (path, kind, package) = node(one);
        Node { label: &one.label, kind, path, package, detail: &one.detail }
    });
    let ignored = report.ignored.iter().map(|(finding, reason)| Ignored { finding: finding.into(), reason });
    let named = report.findings.iter().chain(report.ignored.iter().map(|(finding, _)| finding));
    let about = |code: &'static str| {
        let rule = rules::named(rules, code)?;
        Some((code, About { name: rule.name, summary: rule.summary, page: rule.page().body().to_owned() }))
    };
    let data = Data {
        inputs: report.inputs.iter().map(lossy).collect(),
        base: report.base.as_ref().map(lossy),
        findings: report.findings.iter().map(Entry::from).collect(),
        ignored: ignored.collect(),
        notes: &report.notes,
        stats: &report.stats,
        rules: named.filter_map(|finding| about(finding.code)).collect(),
        readable: report.findings.iter().flat_map(mangled).collect(),
        nodes: nodes.collect(),
        edges: edges.iter().map(|one| (one.from, one.to, one.how.as_str(), one.because_of)).collect(),
    };
    // Each place is filled once, and what is filled in is not looked at again: a name may hold the mark of a place.
    let (head, rest) = PAGE.split_once("/* style */").unwrap_or((PAGE, ""));
    let (body, rest) = rest.split_once("/* data */").unwrap_or((rest, ""));
    let (between, tail) = rest.split_once("/* scripts */").unwrap_or((rest, ""));
    [head, STYLE, body, &embedded(&data), between, &SCRIPTS.join("\n"), tail].concat()
}

/// The mangled names in a finding, each with what it says.
fn mangled(finding: &Finding) -> Vec<(String, String)> {
    let texts = [&finding.title, &finding.message, &finding.hint].into_iter();
    let texts = texts.chain(finding.evidence.iter().map(|one| &one.text));
    texts
        .chain(finding.symbols.iter().filter_map(|one| one.name.as_ref()))
        .flat_map(|text| names(text))
        .collect()
}

/// `value` as JSON that can stand in a page.
fn embedded(value: &impl Serialize) -> String {
    let text = serde_json::to_string(value).unwrap_or_else(|_| "{}".to_owned());
    // `<` occurs in JSON in strings only, where this means the same.
    text.replace('<', "\\u003c")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn a_name_cannot_end_the_script_it_stands_in() {
        let page = render(&sample::report(), &sample::RULES);
        let (_, rest) = page.split_once("id=\"data\">").expect("the data");
        let (data, _) = rest.split_once("</script>").expect("its end");
        let data: serde_json::Value = serde_json::from_str(data).expect("JSON, whole");
        let library = data["findings"][1]["libraries"][0].as_str().expect("a path");
        assert!(library.contains("</script>"), "{library}");
    }

    #[test]
    fn nothing_is_fetched_from_elsewhere() {
        let page = render(&sample::report(), &sample::RULES);
        assert!(
            !page.contains("/* style */") && !page.contains("/* data */") && !page.contains("/* scripts */")
        );
        // Namespaces of SVG are names, not places, and `#` is the page itself.
        let places = page.replace("http://www.w3.org/", "").replace("url(#", "");
        for mark in ["http:", "https:", "@import", "url(", " src=", "fetch(", "XMLHttp"] {
            assert!(!places.contains(mark), "{mark}");
        }
    }
}
