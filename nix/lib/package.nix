# What is asked of a package, whoever made it: this library, nixpkgs, or a test's mock.
# Deliberately not here: making one.
let
  names = import ./names.nix;
in
rec {
  /**
    The normalised name of a package.

    # Type
    ```
    nameOf :: Package -> String
    ```
  */
  nameOf =
    package:
    names.normalize (
      package.pname or (builtins.parseDrvName (package.name or (toString package))).name
    );

  /**
    Its version, as its author writes it; empty where nobody says.

    # Type
    ```
    versionOf :: Package -> String
    ```
  */
  versionOf = package: package.version or (builtins.parseDrvName (package.name or "")).version;

  /**
    `name version`, for people.

    # Type
    ```
    labelOf :: Package -> String
    ```
  */
  labelOf =
    package:
    let
      version = versionOf package;
    in
    if version == "" then nameOf package else "${nameOf package} ${version}";

  /**
    The packages that it depends on at run time. Older packages of nixpkgs have them among `propagatedBuildInputs`, with
    the interpreter and libraries.

    # Type
    ```
    dependenciesOf :: Package -> [Package]
    ```
  */
  dependenciesOf =
    package:
    let
      propagated = package.propagatedBuildInputs or [ ];
      isPython = input: builtins.isAttrs input && input.pythonModule or false != false;
    in
    package.dependencies or [ ]
    ++ (
      if package.isPinfoldUnit or false then
        [ ]
      else
        builtins.filter isPython (if builtins.isList propagated then propagated else [ ])
    );

  /**
    Two packages with equal identities are one: the derivation, not its attributes.

    # Type
    ```
    identityOf :: Package -> String
    ```
  */
  identityOf =
    package:
    builtins.unsafeDiscardStringContext (package.drvPath or package.outPath or (toString package));

  /**
    Refuses to evaluate, in the form of all of Pinfold's errors.

    # Type
    ```
    fail :: { package, step, what, hint ? null } -> a
    ```
  */
  fail =
    {
      package,
      step,
      what,
      hint ? null,
    }:
    throw (
      "pinfold: could not ${step} ${package}: ${what}" + (if hint == null then "" else "\nhint: ${hint}")
    );

  /**
    Every package that `roots` need, themselves included, each once, the nearest first. `follow` says what one needs.

    # Type
    ```
    reach :: (Package -> [Package]) -> [Package] -> [Package]
    ```
  */
  reach =
    follow: roots:
    let
      item = package: {
        key = identityOf package;
        inherit package;
      };
    in
    map (found: found.package) (
      builtins.genericClosure {
        startSet = map item roots;
        operator = found: map item (follow found.package);
      }
    );

  /**
    The `site-packages` folder of a package: our own layout, or that of nixpkgs.

    # Type
    ```
    siteOf :: Interpreter -> Package -> String
    ```
  */
  siteOf =
    python: package:
    if package ? sitePackagesOf then
      package.sitePackagesOf python
    else
      "${package}/${python.sitePackages}";

  /**
    Lets a function's result be made again with other arguments: `result.override { ... }`.

    # Type
    ```
    makeOverridable :: (AttrSet -> AttrSet) -> AttrSet -> AttrSet
    ```
  */
  makeOverridable =
    f: args:
    f args
    // {
      override = new: makeOverridable f (args // (if builtins.isFunction new then new args else new));
    };
}
