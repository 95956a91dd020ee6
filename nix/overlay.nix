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
  may be any other. `pinfoldBuildRequires` names what builds read without saying so.
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

  # The interpreter with the functions of this library over its own packages; also after `override`, which is how
  # packages of one's own come in.
  withPins =
    name: python:
    let
      # What is called `python3` may be another Python there.
      exact = "python${builtins.replaceStrings [ "." ] [ "" ] python.pythonVersion}";
      frozen = final.pinfoldFrozen.${exact} or final.pinfoldFrozen.${name};
      functions = import ./nixpkgs.nix {
        pkgs = final;
        inherit python;
        inherit (final) pinfold wheelsplit;
        buildSet = frozen.pkgs;
        buildRequires = final.pinfoldBuildRequires;
      };
    in
    python
    // {
      inherit (functions) withPins pythonWithPins;
      pinfold = functions // {
        inherit (functions.host) packages;
      };
      override = new: withPins name (python.override new);
    };

  inherit (import ./lib/closures.nix) pinnable;
in
{
  pinfold = final.callPackage ./package.nix { };
  wheelsplit = final.callPackage ./package.nix { crate = "wheelsplit"; };

  # What an overlay after this one may say: `{ scipy = [ "pythran" ]; }`, runtime dependencies that a build reads.
  pinfoldBuildRequires = { };

  pinfoldFrozen = import prev.path {
    inherit (prev.stdenv.hostPlatform) system;
    config = prev.config or { };
    overlays = [ ];
  };

  # `python3.pkgs.torch.pinned { ... }`: also where a package is not taken from the set that `withPins` gives.
  pythonPackagesExtensions = prev.pythonPackagesExtensions ++ [
    (
      _pyFinal:
      builtins.mapAttrs (
        _: package:
        if builtins.isAttrs package && package ? overridePythonAttrs then pinnable package else package
      )
    )
  ];
}
// builtins.listToAttrs (
  map (name: {
    inherit name;
    value = withPins name prev.${name};
  }) interpreters
)
