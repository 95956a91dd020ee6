/**
  An overlay for nixpkgs: `python3.withPins`, `.pinned` on Python packages, and the split of whole package sets.

  ```nix
  python3.withPins (ps: [
    ps.pandas
    (ps.torch.pinned { numpy = ps.numpy_1; })
  ])
  ```

  Wheels are built with the packages of the same nixpkgs without overlays, so that no overlay's bump rebuilds them;
  `pinfoldFrozen` names another package set to build with.
*/
final: prev:
let
  inherit (prev) lib;

  functionsFor =
    python:
    import ./nixpkgs.nix {
      pkgs = final;
      inherit python;
      packages = splitFor python;
    };

  # The package set that builds: what the overlays do not touch.
  frozenFor = python: final.pinfoldFrozen.${python.pythonAttr or "python3"}.pkgs;

  splitFor =
    python:
    let
      pinfold = functionsFor python;
    in
    pinfold.splitScope {
      inherit pinfold;
      scope = python.pkgs;
      frozen = frozenFor python;
    };

  withPins =
    python:
    python
    // {
      withPins = packages: (functionsFor python).withPins packages;
      pythonWithPins = args: (functionsFor python).pythonWithPins args;
      pinfold = functionsFor python;
    };
in
{
  pinfold = final.callPackage ./package.nix { };
  pinfoldFrozen = import prev.path {
    inherit (prev.stdenv.hostPlatform) system;
    overlays = [ ];
  };
  python3 = withPins prev.python3;
  python311 = withPins prev.python311;
  python312 = withPins prev.python312;
  python313 = withPins prev.python313;

  # `ps.torch.pinned { ... }` also where a package is taken from `python3.pkgs` itself.
  pythonPackagesExtensions = prev.pythonPackagesExtensions ++ [
    (
      pyFinal: pyPrev:
      lib.mapAttrs (
        _: value:
        if value ? overridePythonAttrs then
          value
          // {
            pinned =
              pins:
              ((functionsFor pyFinal.python).splitPackage {
                pinfold = functionsFor pyFinal.python;
                frozen = frozenFor pyFinal.python;
              } value).pinned pins;
          }
        else
          value
      ) pyPrev
    )
  ];
}
