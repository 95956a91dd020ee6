# Expressions that must not evaluate, each with the words that its error must have: who, which step, why, what to do.
#
#   nix-instantiate --eval --strict nix/tests/failures.nix -A cases.NAME.expr
let
  pinfold = import ./host.nix { };
  inherit (import ./installed.nix)
    package
    numpy_1
    numpy
    pandas
    ;
  wheel =
    extra:
    (pinfold.buildWheel (
      {
        pname = "app";
        version = "1";
        src = ./.;
        build-system = [ ];
      }
      // extra
    )).drvPath;
  env = args: (pinfold.pythonWithPins args).drvPath;
  lock = builtins.readFile ./example.lock;
  edited = from: to: builtins.toFile "pinfold.lock" (builtins.replaceStrings [ from ] [ to ] lock);
in
rec {
  words = builtins.mapAttrs (_: case: case.words) cases;

  cases = {
    runtime-dependency-in-build-wheel = {
      expr = wheel { dependencies = [ numpy ]; };
      words = [
        "build the wheel of app 1"
        "`dependencies`"
        "a wheel cannot depend on it"
        "`installWheel`"
        "hint:"
      ];
    };
    runtime-dependency-under-another-name = {
      expr = wheel { requires = [ numpy ]; };
      words = [
        "build the wheel of app 1"
        "`buildWheel` has no argument `requires`"
        "hint: `buildWheel` takes build-system, buildInputs"
      ];
    };
    wheel-with-a-package-among-libraries = {
      expr = wheel { buildInputs = [ numpy ]; };
      words = [
        "build the wheel of app 1"
        "numpy 2.3.5 is in `buildInputs`"
        "`build-system`"
      ];
    };
    wheel-with-a-package-among-programs = {
      expr = wheel { nativeBuildInputs = [ numpy ]; };
      words = [
        "build the wheel of app 1"
        "numpy 2.3.5 is in `nativeBuildInputs`"
        "`installWheel`"
      ];
    };
    wheel-of-nothing = {
      expr =
        (pinfold.buildWheel {
          pname = "app";
          version = "1";
          build-system = [ ];
        }).drvPath;
      words = [
        "build the wheel of app 1"
        "`buildWheel` was not given `src`"
        "hint:"
      ];
    };
    typo-in-install-wheel = {
      expr =
        (pinfold.installWheel {
          wheel = numpy;
          dependancies = [ pandas ];
        }).drvPath;
      words = [
        "install numpy"
        "`installWheel` has no argument `dependancies`"
        "dependencies"
      ];
    };
    typo-in-check-wheel = {
      expr = (pinfold.checkWheel { install = numpy; }).drvPath;
      words = [
        "check a package"
        "`checkWheel` has no argument `install`"
        "installed"
      ];
    };
    typo-in-python-with-pins = {
      expr = env { package = ps: [ ps.numpy ]; };
      words = [
        "make the environment"
        "`pythonWithPins` has no argument `package`"
        "packages"
      ];
    };
    wheel-that-is-not-installed = {
      expr = env {
        packages = [
          (pinfold.buildWheel {
            pname = "app";
            version = "1";
            src = ./.;
            build-system = [ ];
          })
        ];
      };
      words = [
        "put into an environment app 1"
        "it is no installed wheel"
        "`installWheel { wheel = ...; }`"
      ];
    };
    package-where-a-list-is-asked-for = {
      expr = env { packages = numpy; };
      words = [
        "make the environment python3.11-pinfold"
        "`packages` is a package, numpy 2.3.5, not a list"
        "hint:"
      ];
    };
    name-where-a-package-is-asked-for = {
      expr = env { packages = [ "numpy" ]; };
      words = [
        "put into an environment \"numpy\""
        "it is no installed wheel"
      ];
    };
    packages-of-another-python = {
      expr = env {
        packages = ps: [ ];
        python = {
          pythonVersion = "3.12";
          interpreter = "/usr/bin/python3";
          sitePackages = "lib/python3.12/site-packages";
        };
      };
      words = [
        "make the environment python3.12-pinfold"
        "its Python is 3.12"
        "of Python 3.11"
        "`python312.withPins`"
      ];
    };
    name-without-a-build-set = {
      expr = wheel {
        build-system = [ "setuptools" ];
        buildSet = null;
      };
      words = [
        "build the wheel of app 1"
        "the name `setuptools`"
        "`buildSet = null`"
        "hint: give the package itself"
      ];
    };
    build-set-of-one-package = {
      expr = (pinfold.makeBuildSet numpy).numpy;
      words = [
        "make a build set: numpy 2.3.5 is a package, not a list"
        "hint: `makeBuildSet [ numpy ]`"
      ];
    };
    tests-without-pytest = {
      expr =
        (pinfold.checkWheel {
          installed = numpy;
          tests = ./.;
        }).drvPath;
      words = [
        "check numpy 2.3.5"
        "run by pytest, which is not among its check inputs"
        "`nativeCheckInputs`"
      ];
    };
    tool-outside-of-the-build-set = {
      expr = wheel { build-system = [ "hatchling" ]; };
      words = [
        "build the wheel of app 1"
        "`hatchling`"
        "not in the build set"
        "hint:"
      ];
    };
    two-versions-in-one-closure = {
      expr = env {
        packages = [
          pandas
          numpy_1
        ];
      };
      words = [
        "two versions of numpy"
        "numpy 1.26.4 (asked for)"
        "numpy 2.3.5 (for pandas 2.3.3)"
        "pinned"
      ];
    };
    one-package-with-two-pins = {
      expr = env {
        packages = [
          (pandas.pinned { numpy = numpy_1; })
          (pandas.pinned { })
        ];
      };
      words = [
        "the environment has pandas 2.3.3 pinned in two ways"
        "hint: give both places the same pins"
      ];
    };
    two-packages-of-one-version = {
      expr = env {
        packages = [
          numpy
          (numpy // { outPath = "/nix/store/another-numpy"; })
        ];
      };
      words = [ "two packages of one name and version: numpy 2.3.5 (asked for)" ];
    };
    pin-of-something-that-is-not-there = {
      expr = env {
        packages = [ pandas ];
        pins.torch = {
          numpy = numpy_1;
        };
      };
      words = [
        "pin torch"
        "there is numpy, pandas"
        "hint:"
      ];
    };
    pin-that-names-no-package = {
      expr = (pandas.pinned { numpy = "1.26.4"; }).pin;
      words = [
        "pin pandas 2.3.3"
        "`numpy` is neither a package"
        "hint:"
      ];
    };
    share-of-what-root-does-not-have = {
      expr = env { packages = [ (pandas.pinned { share = [ "six" ]; }) ]; };
      words = [
        "pin pandas 2.3.3"
        "shares `six`"
        "hint:"
      ];
    };
    pinned-in-two-ways = {
      expr = env {
        packages = [
          ((package "a" "1" [ (pandas.pinned { }) ]).pinned { })
          ((package "b" "1" [ (pandas.pinned { numpy = numpy_1; }) ]).pinned { })
        ];
      };
      words = [
        "pin pandas 2.3.3"
        "two ways"
        "hint:"
      ];
    };
    wheel-for-nothing-in-the-lock = {
      expr = env {
        lock = ./example.lock;
        wheels.ap = numpy;
      };
      words = [
        "take wheels for the lock"
        "`wheels` names ap, which the lock does not have"
        "it has app 1.0, numpy 1.26.4"
        "hint:"
      ];
    };
    wheel-for-a-version-that-the-lock-has-not = {
      expr = env {
        lock = ./example.lock;
        wheels.numpy."9" = numpy;
      };
      words = [ "`wheels` names numpy 9, which the lock does not have" ];
    };
    lock-for-another-python = {
      expr = env { lock = edited "python = \"3.11\"" "python = \"3.12\""; };
      words = [
        "for Python 3.12"
        "the environment is for Python 3.11"
        "pinfold lock --python 3.11"
      ];
    };
    lock-for-another-platform = {
      expr = env { lock = edited "linux_x86_64\"\nmanifest" "linux_aarch64\"\nmanifest"; };
      words = [
        "for the platform linux_aarch64"
        "the environment is for linux_x86_64"
        "hint:"
      ];
    };
    lock-that-is-not-there = {
      expr = env { lock = ./no.lock; };
      words = [
        "make the environment python3.11-pinfold"
        "no lock"
        "no.lock"
        "`pinfold lock` makes one"
      ];
    };
    lock-with-a-wheel-for-another-python = {
      expr = env { lock = edited "numpy-2.3.5-cp311-cp311" "numpy-2.3.5-cp312-cp312"; };
      words = [
        "install numpy 2.3.5"
        "numpy-2.3.5-cp312-cp312-linux_x86_64.whl"
        "not for Python 3.11"
        "hint:"
      ];
    };
    lock-of-another-format = {
      expr = env { lock = edited "version = 1\npython" "version = 2\npython"; };
      words = [
        "its version is 2"
        "hint:"
      ];
    };
    lock-that-names-a-unit-it-does-not-have = {
      expr = env {
        lock = edited "units = [\"app@000000000000\", \"numpy@222222222222\"]" "units = [\"app@333333333333\"]";
      };
      words = [
        "app@333333333333"
        "hint:"
      ];
    };
    neither-packages-nor-lock = {
      expr = env { };
      words = [
        "neither packages nor a lock"
        "hint:"
      ];
    };
    lag-that-is-no-number = {
      expr = env {
        packages = [ ];
        maxLagDays = "soon";
      };
      words = [
        "maxLagDays = \"soon\""
        "number of days"
      ];
    };
    local-wheel-with-another-hash = {
      expr =
        let
          file = builtins.toFile "app-1.0-py3-none-any.whl" "other bytes";
        in
        (pinfold.host.fetching.fetchWheel {
          name = "app";
          version = "1.0";
          file = "app-1.0-py3-none-any.whl";
          sha256 = "00";
          path = builtins.baseNameOf file;
          lockFolder = builtins.dirOf file;
        }).outPath;
      words = [
        "fetch app 1.0"
        "the SHA-256 of "
        "and the lock has 00"
        "hint:"
      ];
    };
    local-wheel-that-is-gone = {
      expr =
        (pinfold.host.fetching.fetchWheel {
          name = "app";
          version = "1.0";
          file = "app-1.0-py3-none-any.whl";
          sha256 = "00";
          path = "wheels/app-1.0-py3-none-any.whl";
          lockFolder = ./.;
        }).outPath;
      words = [
        "fetch app 1.0"
        "wheels/app-1.0-py3-none-any.whl, which is not there"
        "hint:"
      ];
    };
    lock-that-holds-back-for-too-long = {
      expr = env {
        lock = ./held.lock;
        now = 1800000000;
      };
      words = [
        "holds `main` back since 2026-01-01T00:00:00Z, longer than 14 days: its gate failed"
        "pinfold update"
        "maxLagDays"
      ];
    };
    time-that-is-none = {
      expr = env {
        lock = ./example.lock;
        now = "tomorrow";
      };
      words = [
        "now = \"tomorrow\""
        "it is a moment"
        "lastModified"
      ];
    };
    package-for-another-python = {
      expr =
        ((import ../nixpkgs.nix { pkgs = import ./pkgs.nix { }; }).withPins (_: [
          (
            (import ./nixpkgs.nix { }).pkgs.six
            // {
              pythonModule.pythonVersion = "3.13";
            }
          )
        ])).drvPath;
      words = [
        "put into an environment six 1"
        "it is for Python 3.13, and the environment is for Python 3.11"
        "hint:"
      ];
    };
    package-that-override-attrs-changed = {
      expr =
        ((import ../lib/split.nix).wheelOf { } (
          (import ./nixpkgs.nix { }).pkgs.six.overrideAttrs (old: {
            patches = [ ./failures.nix ];
          })
        )).drvPath;
      words = [
        "split six 1"
        "`overrideAttrs`"
        "hint: change it by `overridePythonAttrs`"
      ];
    };
    package-that-is-split-by-override-attrs = {
      expr =
        ((pinfold.splitPackage { inherit pinfold; } (import ./nixpkgs.nix { }).pkgs.six).overrideAttrs (_: {
          patches = [ ];
        })).drvPath;
      words = [
        "split six 1"
        "`overrideAttrs` changes one derivation, and it is three"
        "hint: `overridePythonAttrs`"
      ];
    };
    split-without-functions = {
      expr = pinfold.splitPackage (import ./nixpkgs.nix { }).pkgs.six;
      words = [
        "split six 1"
        "`splitPackage` was not given `pinfold`"
        "hint:"
      ];
    };
    split-of-a-scope-without-functions = {
      expr = pinfold.splitScope { scope = { }; };
      words = [ "`splitScope` was not given `pinfold`" ];
    };
    split-with-a-typo = {
      expr = pinfold.splitScope {
        inherit pinfold;
        scpe = { };
      };
      words = [
        "`splitScope` has no argument `scpe`"
        "hint: `splitScope` takes buildRequires"
      ];
    };
    split-of-what-is-no-package = {
      expr = pinfold.splitPackage { inherit pinfold; } { pname = "x"; };
      words = [
        "split x"
        "not made by `buildPythonPackage`"
        "hint:"
      ];
    };
    package-without-a-wheel = {
      expr =
        ((import ../lib/split.nix).wheelOf { } {
          pname = "x";
          version = "1";
          overridePythonAttrs = _: { };
        }).drvPath;
      words = [
        "split x 1"
        "no `dist` output"
        "hint:"
      ];
    };
  };
}
