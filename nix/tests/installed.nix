# Installed packages for evaluation alone: names, versions and dependencies, and paths where nothing is.
rec {
  package =
    name: version: dependencies:
    (import ../lib/closures.nix).pinnable {
      pname = name;
      inherit version dependencies;
      outPath = "/nix/store/${name}-${version}";
      isPinfoldUnit = true;
    };
  numpy_1 = package "numpy" "1.26.4" [ ];
  numpy = package "numpy" "2.3.5" [ ];
  pytz = package "pytz" "2026" [ ];
  pandas = package "pandas" "2.3.3" [
    numpy
    pytz
  ];
  report-new = package "report-new" "1.0" [ pandas ];
  report-old = package "report-old" "1.0" [ pandas ];
  pytest = package "pytest" "9" [ ];
  requests = package "requests" "2" [ (package "idna" "3" [ ]) ];

  # Whether an expression is refused, and not by accident: a mistake in a name, or in a type, is no refusal.
  refused = value: !(builtins.tryEval (builtins.deepSeq value true)).success;
}
