# What a bump of one package costs in a real package set, counted from derivation paths: merged, split, and split on a
# frozen build set. For nixpkgs and what is derived from it; the table of `docs/nix.md` was made so.
#
#   nix-instantiate --eval --strict --json nix/tests/scope.nix --arg nixpkgs PATH -A names
#   nix-instantiate --eval --strict --json nix/tests/scope.nix --arg nixpkgs PATH --argstr bump certifi -A row
#
# Deliberately not here: a loop over all names, which is for a shell (each in a process of its own), and builds.
{
  nixpkgs,
  attribute ? "python3",
  bump ? null,
}:
let
  inherit (builtins)
    attrNames
    filter
    length
    listToAttrs
    mapAttrs
    tryEval
    ;
  # Only names are asked of it: no step of it is looked at.
  pinfold = import ./host.nix { };
  plain = import nixpkgs { overlays = [ ]; };

  moved =
    if bump == null then
      plain
    else
      import nixpkgs {
        overlays = [
          (_: prev: {
            pythonPackagesExtensions = (prev.pythonPackagesExtensions or [ ]) ++ [
              (_: super: {
                ${bump} = super.${bump}.overridePythonAttrs (old: {
                  version = "${old.version}.1";
                });
              })
            ];
          })
        ];
      };

  # What can be evaluated of it: a set also has what its interpreter does not support.
  names =
    let
      scope = plain.${attribute}.pkgs;
      isPackage = name: scope.${name} ? overridePythonAttrs && scope.${name}.drvPath != "";
    in
    filter (name: (tryEval (isPackage name)).value) (attrNames scope);
  only =
    scope:
    listToAttrs (
      map (name: {
        inherit name;
        value = scope.${name};
      }) names
    );
  split =
    frozen: pkgs:
    only (
      pinfold.splitScope {
        inherit pinfold frozen;
        scope = pkgs.${attribute}.pkgs;
      }
    );
  steps = {
    wheel = p: p.wheel.drvPath;
    install = p: p.drvPath;
    check = p: p.tests.check.drvPath;
  };
  changed =
    of: before: after:
    length (filter (name: of before.${name} != of after.${name}) names);
  count = set: mapAttrs (_: of: changed of (set plain) (set moved)) steps;
in
{
  inherit names;
  row =
    let
      merged = changed (p: p.drvPath) (only plain.${attribute}.pkgs) (only moved.${attribute}.pkgs);
    in
    if merged == 0 then
      throw "pinfold: another version of ${bump} changes nothing there: does that set know pythonPackagesExtensions?"
    else
      {
        inherit merged;
        split = count (split null);
        frozen = count (split plain.${attribute}.pkgs);
      };
}
