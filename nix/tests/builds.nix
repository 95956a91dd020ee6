# Real builds, on the host's tools: what `tests/nix.rs` builds and looks at.
{
  pinfold,
  python ? "/usr/bin/python3",
  contentAddressed ? false,
  # Changes the derivation of a build tool, and nothing of what it makes.
  salt ? "",
}:
let
  functions = import ../mini.nix {
    inherit pinfold python contentAddressed;
    # Some file.
    indexUrl = _: "file://${./builds.nix}";
  };
  inherit (functions)
    buildWheel
    installWheel
    checkWheel
    pythonWithPins
    fromHost
    ;

  setuptools = fromHost { pname = "setuptools"; };
  # The same files from another derivation, when the salt is another.
  salted = functions.host.step {
    name = "setuptools-salted";
    inherit contentAddressed;
    script = ''
      # ${salt}
      cp -r ${setuptools} "$out"
    '';
    passthru = {
      pname = "setuptools";
      version = "host";
      sitePackagesOf = _: "${salted}/site-packages";
    };
  };
  buildSet = functions.makeBuildSet [
    salted
    (fromHost { pname = "wheel"; })
  ];

  source = name: version: {
    pname = name;
    inherit version buildSet;
    src = ./packages + "/${name}";
    # setuptools makes wheels by itself since 70.1; the host's may be older.
    build-system = [
      "setuptools"
      "wheel"
    ];
    postPatch = "sed -i 's/\"1\\.0\"/\"${version}\"/' *.toml *.py";
  };
  backend =
    what: extra:
    buildWheel (
      {
        pname = "odd";
        version = "1.0";
        src = ./packages/backend;
        build-system = [ ];
      }
      // extra
      // {
        env = {
          BACKEND = what;
        }
        // extra.env or { };
      }
    );
  made =
    name: content: metadata: dependencies:
    installWheel {
      inherit dependencies;
      wheel = backend "fine" {
        pname = name;
        env = {
          NAME = name;
          CONTENT = content;
          METADATA = metadata;
        };
      };
    };

  leaf = installWheel { wheel = buildWheel (source "leaf" "1.0"); };
  leaf_2 = installWheel { wheel = buildWheel (source "leaf" "2.0"); };
  stemOn =
    leaf:
    installWheel {
      wheel = buildWheel (source "stem" "1.0");
      dependencies = [ leaf ];
    };
  stem = stemOn leaf;
  native = installWheel { wheel = buildWheel (source "native" "1.0"); };
  nativeOn =
    leaf:
    installWheel {
      inherit (native) wheel;
      dependencies = [ leaf ];
    };
  # Two versions of a package whose libraries have one SONAME, and break whoever gets the other's.
  dup = version: installWheel { wheel = buildWheel (source "dup" version); };
  dups =
    native:
    pythonWithPins {
      packages = [
        (dup "1.0")
        ((made "odd" "import dup\n" "Requires-Dist: dup\n" [ (dup "1.0") ]).pinned {
          dup = dup "2.0";
          inherit native;
        })
      ];
    };
  check =
    stem:
    checkWheel {
      installed = stem;
      tests = ./packages/stem/tests;
      command = [
        "python"
        "-m"
        "unittest"
        "-v"
      ];
    };

  # Two versions in one process.
  environment = pythonWithPins {
    packages = [
      leaf
      native
      ((stemOn leaf).pinned { leaf = leaf_2; })
    ];
  };
in
{
  inherit
    leaf
    leaf_2
    stem
    native
    ;
  stemOfTwo = stemOn leaf_2;
  check = check stem;
  checkOfTwo = check (stemOn leaf_2);

  # As the environment above, without the look at its native libraries.
  unchecked =
    (pythonWithPins {
      packages = [
        (installWheel { wheel = buildWheel (source "native" "1.0" // { env.GONE = "1"; }); })
      ];
    }).override
      { abiCheck = false; };
  inherit (environment) report;
  shell = environment.env;
  start = environment.tests.start;
  inherit environment;

  # One wheel in two units.
  copies = pythonWithPins {
    packages = [
      (stemOn leaf)
      (
        (made "odd" "import stem, native\n" "Requires-Dist: stem\n" [
          stem
          native
        ]).pinned
        { leaf = leaf_2; }
      )
      native
    ];
  };

  # One wheel with a native library in two units, in a store that makes one of equal files.
  nativeCopies = pythonWithPins {
    packages = [
      leaf
      (nativeOn leaf)
      ((made "odd" "import native\n" "Requires-Dist: native\n" [ (nativeOn leaf) ]).pinned {
        leaf = leaf_2;
      })
    ];
  };

  isolated = dups "isolate";
  isolatedReport = (dups "isolate").report;
  sharing = (dups "shared").override { abiCheck = false; };
  sharingAll = (dups "isolate").override {
    abiCheck = false;
    native = "shared";
  };

  # What an extra asks for may come by way of who asks; what no marker holds for is not asked for.
  extras = checkWheel {
    installed =
      made "odd" ""
        "Requires-Python: >=3.6.*\nRequires-Dist: other[x]\nRequires-Dist: nowhere; extra == 'y'\nRequires-Dist: no; python_version < '3'\n"
        [
          (made "other" "y = 1\n" "Provides-Extra: x\nRequires-Dist: leaf>=1; extra == 'x'\n" [ ])
          leaf
        ];
  };

  # A wheel whose files name a store path, as one that is linked with a library of the store.
  referring = made "odd" "x = '${leaf}'\n" "" [ ];

  # Half of it is there for some seconds.
  slow = functions.host.step {
    name = "slow";
    script = ''
      mkdir "$out"
      echo half > "$out/half"
      sleep 3
      echo whole > "$out/whole"
    '';
  };

  failing = {
    backend = backend "fail" { };
    talk = backend "talk" { };
    hang = backend "hang" { };
    nothing = backend "nothing" { };
    leave = backend "leave" { };
    silent = backend "silent" { };
    rename = backend "rename" { };
    garbage = backend "garbage" { };
    ask = backend "ask" { };
    newer-tool = buildWheel (
      source "leaf" "1.0"
      // {
        postPatch = "sed -i 's/\"setuptools\"/\"setuptools>=999\"/' pyproject.toml";
      }
    );
    outside = backend "outside" { };
    other-name = installWheel { wheel = backend "fine" { env.NAME = "stranger"; }; };
    other-version = installWheel { wheel = backend "fine" { env.VERSION = "2.0"; }; };
    missing-tool = buildWheel (source "leaf" "1.0" // { build-system = [ ]; });
    no-source = buildWheel {
      pname = "odd";
      version = "1.0";
      src = ./packages/stem/tests;
      build-system = [ ];
    };
    one-file-twice = pythonWithPins {
      packages = [
        (made "one" "x = 1\n" "" [ ])
        (made "two" "x = 2\n" "" [ ])
      ];
    };
    other-platform = pythonWithPins {
      packages = [ (installWheel { wheel = backend "fine" { env.TAG = "cp311-cp311-win_amd64"; }; }) ];
    };
    import = checkWheel { installed = made "odd" "import nowhere\n" "" [ ]; };
    requirement = checkWheel { installed = made "odd" "" "Requires-Dist: leaf>=3\n" [ leaf ]; };
    undeclared = checkWheel { installed = made "odd" "" "Requires-Dist: leaf\n" [ ]; };
    extra = checkWheel {
      installed = made "odd" "" "Requires-Dist: other[x]\n" [
        (made "other" "" "Provides-Extra: x\nRequires-Dist: leaf; extra == 'x'\n" [ ])
      ];
    };
    other-python = checkWheel { installed = made "odd" "" "Requires-Python: >=3.99\n" [ ]; };
    abi = pythonWithPins {
      packages = [
        (installWheel { wheel = buildWheel (source "native" "1.0" // { env.GONE = "1"; }); })
      ];
    };
    shared = dups "shared";
    # An index that gives other bytes than those that the lock has.
    hash = functions.installWheel {
      wheel = functions.fetchWheel {
        name = "odd";
        version = "1.0";
        file = "odd-1.0-py3-none-any.whl";
        sha256 = builtins.concatStringsSep "" (builtins.genList (_: "0") 64);
      };
    };
    tests = checkWheel {
      installed = leaf;
      tests = ./packages/stem/tests;
      command = [
        "python"
        "-m"
        "unittest"
      ];
    };
  };
}
