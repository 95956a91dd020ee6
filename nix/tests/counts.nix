# What a bump of each package costs, counted from derivation paths: merged, split, and split on a frozen build set.
#
# A path that is another one is built again. Deliberately not here: what builds of the same output save; that takes
# content-addressed derivations and real builds.
let
  inherit (builtins)
    attrNames
    attrValues
    filter
    foldl'
    length
    mapAttrs
    ;
  names = attrNames (import ./graph.nix);
  mock = bump: import ./nixpkgs.nix { inherit bump; };
  pinfold = import ./host.nix { };
  plain = path: builtins.unsafeDiscardStringContext path;

  merged = bump: mapAttrs (_: p: plain p.drvPath) (only (mock bump).pkgs);
  only =
    scope:
    builtins.listToAttrs (
      map (name: {
        inherit name;
        value = scope.${name};
      }) names
    );
  split =
    frozen: bump:
    mapAttrs
      (_: p: {
        wheel = plain p.wheel.drvPath;
        install = plain p.drvPath;
        check = plain p.tests.check.drvPath;
      })
      (
        only (
          pinfold.splitScope {
            inherit pinfold frozen;
            scope = (mock bump).pkgs;
          }
        )
      );

  changed = before: after: length (filter (name: before.${name} != after.${name}) names);
  step = name: set: mapAttrs (_: p: p.${name}) set;
  sum = foldl' (a: b: a + b) 0;

  models = {
    merged = {
      before = merged null;
      after = merged;
    };
    split = {
      before = split null null;
      after = split null;
    };
    frozen = {
      before = split (mock null).pkgs null;
      after = split (mock null).pkgs;
    };
  };
  of =
    model: name: bump:
    changed (step name model.before) (step name (model.after bump));
  row = bump: {
    merged = changed models.merged.before (models.merged.after bump);
    split = builtins.listToAttrs (
      map (s: {
        name = s;
        value = of models.split s bump;
      }) steps
    );
    frozen = builtins.listToAttrs (
      map (s: {
        name = s;
        value = of models.frozen s bump;
      }) steps
    );
  };
  steps = [
    "wheel"
    "install"
    "check"
  ];
  rows = builtins.listToAttrs (
    map (name: {
      inherit name;
      value = row name;
    }) names
  );
  total = {
    packages = length names;
    merged = sum (map (r: r.merged) (attrValues rows));
    split = builtins.listToAttrs (
      map (s: {
        name = s;
        value = sum (map (r: r.split.${s}) (attrValues rows));
      }) steps
    );
    frozen = builtins.listToAttrs (
      map (s: {
        name = s;
        value = sum (map (r: r.frozen.${s}) (attrValues rows));
      }) steps
    );
  };
  base = mock null;
in
{
  inherit rows total;

  # The set as `pinfold plan` reads it, with everything that builds frozen.
  set = (import ../lib/describe.nix).describe {
    packages = map (
      name:
      (pinfold.splitScope {
        inherit pinfold;
        frozen = base.pkgs;
        scope = base.pkgs;
      }).${name}
    ) names;
    buildSet = map (name: base.pkgs.${name}) names ++ attrValues base.tools;
  };
}
