# Packages with the shape of nixpkgs', split.
let
  split = import ../lib/split.nix;
  freezing = import ../lib/freeze.nix;
  describing = import ../lib/describe.nix;
  pinfold = import ./host.nix { };
  mock = bump: import ./nixpkgs.nix { inherit bump; };
  frozen = (mock null).pkgs;
  scope =
    bump:
    pinfold.splitScope {
      inherit pinfold frozen;
      scope = (mock bump).pkgs;
    };
  before = scope null;
  # As an overlay would: after that a package does not know its arguments any more.
  overridden = (mock "numpy").pkgs.pandas.overridePythonAttrs (old: {
    version = "7";
  });
  wheel = pkg: (split.wheelOf { inherit frozen; } pkg).drvPath;
  described = builtins.fromJSON (
    describing.describe {
      packages = [
        before.pandas
        before.numpy
        before.pytest
        before.hypothesis
      ];
      buildSet = [
        frozen.meson-python
        frozen.cython
      ];
    }
  );
  # Which numpy builds it, which Python, and so on: versions of inputs by their names.
  inputs =
    pkg:
    builtins.listToAttrs (
      map (input: {
        name = input.pname or input.name;
        value = input.version or "";
      }) (split.wheelOf { inherit frozen; } pkg).nativeBuildInputs
    );
  # Nothing of it but what is in its own arguments can be evaluated.
  broken = frozen.six.overridePythonAttrs {
    dependencies = [ (throw "a dependency was looked at") ];
    nativeCheckInputs = [ (throw "a test's input was looked at") ];
  };
in
{
  wheelOf = {
    a-variant-that-was-chosen-stays = {
      expr =
        map
          (pkg: {
            inherit (inputs pkg) numpy python3;
          })
          [
            (mock "numpy").pkgs.legacy
            # Without what it knows of its arguments.
            ((mock "numpy").pkgs.legacy.overridePythonAttrs { version = "7"; })
            ((mock null).pkgs.pandas.override { numpy = (mock null).pkgs.numpy_1; })
          ];
      expected = [
        {
          numpy = "1.26";
          python3 = "3.11.2";
        }
        {
          numpy = "1.26";
          python3 = "3.11.2";
        }
        {
          numpy = "1.26";
          python3 = "3.11.2";
        }
      ];
    };
    a-source-of-another-package-is-that-one-s = {
      expr =
        let
          bumped = split.wheelOf { inherit frozen; } (mock "numpy").pkgs.numpy-doc;
        in
        [
          bumped.version
          bumped.src
          (wheel (mock "setuptools").pkgs.numpy-doc == wheel frozen.numpy-doc)
        ];
      expected = [
        "2"
        "numpy-2.tar.gz"
        true
      ];
    };
    what-its-files-refer-to-is-written-beside-it = {
      expr = (split.wheelOf { } frozen.pandas).postPhases;
      expected = [ "pinfoldReferencesPhase" ];
    };
    what-only-runs-or-tests-it-is-not-looked-at = {
      expr = builtins.isString (wheel broken);
      expected = true;
    };
    no-runtime-dependency-reaches-it = {
      expr = wheel (mock "pytz").pkgs.pandas == wheel frozen.pandas;
      expected = true;
    };
    no-bump-of-a-build-tool-reaches-it-but-by-the-build-set = {
      expr = map (bump: wheel (mock bump).pkgs.aiohttp == wheel frozen.aiohttp) [
        "certifi"
        "setuptools"
        "wheel"
        "cython"
      ];
      expected = [
        true
        true
        true
        true
      ];
    };
    not-frozen-certifi-reaches-aiohttp-by-way-of-cmake = {
      expr =
        (split.wheelOf { } (mock "certifi").pkgs.aiohttp).drvPath == (split.wheelOf { } frozen.aiohttp)
        .drvPath;
      expected = false;
    };
    nor-does-what-its-tests-leave-out = {
      expr =
        let
          without =
            disabledTests:
            wheel (
              frozen.pandas.overridePythonAttrs {
                inherit disabledTests;
                preCheck = toString disabledTests;
              }
            );
        in
        without [ "test_slow" ] == without [ "test_network" ];
      expected = true;
    };
    its-own-source-does = {
      expr = wheel (mock "pandas").pkgs.pandas == wheel frozen.pandas;
      expected = false;
    };
    a-package-that-an-overlay-changed = {
      expr = [
        (wheel overridden == wheel (frozen.pandas.overridePythonAttrs { version = "7"; }))
        (wheel overridden == wheel frozen.pandas)
      ];
      expected = [
        true
        false
      ];
    };
    what-a-build-reads-all-the-same = {
      expr =
        let
          reads =
            pkg:
            (split.wheelOf {
              inherit frozen;
              buildRequires = [ "six" ];
            } pkg).drvPath;
        in
        [
          (reads frozen.python-dateutil == wheel frozen.python-dateutil)
          (reads (mock "six").pkgs.python-dateutil == reads frozen.python-dateutil)
        ];
      expected = [
        false
        true
      ];
    };
  };
  splitPackage = {
    dependencies-are-split-too = {
      expr = map (p: p.pname) (split.splitPackage { inherit pinfold frozen; } frozen.pandas).dependencies;
      expected = [
        "numpy"
        "python-dateutil"
        "pytz"
        "tzdata"
      ];
    };
    name-and-meta-are-had-for-nothing = {
      expr =
        let
          package = split.splitPackage { inherit pinfold frozen; } (
            broken.overridePythonAttrs { meta.description = "x"; }
          );
        in
        [
          package.name
          package.meta.description
        ];
      expected = [
        "six-1"
        "x"
      ];
    };
    what-is-split-stays = {
      expr = (split.splitPackage { inherit pinfold frozen; } before.six).drvPath == before.six.drvPath;
      expected = true;
    };
    it-can-be-pinned = {
      expr =
        map (c: c.name)
          (pinfold.withPins (_: [ (before.pandas.pinned { numpy = (scope "numpy").numpy; }) ])).closures;
      expected = [
        "root"
        "pandas"
      ];
    };
  };
  splitScope = {
    a-bump-installs-one-package = {
      expr = builtins.filter (name: before.${name}.drvPath != (scope "numpy").${name}.drvPath) (
        builtins.attrNames (import ./graph.nix)
      );
      expected = [ "numpy" ];
    };
    a-dependency-of-another-version-is-that-one = {
      expr = map (p: p.version) before.legacy.dependencies;
      expected = [ "1.26" ];
    };
    what-is-no-package-stays = {
      expr = builtins.isFunction before.buildPythonPackage;
      expected = true;
    };
  };
  checkOf = {
    another-one-for-another-runtime-dependency = {
      expr = map (bump: (scope bump).pandas.tests.check.drvPath == before.pandas.tests.check.drvPath) [
        "pytz"
        "certifi"
      ];
      expected = [
        false
        true
      ];
    };
    what-was-installed-stands-where-packages-look-for-it = {
      expr =
        builtins.match ".*\"[$]out/lib/python3.11/site-packages\".*" before.six.tests.check.installPhase
        != null;
      expected = true;
    };
  };
  argumentsOf.as-they-were-given = {
    expr =
      let
        arguments = split.argumentsOf frozen.pandas;
      in
      [
        arguments.pname
        (map (d: d.pname) arguments.dependencies)
      ];
    expected = [
      "pandas"
      [
        "numpy"
        "python-dateutil"
        "pytz"
        "tzdata"
      ]
    ];
  };
  freezeArguments = {
    the-scope-s-own-by-name-and-what-was-passed-by-what-it-is = {
      expr =
        let
          live = (mock "numpy").pkgs;
          frozenly = freezing.freezeArguments { inherit frozen live; } {
            inherit (live) numpy;
            other = live.numpy_1;
            ninja = null;
            cython = live.numpy;
            withTests = true;
          };
        in
        [
          frozenly.numpy.version
          frozenly.other.version
          frozenly.ninja
          frozenly.cython.pname
          frozenly.withTests
        ];
      expected = [
        "1"
        "1.26"
        null
        "numpy"
        true
      ];
    };
  };
  freezeInput = {
    hooks-packages-and-native-tools = {
      expr =
        let
          live = mock "certifi";
          same = input: from: (freezing.freezeInput frozen input).drvPath == from.drvPath;
        in
        [
          (same (mock "wheel").pkgs.pypaBuildHook frozen.pypaBuildHook)
          (same live.pkgs.certifi frozen.certifi)
          (same live.tools.cmake frozen.pkgs.cmake)
        ];
      expected = [
        true
        true
        true
      ];
    };
    what-is-not-there-stays = {
      expr = freezing.freezeInput frozen "a string";
      expected = "a string";
    };
  };
  describe = {
    a-whole-scope-without-a-frozen-set = {
      expr =
        let
          all = builtins.fromJSON (
            describing.describe {
              packages = before // {
                broken = throw "never";
              };
            }
          );
        in
        [
          # Built with cmake, which is no package of it.
          all.packages.aiohttp.native-build-inputs
          (all ? build-set)
          (all.packages ? pypabuildhook-sh)
          (builtins.length (builtins.attrNames all.packages) > 40)
        ];
      expected = [
        [ ]
        false
        false
        true
      ];
    };
    what-is-needed-comes-along = {
      expr = described.packages ? six && !(described.packages ? certifi);
      expected = true;
    };
    steps-and-edges = {
      expr = {
        inherit (described) version;
        build-set = builtins.attrNames described.build-set;
        pandas = builtins.removeAttrs described.packages.pandas [ "wheel" ];
      };
      expected = {
        version = 1;
        build-set = [
          "cython"
          "meson-python"
        ];
        pandas = {
          version = "1";
          dependencies = [
            "numpy"
            "python-dateutil"
            "pytz"
            "tzdata"
          ];
          build-system = [
            "meson-python"
            "cython"
            "numpy"
          ];
          native-build-inputs = [ ];
          check-inputs = [
            "pytest"
            "hypothesis"
          ];
        };
      };
    };
    what-tells-one-build-from-another = {
      expr = map (path: builtins.match "/.*\\.drv" path != null) [
        described.packages.numpy.wheel
        described.build-set.meson-python
      ];
      expected = [
        true
        true
      ];
    };
  };
}
