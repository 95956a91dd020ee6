# Packages with the shape of nixpkgs', split.
let
  split = import ../lib/split.nix;
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
      ];
      buildSet = [ frozen.meson-python ];
    }
  );
in
{
  wheelOf = {
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
    what-is-no-package-stays = {
      expr = builtins.isFunction before.buildPythonPackage;
      expected = true;
    };
  };
  checkOf.another-one-for-another-runtime-dependency = {
    expr = map (bump: (scope bump).pandas.tests.check.drvPath == before.pandas.tests.check.drvPath) [
      "pytz"
      "certifi"
    ];
    expected = [
      false
      true
    ];
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
  freezeInput = {
    hooks-packages-and-native-tools = {
      expr =
        let
          live = mock "certifi";
          same = input: from: (split.freezeInput frozen input).drvPath == from.drvPath;
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
      expr = split.freezeInput frozen "a string";
      expected = "a string";
    };
  };
  describe = {
    steps-and-edges = {
      expr = {
        inherit (described) version;
        build-set = builtins.attrNames described.build-set;
        pandas = builtins.removeAttrs described.packages.pandas [ "wheel" ];
      };
      expected = {
        version = 1;
        build-set = [ "meson-python" ];
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
