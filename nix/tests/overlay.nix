# The overlay and the functions over nixpkgs, on a mock of it.
let
  pkgs = import ./pkgs.nix;
  overlay = import ../overlay.nix;
  ours =
    bump:
    pkgs {
      inherit bump;
      overlays = [ overlay ];
    };
  inherit (ours null) python3;
  chosen = ps: [
    ps.pandas
    (ps.aiohttp.pinned { multidict = ps.multidict; })
  ];
  env = python3.withPins chosen;
  bumped = (ours "certifi").python3;
  names = env: map (closure: closure.name) env.closures;
  nixpkgs = import ../nixpkgs.nix {
    pkgs = ours null;
    python = (ours null).python3;
  };
  scope = extensionsOf (pkgs { });
  extensionsOf =
    plain:
    let
      extension = builtins.head (overlay (ours null) plain).pythonPackagesExtensions;
      prev = plain.python3.pkgs;
    in
    extension prev prev;
in
{
  overlay = {
    an-environment-by-withPins = {
      expr = names env;
      expected = [
        "root"
        "aiohttp"
      ];
    };
    packages-are-taken-as-they-are-by-their-wheel = {
      expr = builtins.match ".*-pandas-1-dist" "${python3.pinfold.packages.pandas.wheel}" != null;
      expected = true;
    };
    no-bump-of-an-overlay-builds-another-wheel = {
      expr =
        python3.pinfold.packages.aiohttp.wheel.drvPath == bumped.pinfold.packages.aiohttp.wheel.drvPath;
      expected = true;
    };
    an-interpreter-with-packages-of-one-s-own = {
      expr =
        map (unit: unit.package.version)
          (
            (python3.override {
              scope = python3.pkgs // {
                own = python3.pkgs.six.overridePythonAttrs {
                  pname = "own";
                  version = "9";
                };
              };
            }).withPins
            (ps: [ ps.own ])
          ).units;
      expected = [ "9" ];
    };
    a-package-of-the-scope-is-the-one-of-the-set = {
      expr =
        (python3.withPins (_: [ scope.pandas ])).drvPath == (python3.withPins (ps: [ ps.pandas ])).drvPath;
      expected = true;
    };
    what-is-changed-inside-is-split-again = {
      expr =
        let
          units =
            chosen: map (unit: "${unit.package.pname} ${unit.package.version}") (python3.withPins chosen).units;
          wheel = chosen: (chosen python3.pinfold.packages).wheel.drvPath;
        in
        [
          (units (ps: [ (ps.six.overridePythonAttrs { version = "7"; }) ]))
          (builtins.filter (unit: builtins.substring 0 6 unit == "numpy ") (
            units (ps: [ (ps.pandas.override { numpy = ps.numpy_1; }) ])
          ))
          (wheel (ps: ps.six.override { }) == wheel (ps: ps.six))
        ];
      expected = [
        [ "six 7" ]
        [ "numpy 1.26" ]
        true
      ];
    };
    what-is-changed-stays-pinnable-and-pinned = {
      expr =
        let
          pinned = scope.aiohttp.pinned { inherit (scope) multidict; };
        in
        map (package: names (python3.withPins (_: [ package ]))) [
          (pinned.overridePythonAttrs { version = "7"; })
          ((scope.aiohttp.override { }).pinned { inherit (scope) multidict; })
        ];
      expected = [
        [
          "root"
          "aiohttp"
        ]
        [
          "root"
          "aiohttp"
        ]
      ];
    };
    pinned-or-with-a-pinned-dependency = {
      expr =
        map (unit: "${unit.key} ${unit.package.version}")
          (python3.withPins (_: [
            (scope.python-dateutil.pinned { six = scope.six.overridePythonAttrs { version = "0"; }; })
          ])).units;
      expected = [
        "python-dateutil/six 0"
        "python-dateutil/python-dateutil 1"
      ];
    };
    what-a-build-reads-without-saying-so = {
      expr =
        let
          reading = pkgs {
            overlays = [
              overlay
              (_: _: { pinfoldBuildRequires.python-dateutil = [ "six" ]; })
            ];
          };
          wheelOf = set: set.python3.pinfold.packages.python-dateutil.wheel.drvPath;
        in
        wheelOf reading == wheelOf (ours null);
      expected = false;
    };
    frozen-is-of-the-same-python = {
      expr =
        let
          set = pkgs {
            overlays = [
              overlay
              (_: prev: {
                pinfoldFrozen = prev.pinfoldFrozen // {
                  python311.pkgs.marker = true;
                };
              })
            ];
          };
        in
        set.python3.pinfold.host.buildSet ? marker;
      expected = true;
    };
    frozen-has-the-same-configuration = {
      expr =
        (pkgs {
          config.allowUnfree = true;
          overlays = [ overlay ];
        }).pinfoldFrozen.config.allowUnfree;
      expected = true;
    };
    packages-of-the-scope-can-be-pinned = {
      expr = (scope.pandas.pinned { numpy = scope.numpy.pinned { }; }).pin.packages.numpy.pname;
      expected = "numpy";
    };
    what-is-no-package-of-the-scope-stays = {
      expr = builtins.isFunction scope.buildPythonPackage;
      expected = true;
    };
    pinfold-itself = {
      expr = map (name: (ours null).${name}.pname) [
        "pinfold"
        "wheelsplit"
      ];
      expected = [
        "pinfold"
        "wheelsplit"
      ];
    };
    the-interpreter-stays-what-it-was = {
      expr = python3.drvPath == (pkgs { }).python3.drvPath;
      expected = true;
    };
    frozen-is-without-overlays = {
      expr = (ours null).pinfoldFrozen ? pinfold;
      expected = false;
    };
  };
  nixpkgs = {
    a-wheel-built-by-stdenv = {
      expr =
        (nixpkgs.buildWheel {
          pname = "app";
          version = "1";
          src = ./.;
          build-system = [ python3.pkgs.setuptools ];
          postPatch = "true";
        }).buildPhase != "";
      expected = true;
    };
    a-zip-archive-is-unpacked-by-who-can = {
      expr =
        let
          functions = import ../nixpkgs.nix {
            pkgs = ours null // {
              unzip = "unzip";
            };
          };
          inputsOf =
            src:
            (functions.buildWheel {
              pname = "app";
              version = "1";
              inherit src;
              build-system = [ ];
            }).nativeBuildInputs;
        in
        map inputsOf [
          "/nix/store/app-1.zip"
          "/nix/store/app-1.tar.gz"
        ];
      expected = [
        [ "unzip" ]
        [ ]
      ];
    };
    packages-are-split-without-the-overlay-too = {
      expr =
        let
          plain = pkgs { };
          functions = import ../nixpkgs.nix { pkgs = plain; };
        in
        [
          (map (unit: unit.key) (functions.withPins (ps: [ ps.python-dateutil ])).units)
          (
            (functions.withPins (_: [ plain.python3.pkgs.six ])).drvPath
            == (functions.withPins (ps: [ ps.six ])).drvPath
          )
        ];
      expected = [
        [
          "root/python-dateutil"
          "root/six"
        ]
        true
      ];
    };
    from-the-index-by-fetchPypi =
      let
        python = python3 // {
          pkgs = python3.pkgs // {
            fetchPypi = args: {
              outPath = "/pypi";
              inherit args;
            };
          };
        };
        functions = import ../nixpkgs.nix {
          pkgs = ours null;
          inherit python;
        };
        fetch =
          file:
          (functions.host.fetching.fetchWheel {
            name = "typing-extensions";
            version = "4.1";
            inherit file;
            sha256 = "00";
          }).args;
      in
      {
        expr = map fetch [
          "typing_extensions-4.1-py3-none-any.whl"
          "typing_extensions-4.1-2-py3-none-any.whl"
          "typing_extensions-4.1.tar.gz"
        ];
        expected =
          let
            wheel = {
              pname = "typing_extensions";
              version = "4.1";
              format = "wheel";
              dist = "py3";
              python = "py3";
              abi = "none";
              platform = "any";
              sha256 = "00";
            };
          in
          [
            wheel
            (wheel // { version = "4.1-2"; })
            {
              pname = "typing_extensions";
              version = "4.1";
              extension = "tar.gz";
              sha256 = "00";
            }
          ];
      };
    a-wheel-of-another-builder-finds-its-libraries =
      let
        inputsOf =
          file:
          map (input: input.name)
            (nixpkgs.installWheel {
              wheel = {
                outPath = "/w";
                pname = "x";
                version = "1";
                inherit file;
              };
            }).nativeBuildInputs or [ ];
      in
      {
        expr = map inputsOf [
          "x-1-cp311-cp311-manylinux_2_28_x86_64.whl"
          "x-1-py3-none-any.whl"
        ];
        expected = [
          [ "auto-patchelf-hook" ]
          [ ]
        ];
      };
    so-do-those-of-a-lock = {
      expr =
        map (unit: map (input: input.name) unit.package.nativeBuildInputs or [ ])
          (nixpkgs.pythonWithPins {
            lock = ./held.lock;
            now = "2026-01-02";
            # Of an index of one's own.
            fetchWheel = wheel: "/w/${wheel.file}";
          }).units;
      expected = [ [ "auto-patchelf-hook" ] ];
    };
  };
}
