# The three steps: what each depends on, by derivation paths.
let
  build-sets = import ../lib/build-set.nix;
  arguments = import ../lib/arguments.nix;
  tool =
    name: version: dependencies:
    derivation {
      name = "${name}-${version}";
      system = "x86_64-linux";
      builder = "/bin/sh";
    }
    // {
      pname = name;
      inherit version dependencies;
      sitePackagesOf = _: "/tool/${name}-${version}";
    };
  packaging = tool "packaging" "1" [ ];
  setuptools = tool "setuptools" "1" [ packaging ];
  pinfold = import ./host.nix {
    buildSet = [
      setuptools
      packaging
    ];
  };
  newer = import ./host.nix {
    buildSet = [
      setuptools
      (tool "packaging" "2" [ ])
    ];
  };

  wheelBy =
    functions: extra:
    functions.buildWheel (
      {
        pname = "app";
        version = "1";
        src = ./.;
        build-system = [ setuptools ];
      }
      // extra
    );
  numpy =
    version:
    pinfold.installWheel {
      wheel = tool "numpy" version [ ] // {
        file = "numpy-${version}-py3-none-any.whl";
        sha256 = "00";
      };
    };
  app =
    version:
    pinfold.installWheel {
      wheel = wheelBy pinfold { };
      dependencies = [ (numpy version) ];
    };
  check =
    version:
    pinfold.checkWheel {
      installed = app version;
      tests = ./.;
      nativeCheckInputs = [ (import ./installed.nix).pytest ];
    };
  same = f: f "1.26.4" == f "2.3.5";
  refused = extra: !(builtins.tryEval (wheelBy pinfold extra).drvPath).success;
in
{
  buildWheel = {
    the-same-for-two-versions-of-a-runtime-dependency = {
      expr = same (version: (app version).wheel.drvPath);
      expected = true;
    };
    another-one-for-another-build-tool = {
      expr = (wheelBy pinfold { }).drvPath == (wheelBy newer { }).drvPath;
      expected = false;
    };
    another-one-for-another-variable = {
      expr = (wheelBy pinfold { env.CFLAGS = "-O3"; }).drvPath == (wheelBy pinfold { }).drvPath;
      expected = false;
    };
    a-newer-tool-that-is-passed-is-the-build-sets = {
      expr =
        (wheelBy pinfold { build-system = [ (tool "setuptools" "99" [ ]) ]; }).drvPath
        == (wheelBy pinfold { }).drvPath;
      expected = true;
    };
    without-a-build-set-it-is-what-was-passed = {
      expr =
        (wheelBy pinfold {
          build-system = [ (tool "setuptools" "99" [ ]) ];
          buildSet = null;
        }).drvPath == (wheelBy pinfold { buildSet = null; }).drvPath;
      expected = false;
    };
    tools-by-name = {
      expr =
        (wheelBy pinfold { build-system = [ "setuptools" ]; }).drvPath == (wheelBy pinfold { }).drvPath;
      expected = true;
    };
    runtime-dependencies-are-refused = {
      expr = map refused [
        { dependencies = [ ]; }
        { propagatedBuildInputs = [ ]; }
        { nativeCheckInputs = [ ]; }
        { }
      ];
      expected = [
        true
        true
        true
        false
      ];
    };
    what-is-not-in-the-build-set-is-refused = {
      expr = refused { build-system = [ "hatchling" ]; };
      expected = true;
    };
  };
  installWheel = {
    the-same-for-two-versions-of-a-runtime-dependency = {
      expr = same (version: (app version).drvPath);
      expected = true;
    };
    dependencies-are-kept-as-attributes = {
      expr = map (p: p.version) (app "2.3.5").dependencies;
      expected = [ "2.3.5" ];
    };
    a-check-stands-under-its-tests = {
      expr =
        (app "2.3.5").tests.check.drvPath == (pinfold.checkWheel { installed = app "2.3.5"; }).drvPath;
      expected = true;
    };
    no-dependency-is-an-input = {
      expr = builtins.any (p: builtins.match ".*numpy.*" p != null) (
        builtins.attrNames (builtins.getContext (app "2.3.5").drvPath)
      );
      expected = false;
    };
  };
  checkWheel.another-one-for-another-runtime-dependency = {
    expr = same (version: (check version).drvPath);
    expected = false;
  };
  abiFacts.one-for-each-wheel = {
    expr = [
      (same (version: (pinfold.abiFacts (app version)).drvPath))
      (same (version: (pinfold.abiFacts (numpy version)).drvPath))
    ];
    expected = [
      true
      false
    ];
  };
  strict = {
    what-it-knows-goes-on = {
      expr =
        let
          f =
            arguments.strict
              {
                function = "f";
                step = "do";
                label = _: "x";
                accepts = name: _: name == "more";
              }
              (
                {
                  a,
                  b ? 2,
                  ...
                }:
                a + b
              );
        in
        [
          (f { a = 1; })
          (f {
            a = 1;
            more = 3;
          })
          (builtins.tryEval (f {
            a = 1;
            c = 3;
          })).success
          (builtins.tryEval (f {
            b = 1;
          })).success
        ];
      expected = [
        3
        3
        false
        false
      ];
    };
  };
  makeBuildSet.by-name = {
    expr = map (set: builtins.attrNames set) [
      (build-sets.makeBuildSet [
        setuptools
        packaging
      ])
      (build-sets.makeBuildSet { anything = setuptools; })
    ];
    expected = [
      [
        "packaging"
        "setuptools"
      ]
      [ "setuptools" ]
    ];
  };
  freeze = {
    by-name = {
      expr = (build-sets.freeze { inherit setuptools; } "app" (tool "setuptools" "99" [ ])).version;
      expected = "1";
    };
    a-stranger = {
      expr = (builtins.tryEval (build-sets.freeze { } "app" setuptools)).success;
      expected = false;
    };
  };
  buildClosure.tools-of-tools-are-frozen-too = {
    expr =
      map
        (
          set:
          map (t: "${t.pname} ${t.version}") (
            build-sets.buildClosure set "app" [ (tool "setuptools" "99" [ ]) ]
          )
        )
        [
          {
            inherit setuptools;
            packaging = tool "packaging" "0" [ ];
          }
          [
            setuptools
            (tool "packaging" "0" [ ])
          ]
        ];
    expected = [
      [
        "setuptools 1"
        "packaging 0"
      ]
      [
        "setuptools 1"
        "packaging 0"
      ]
    ];
  };
}
