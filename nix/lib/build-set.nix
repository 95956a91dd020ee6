# The frozen build set: what builds wheels, resolved apart from what runs them.
#
# A build names its tools; what they are, and what *they* need, the build set says. A runtime package that is passed
# by mistake, or that moved on since, is replaced by the build set's of that name: so no bump of it reaches a build.
# Deliberately not here: which tools a package needs (its pyproject.toml and whoever packages it say that).
let
  package = import ./package.nix;
  inherit (package) nameOf;
in
rec {
  /**
    A build set of packages: a list of them, or an attribute set under any names.

    # Type
    ```
    makeBuildSet :: [Package] | { name = Package } -> BuildSet
    ```
  */
  makeBuildSet =
    packages:
    let
      list = if builtins.isList packages then packages else builtins.attrValues packages;
    in
    if packages ? outPath || packages ? pname then
      package.fail {
        package = "a build set";
        step = "make";
        what = "${package.labelOf packages} is a package, not a list of packages";
        hint = "`makeBuildSet [ ${nameOf packages} ]`";
      }
    else
      builtins.listToAttrs (
        map (tool: {
          name = nameOf tool;
          value = tool;
        }) list
      );

  /**
    The build set's tool for what was asked for: a package, or a name.

    # Type
    ```
    freeze :: BuildSet -> String -> (Package | String) -> Package
    ```
  */
  freeze =
    buildSet: for: tool:
    let
      name = if builtins.isString tool then tool else nameOf tool;
    in
    buildSet.${name} or (package.fail {
      package = for;
      step = "build the wheel of";
      what = "its build-system has `${name}`, which is not in the build set (${builtins.concatStringsSep ", " (builtins.attrNames buildSet)})";
      hint = "add it to the build set, or pass `buildSet = null` to take build tools as they are given";
    });

  /**
    The tools of one build with all that they need, each from the build set. `buildSet = null` takes them as given.

    # Type
    ```
    buildClosure :: BuildSet | [Package] | null -> String -> [Package | String] -> [Package]
    ```
  */
  buildClosure =
    buildSet: for: tools:
    let
      frozen = if builtins.isList buildSet then makeBuildSet buildSet else buildSet;
      asGiven =
        tool:
        if builtins.isString tool then
          package.fail {
            package = for;
            step = "build the wheel of";
            what = "its build-system has the name `${tool}`, and there is no build set that a name could be of (`buildSet = null`)";
            hint = "give the package itself, or a build set that has it";
          }
        else
          tool;
      pick = if buildSet == null then asGiven else freeze frozen for;
    in
    package.reach (tool: map pick (package.dependenciesOf tool)) (map pick tools);
}
