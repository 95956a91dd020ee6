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
    a-lock-from-the-index-by-fetchPypi = {
      expr =
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
        in
        (functions.host.fetching.fetchWheel {
          name = "typing-extensions";
          version = "4.1";
          file = "typing_extensions-4.1-py3-none-any.whl";
          sha256 = "00";
        }).args;
      expected = {
        pname = "typing_extensions";
        version = "4.1";
        format = "wheel";
        dist = "py3";
        python = "py3";
        abi = "none";
        platform = "any";
        sha256 = "00";
      };
    };
    a-wheel-of-another-builder-finds-its-libraries = {
      expr =
        map (input: input.name)
          (nixpkgs.installWheel {
            wheel = {
              outPath = "/w";
              pname = "x";
              version = "1";
              file = "x-1-cp311-cp311-manylinux_2_28_x86_64.whl";
            };
          }).nativeBuildInputs;
      expected = [ "auto-patchelf-hook" ];
    };
  };
}
