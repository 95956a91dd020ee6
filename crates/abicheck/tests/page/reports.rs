//! Reports as the analysis makes them: one of seven packages with conflicts, one of five hundred.
//!
//! Deliberately not here: expectations.

use std::path::PathBuf;

use abicheck::finding::{Evidence, Finding, Outcome, Severity, SymbolName, Verified};
use abicheck::report::{Graph, GraphEdge, Node, NodeKind, Report, Stats};

const SITE: &str = "/project/.venv/lib/python3.11/site-packages";

/// A report that grows.
#[derive(Default)]
struct Builder {
    graph: Graph,
    findings: Vec<Finding>,
}

impl Builder {
    fn package(&mut self, name: &str, version: &str) -> usize {
        self.node(name, NodeKind::Package, None, None, version)
    }

    fn file(&mut self, package: usize, file: &str, kind: NodeKind, soname: &str) -> usize {
        let label = file.rsplit('/').next().unwrap_or(file).to_owned();
        self.node(&label, kind, Some(PathBuf::from(format!("{SITE}/{file}"))), Some(package), soname)
    }

    fn system(&mut self, file: &str) -> usize {
        let path = PathBuf::from(format!("/usr/lib/{file}"));
        self.node(file, NodeKind::System, Some(path), None, file)
    }

    fn node(
        &mut self,
        label: &str,
        kind: NodeKind,
        path: Option<PathBuf>,
        package: Option<usize>,
        detail: &str,
    ) -> usize {
        let detail = detail.to_owned();
        self.graph.nodes.push(Node { label: label.to_owned(), kind, path, package, detail });
        self.graph.nodes.len() - 1
    }

    fn edge(&mut self, from: usize, to: usize, how: &str) {
        self.graph.edges.push(GraphEdge { from, to, how: how.to_owned(), because_of: None });
    }

    fn find(
        &mut self,
        code: &'static str,
        severity: Severity,
        title: &str,
        packages: &[&str],
    ) -> &mut Finding {
        self.findings.push(Finding {
            code,
            severity,
            title: title.to_owned(),
            message: format!("{title}: told at more length, in a sentence or two."),
            packages: packages.iter().map(|name| (*name).to_owned()).collect(),
            order: None,
            libraries: Vec::new(),
            symbols: Vec::new(),
            evidence: Vec::new(),
            hint: String::new(),
            probe: None,
            verified: None,
        });
        self.findings.last_mut().expect("one was pushed")
    }

    fn report(mut self) -> Report {
        self.findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        let packages = self.graph.nodes.iter().filter(|node| node.kind == NodeKind::Package).count();
        let files = self.graph.nodes.len() - packages;
        Report {
            inputs: vec![".venv".into()],
            base: Some(SITE.into()),
            findings: self.findings,
            ignored: Vec::new(),
            notes: vec!["distutils-precedence.pth runs code at start, which is not followed".to_owned()],
            stats: Stats {
                python: "3.11".to_owned(),
                distributions: packages + 4,
                packages,
                files,
                loaded: files + 11,
                bindings: 36_624,
                pairs: packages * (packages - 1) / 2,
                interacting: 4,
                orders: packages + 8,
            },
            order: None,
            graph: self.graph,
        }
    }
}

fn at(file: &str) -> PathBuf {
    PathBuf::from(format!("{SITE}/{file}"))
}

fn line(file: &str, text: &str) -> Evidence {
    Evidence { path: at(file), text: text.to_owned() }
}

/// Seven packages with 340 files, two errors, a warning, and notes. One name would end a script.
pub(crate) fn seven() -> Report {
    let mut build = Builder::default();
    let libc = build.system("libc.so.6");
    let names = [
        ("h5py", "3.11.0"),
        ("netCDF4", "1.7.1"),
        ("PySide6", "6.5.0"),
        ("PyQt6", "6.7.1"),
        ("numpy", "1.26.4"),
    ];
    let mut packages: Vec<usize> = names.iter().map(|(name, version)| build.package(name, version)).collect();
    packages.push(build.package("scikit-learn", "1.5.0"));
    packages.push(build.package("</script><b>odd</b>", "0.1"));
    let [h5py, netcdf, pyside, pyqt, numpy, sklearn, odd] = packages[..] else { unreachable!("seven") };
    let hl = [(h5py, "h5py", "123198ff"), (netcdf, "netCDF4", "77aa00cc")].map(|(package, folder, hash)| {
        let module = if package == h5py { "h5ds" } else { "_netCDF4" };
        let module = build.file(
            package,
            &format!("{folder}/{module}.cpython-311-x86_64-linux-gnu.so"),
            NodeKind::Extension,
            "",
        );
        let high = format!("{folder}.libs/libhdf5_hl-123198ff.so.310.0.2");
        let high = build.file(package, &high, NodeKind::Library, "libhdf5_hl-123198ff.so.310.0.2");
        let low = format!("libhdf5-{hash}.so.310.2.0");
        let low = build.file(package, &format!("{folder}.libs/{low}"), NodeKind::Library, &low);
        build.edge(package, module, "");
        build.edge(module, high, "RPATH");
        build.edge(high, low, "RUNPATH of libhdf5_hl");
        build.edge(low, libc, "ld.so.cache");
        (module, high)
    });
    build.graph.edges.push(GraphEdge {
        from: hl[1].0,
        to: hl[0].1,
        how: "already loaded under this SONAME".to_owned(),
        because_of: Some(h5py),
    });
    let qt = [(pyside, "PySide6"), (pyqt, "PyQt6")].map(|(package, folder)| {
        let module = build.file(package, &format!("{folder}/QtCore.abi3.so"), NodeKind::Extension, "");
        let core = build.file(
            package,
            &format!("{folder}/Qt/lib/libQt6Core.so.6"),
            NodeKind::Library,
            "libQt6Core.so.6",
        );
        build.edge(package, module, "");
        build.edge(module, core, "RUNPATH");
        build.edge(core, libc, "ld.so.cache");
        (module, core)
    });
    build.graph.edges.push(GraphEdge {
        from: qt[1].0,
        to: qt[0].1,
        how: "already loaded under this SONAME".to_owned(),
        because_of: Some(pyside),
    });
    let gomp = build.file(
        sklearn,
        "scikit_learn.libs/libgomp-a34b3233.so.1.0.0",
        NodeKind::Library,
        "libgomp-a34b3233.so.1.0.0",
    );
    for (package, folder, count) in [(numpy, "numpy", 140), (sklearn, "sklearn", 170), (odd, "odd", 3)] {
        for number in 0..count {
            let name = format!("{folder}/_part/_module_{number:03}.cpython-311-x86_64-linux-gnu.so");
            let module = build.file(package, &name, NodeKind::Extension, "");
            build.edge(package, module, "");
            build.edge(module, if package == sklearn { gomp } else { libc }, "RPATH");
        }
    }
    conflicts(&mut build);
    for name in names.map(|(name, _)| name).iter().chain(&["scikit-learn"]) {
        let title = format!("50 references of libstdc++ are answered by {name}");
        build.find("AB401", Severity::Note, &title, &[name]);
    }
    build.report()
}

fn conflicts(build: &mut Builder) {
    let title =
        "importing PySide6, then PyQt6 fails: version `Qt_6.7` is not in the libQt6Core.so.6 that is loaded";
    let finding = build.find("AB102", Severity::Error, title, &["PySide6", "PyQt6"]);
    finding.order = Some(vec!["PySide6".into(), "PyQt6".into()]);
    finding.libraries = vec![at("PySide6/Qt/lib/libQt6Core.so.6"), at("PyQt6/Qt/lib/libQt6Core.so.6")];
    finding.symbols = vec![SymbolName { name: None, version: Some("Qt_6.7".into()) }];
    finding.evidence = vec![
        line("PySide6/Qt/lib/libQt6Core.so.6", "loaded first, for PySide6/QtCore.abi3.so, found by RUNPATH"),
        line(
            "PyQt6/QtCore.abi3.so",
            "needs version Qt_6.7 of libQt6Core.so.6, already loaded under this SONAME",
        ),
        line("PyQt6/Qt/lib/libQt6Core.so.6", "has it, and is never loaded"),
    ];
    finding.hint = "import PyQt6 first, or keep one of the two in an environment of its own".into();
    finding.verified = Some(Verified {
        outcome: Outcome::Confirmed,
        detail: "PySide6, then PyQt6: ImportError: version `Qt_6.7' not found".into(),
    });
    let title = "`libhdf5_hl-123198ff.so.310.0.2` exists twice, and works on another libhdf5 for whoever is imported second";
    let finding = build.find("AB110", Severity::Error, title, &["h5py", "netCDF4"]);
    finding.order = Some(vec!["h5py".into(), "netCDF4".into()]);
    finding.libraries =
        ["h5py", "netCDF4"].map(|name| at(&format!("{name}.libs/libhdf5_hl-123198ff.so.310.0.2"))).to_vec();
    finding.evidence = vec![
        line("h5py.libs/libhdf5_hl-123198ff.so.310.0.2", "needs libhdf5-123198ff.so.310.2.0"),
        line("netCDF4.libs/libhdf5_hl-123198ff.so.310.0.2", "needs libhdf5-77aa00cc.so.310.2.0"),
    ];
    finding.hint = "install both from one build".into();
    let finding = build.find(
        "AB301",
        Severity::Warning,
        "two OpenMP runtimes",
        &["scikit-learn", "</script><b>odd</b>"],
    );
    finding.libraries = vec![at("scikit_learn.libs/libgomp-a34b3233.so.1.0.0")];
}

/// Five hundred packages, each with five files, one pair of which clashes.
pub(crate) fn five_hundred() -> Report {
    let mut build = Builder::default();
    let libc = build.system("libc.so.6");
    let mut shared = Vec::new();
    for number in 0..500 {
        let package = build.package(&format!("package-{number:03}"), "1.0");
        let library = build.file(
            package,
            &format!("p{number:03}.libs/libshared.so.1"),
            NodeKind::Library,
            "libshared.so.1",
        );
        build.edge(library, libc, "ld.so.cache");
        shared.push(library);
        for module in 0..4 {
            let module = build.file(package, &format!("p{number:03}/_m{module}.so"), NodeKind::Extension, "");
            build.edge(package, module, "");
            build.edge(module, library, "RUNPATH");
        }
    }
    let title = "`libshared.so.1` exists twice";
    let finding = build.find("AB102", Severity::Error, title, &["package-007", "package-300"]);
    finding.order = Some(vec!["package-007".into(), "package-300".into()]);
    finding.libraries = ["p007", "p300"].map(|name| at(&format!("{name}.libs/libshared.so.1"))).to_vec();
    build.report()
}
