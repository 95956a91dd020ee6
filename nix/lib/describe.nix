# A package set as data: what `pinfold plan --set` reads to count what a change costs.
# Deliberately not here: counting.
let
  package = import ./package.nix;
  inherit (package) nameOf versionOf;
  plain = text: builtins.unsafeDiscardStringContext text;
in
{
  /**
    A split package set as JSON: who depends on whom at which step, and the derivations of the three.

    # Type
    ```
    describe :: { packages = [Package]; buildSet ? [String] | null } -> String
    ```
  */
  describe =
    {
      packages,
      buildSet ? null,
    }:
    builtins.toJSON {
      version = 1;
      packages = builtins.listToAttrs (
        map (p: {
          name = nameOf p;
          value = {
            version = versionOf p;
            dependencies = map nameOf (package.dependenciesOf p);
            build-system = p.split.build-system or (map nameOf (p.wheel.build-system or [ ]));
            native-build-inputs = p.split.native-build-inputs or [ ];
            check-inputs = p.split.check-inputs or [ ];
            wheel = plain (p.wheel.drvPath or "${p.wheel}");
            install = plain p.drvPath;
          }
          // (if p.tests ? check then { check = plain p.tests.check.drvPath; } else { });
        }) packages
      );
      build-set = buildSet;
    };
}
