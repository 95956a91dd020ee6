# A package set as data: what `pinfold plan FILE.json` reads to count what a change costs.
# Deliberately not here: counting.
let
  package = import ./package.nix;
  inherit (package) nameOf versionOf;
  plain = text: builtins.unsafeDiscardStringContext text;
  named =
    packages: value:
    builtins.listToAttrs (
      map (p: {
        name = nameOf p;
        value = value p;
      }) packages
    );
in
{
  /**
    A split package set as JSON: who depends on whom at which step, and what tells one build from another.

    # Inputs

    `packages`
    : split packages

    `buildSet`
    : the frozen packages that build them, where they are frozen

    # Type
    ```
    describe :: { packages = [Package]; buildSet ? [Package] | null } -> String
    ```
  */
  describe =
    {
      packages,
      buildSet ? null,
    }:
    builtins.toJSON (
      {
        version = 1;
        packages = named packages (p: {
          version = versionOf p;
          dependencies = map nameOf (package.dependenciesOf p);
          build-system = p.split.build-system or (map nameOf (p.wheel.build-system or [ ]));
          native-build-inputs = p.split.native-build-inputs or [ ];
          check-inputs = p.split.check-inputs or null;
          wheel = plain (p.wheel.drvPath or "${p.wheel}");
        });
      }
      // (
        if buildSet == null then { } else { build-set = named buildSet (p: plain (package.identityOf p)); }
      )
    );
}
