# Packages of nixpkgs as they are, in three steps: wheel, install, check. Nothing of a package is written anew; it is
# overridden, and what it leaves in its `dist` output is its wheel.
#
# The wheel is built on the *frozen* scope: another instance of the package set, which no bump reaches. A package's
# arguments, the hooks that `buildPythonPackage` adds, native tools and libraries are taken from there by name. Without
# that, certifi reaches aiohttp: certifi -> requests -> sphinx -> cmake -> aiohttp.
#
# Deliberately not here: a list of packages that need something else. Where a build reads a runtime dependency that
# nobody declared, `buildRequires` says so.
let
  package = import ./package.nix;
  inherit (package) nameOf versionOf;
  inherit (builtins)
    concatStringsSep
    filter
    isAttrs
    mapAttrs
    ;

  isPython = input: isAttrs input && (input ? pythonModule || input ? overridePythonAttrs);
  isDerivation = value: isAttrs value && value.type or null == "derivation";

  # What a package was made from: the arguments of `buildPythonPackage`.
  argumentsOf =
    pkg:
    (pkg.overridePythonAttrs (old: {
      passthru = (old.passthru or { }) // {
        pinfoldArguments = old;
      };
    })).pinfoldArguments;

  # The frozen scope's derivation for an input, by the names that it could have there; the input itself where there is
  # none.
  freezeInput =
    frozen: input:
    let
      name = input.pname or (builtins.parseDrvName (input.name or "")).name;
      hooks = frozenHooks frozen;
      candidates = filter isDerivation [
        (hooks.${input.name or ""} or null)
        (frozen.${name} or null)
        (frozen.pkgs.${name} or null)
      ];
    in
    if !isDerivation input || candidates == [ ] then input else builtins.head candidates;

  # Setup hooks of the frozen scope by the name of their derivation: `pypa-build-hook.sh`.
  frozenHooks =
    frozen:
    let
      names = filter (name: builtins.match ".*Hook" name != null) (builtins.attrNames frozen);
      hooks = filter (hook: isDerivation hook && hook ? name) (map (name: frozen.${name}) names);
    in
    builtins.listToAttrs (
      map (hook: {
        inherit (hook) name;
        value = hook;
      }) hooks
    );
in
rec {
  /**
    The wheel of a `buildPythonPackage` package: its `dist`, built without its runtime dependencies and tests.

    # Inputs

    `frozen`
    : the scope that builds (`python3.pkgs` of a package set that moves only when you move it); `null` builds with
      what the package has

    `buildRequires`
    : names of runtime dependencies that the build reads all the same

    # Type
    ```
    wheelOf :: { frozen ? null, buildRequires ? [ ] } -> Package -> Wheel
    ```
  */
  wheelOf =
    {
      frozen ? null,
      buildRequires ? [ ],
    }:
    pkg:
    let
      freeze = if frozen == null then input: input else freezeInput frozen;
      # By the names of its arguments, where it still knows them; overriding its attributes forgets them.
      onFrozen =
        if frozen == null || !(pkg ? override) then
          pkg
        else
          pkg.override (old: mapAttrs (name: value: frozen.${name} or frozen.pkgs.${name} or value) old);
      stripped = onFrozen.overridePythonAttrs (
        old:
        let
          propagated = (old.propagatedBuildInputs or [ ]) ++ (old.dependencies or [ ]);
          libraries = filter (input: !isPython input) propagated;
          read = filter (input: isPython input && builtins.elem (nameOf input) buildRequires) propagated;
        in
        {
          build-system = map freeze ((old.build-system or [ ]) ++ read);
          nativeBuildInputs = map freeze (old.nativeBuildInputs or [ ]);
          buildInputs = map freeze ((old.buildInputs or [ ]) ++ libraries);
          dependencies = [ ];
          propagatedBuildInputs = [ ];
          optional-dependencies = { };
          nativeCheckInputs = [ ];
          checkInputs = [ ];
          pythonImportsCheck = [ ];
          doCheck = false;
          dontCheckRuntimeDeps = true;
          catchConflicts = false;
        }
      );
      # The hooks that the builder added come last.
      whole =
        if frozen == null then
          stripped
        else
          stripped.overrideAttrs (old: {
            nativeBuildInputs = map freeze (old.nativeBuildInputs or [ ]);
          });
    in
    (whole.dist or (package.fail {
      package = package.labelOf pkg;
      step = "split";
      what = "it has no `dist` output, where its wheel would be";
      hint = "packages with format = \"other\" make no wheel; leave it out of the split";
    })
    )
    // {
      pname = pkg.pname or (nameOf pkg);
      version = versionOf pkg;
    };

  /**
    A `buildPythonPackage` package, unchanged, as wheel, install and check.

    The result is a package for `pythonWithPins`; `passthru.wheel` is its wheel, `passthru.tests.check` its check.

    # Inputs

    `pinfold`
    : the functions of this library over nixpkgs

    `resolve`
    : the split counterpart of a dependency; by default the dependency is split too

    `frozen`, `buildRequires`
    : as for `wheelOf`

    # Type
    ```
    splitPackage :: { pinfold, frozen ? null, buildRequires ? [ ], resolve ? _ } -> Package -> Package
    ```
  */
  splitPackage =
    {
      pinfold,
      frozen ? null,
      buildRequires ? [ ],
      resolve ? null,
    }@args:
    pkg:
    let
      arguments = argumentsOf pkg;
      split = if resolve == null then splitPackage args else resolve;
      pythonOnly = inputs: map split (filter isPython inputs);
      dependencies = pythonOnly (
        (arguments.dependencies or [ ]) ++ (arguments.propagatedBuildInputs or [ ])
      );
      checkInputs = (arguments.nativeCheckInputs or [ ]) ++ (arguments.checkInputs or [ ]);
      installed = pinfold.installWheel {
        wheel = wheelOf { inherit frozen buildRequires; } pkg;
        inherit dependencies;
        optional-dependencies = mapAttrs (_: pythonOnly) (arguments.optional-dependencies or { });
        tests = {
          check = checkOf {
            inherit pkg installed frozen;
            sites = package.reach package.dependenciesOf ([ installed ] ++ pythonOnly checkInputs);
          };
        };
        passthru = {
          unsplit = pkg;
          meta = pkg.meta or { };
          split = {
            build-system = map nameOf (filter isDerivation (arguments.build-system or [ ]));
            native-build-inputs = map nameOf (filter isDerivation (arguments.nativeBuildInputs or [ ]));
            check-inputs = map nameOf (filter isDerivation checkInputs);
          };
        };
      };
    in
    installed;

  /**
    A package's own check phase, run against what was installed. Its tests are those of its source.
  */
  checkOf =
    {
      pkg,
      installed,
      sites,
      frozen ? null,
    }:
    let
      freeze = if frozen == null then input: input else freezeInput frozen;
      plain = pkg.overridePythonAttrs (old: {
        build-system = [ ];
        dependencies = [ ];
        propagatedBuildInputs = [ ];
        # Python packages come with the path below; the rest, hooks above all, are programs.
        nativeCheckInputs = map freeze (filter (input: !isPython input) (old.nativeCheckInputs or [ ]));
        checkInputs = filter (input: !isPython input) (old.checkInputs or [ ]);
        dontCheckRuntimeDeps = true;
        catchConflicts = false;
      });
    in
    plain.overrideAttrs (old: {
      name = "${nameOf pkg}-${versionOf pkg}-check";
      outputs = [ "out" ];
      nativeBuildInputs = map freeze (old.nativeBuildInputs or [ ]);
      PYTHONPATH = concatStringsSep ":" (map (site: "${site}/site-packages") sites);
      dontConfigure = true;
      dontBuild = true;
      dontFixup = true;
      installPhase = ''
        mkdir -p "$out/lib"
        ln -s ${installed}/site-packages "$out/lib/site-packages"
      '';
    });

  /**
    A whole scope, `python3.pkgs`, split. Attributes that are no `buildPythonPackage` packages stay as they are.

    # Type
    ```
    splitScope :: { pinfold, scope, frozen, buildRequires ? { NAME = [String]; } } -> Scope
    ```
  */
  splitScope =
    {
      pinfold,
      scope,
      frozen ? null,
      buildRequires ? { },
    }:
    let
      result = mapAttrs (_: one) scope;
      one =
        pkg:
        if isDerivation pkg && pkg ? overridePythonAttrs then
          splitPackage {
            inherit pinfold frozen;
            buildRequires = buildRequires.${nameOf pkg} or [ ];
            resolve = counterpart;
          } pkg
        else
          pkg;
      # One derivation for one package, whatever the attribute is called that led to it.
      counterpart = dependency: result.${nameOf dependency} or (one dependency);
    in
    result;

  inherit argumentsOf freezeInput;
}
