/**
  An overlay for nixpkgs: `python3.withPins`, `.pinned` on Python packages, and whole package sets in three steps.

  ```nix
  python3.withPins (ps: [
    ps.pandas
    (ps.torch.pinned { numpy = ps.numpy_1; })
  ])
  ```

  Packages are those of `python3.pkgs`, unchanged: each is split into wheel, install and check. Wheels are built by the
  same nixpkgs without overlays, so that no overlay's bump builds them again; `pinfoldFrozen` is that package set, and
  may be any other.
*/
final: prev:
let
  inherit (prev) lib;

  interpreters = builtins.filter (name: prev ? ${name}) [
    "python3"
    "python311"
    "python312"
    "python313"
  ];

  # The functions of this library for one interpreter, over its own packages, split.
  functionsFor =
    name: python:
    let
      functions = import ./nixpkgs.nix {
        pkgs = final;
        inherit python packages;
        inherit (final) pinfold wheelsplit;
        buildSet = frozen;
      };
      frozen = final.pinfoldFrozen.${name}.pkgs;
      packages = functions.splitScope {
        pinfold = functions;
        scope = python.pkgs;
        inherit frozen;
      };
    in
    functions
    // {
      inherit packages;
      pinned =
        package:
        functions.splitPackage {
          pinfold = functions;
          inherit frozen;
        } package;
    };

  withPins =
    name: python:
    let
      functions = functionsFor name python;
    in
    python
    // {
      inherit (functions) withPins pythonWithPins;
      pinfold = functions;
    };
in
{
  pinfold = final.callPackage ./package.nix { };
  wheelsplit = final.callPackage ./package.nix { crate = "wheelsplit"; };

  pinfoldFrozen = import prev.path {
    inherit (prev.stdenv.hostPlatform) system;
    overlays = [ ];
  };

  # `python3.pkgs.torch.pinned { ... }`: also where a package is not taken from the set that `withPins` gives.
  pythonPackagesExtensions = prev.pythonPackagesExtensions ++ [
    (
      _pyFinal: pyPrev:
      builtins.mapAttrs (
        _: package:
        if builtins.isAttrs package && package ? overridePythonAttrs then
          package
          // {
            pinned =
              pins:
              ((functionsFor (pyPrev.python.pythonAttr or "python3") pyPrev.python).pinned package).pinned pins;
          }
        else
          package
      ) pyPrev
    )
  ];
}
// builtins.listToAttrs (
  map (name: {
    inherit name;
    value = withPins name prev.${name};
  }) interpreters
)
