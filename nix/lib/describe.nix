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

    Packages that those of `packages` need at run time are described too. What is neither among them nor in the build
    set (a native tool) is left out: nothing that is counted is built with it.

    # Inputs

    `packages`
    : split packages: a list, or a set, of which what is no split package is left out

    `buildSet`
    : the frozen packages that build them, where they are frozen; a list or a set

    # Type
    ```
    describe :: { packages = [Package] | AttrSet; buildSet ? [Package] | AttrSet | null } -> String
    ```

    # Example
    ```nix
    describe { packages = python3.pinfold.packages; buildSet = pinfoldFrozen.python3.pkgs; }
    ```
  */
  describe =
    {
      packages,
      buildSet ? null,
    }:
    let
      listOf =
        fits: given:
        if builtins.isList given then
          given
        else
          builtins.filter fits (map (name: given.${name}) (builtins.attrNames given));
      # What cannot be evaluated is in no environment either.
      isSplit =
        p:
        let
          split = builtins.tryEval (
            builtins.isAttrs p && p.isPinfoldUnit or false && p.wheel.drvPath or "" != ""
          );
        in
        split.success && split.value;
      isBuilt =
        p:
        let
          built = builtins.tryEval (builtins.isAttrs p && p ? drvPath && builtins.isString p.drvPath);
        in
        built.success && built.value;
      described = package.reach package.dependenciesOf (listOf isSplit packages);
      frozen = if buildSet == null then [ ] else listOf isBuilt buildSet;
      live = named described (_: null);
      tools = named frozen (_: null);
      known = builtins.filter (name: live ? ${name} || tools ? ${name});
    in
    builtins.toJSON (
      {
        version = 1;
        packages = named described (p: {
          version = versionOf p;
          dependencies = map nameOf (package.dependenciesOf p);
          build-system = known (p.split.build-system or (map nameOf (p.wheel.build-system or [ ])));
          native-build-inputs = known (p.split.native-build-inputs or [ ]);
          check-inputs =
            if p.split.check-inputs or null == null then
              null
            else
              builtins.filter (name: live ? ${name}) p.split.check-inputs;
          wheel = plain (p.wheel.drvPath or "${p.wheel}");
        });
      }
      // (
        if buildSet == null then { } else { build-set = named frozen (p: plain (package.identityOf p)); }
      )
    );
}
