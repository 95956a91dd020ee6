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
  freezing = import ./freeze.nix;
  inherit (import ./closures.nix) pinnable;
  inherit (package) nameOf versionOf;
  inherit (builtins)
    concatStringsSep
    filter
    isAttrs
    mapAttrs
    tryEval
    ;

  isPython = input: isAttrs input && (input ? pythonModule || input ? overridePythonAttrs);
  # What cannot be evaluated (broken, unfree, not for this Python) is no library to build with.
  isLibrary =
    input:
    let
      library = tryEval (!isPython input);
    in
    library.success && library.value;
  isDerivation = value: isAttrs value && value.type or null == "derivation";

  # What only tests read of a package's attributes: hooks of nixpkgs, and phases.
  ofTests = {
    checkPhase = null;
    disabledTestMarks = null;
    disabledTestPaths = null;
    disabledTests = null;
    enabledTestMarks = null;
    enabledTestPaths = null;
    enabledTests = null;
    installCheckPhase = null;
    postCheck = null;
    postInstallCheck = null;
    preCheck = null;
    preInstallCheck = null;
    pytestFlags = null;
    pytestFlagsArray = null;
    unittestFlags = null;
    unittestFlagsArray = null;
  };

  # How a package of nixpkgs is changed.
  ofPackages = {
    override = null;
    overridePythonAttrs = null;
  };

  # What a package is of its own, whatever it is built with.
  itself = {
    patches = null;
    pname = null;
    sourceRoot = null;
    src = null;
    srcs = null;
    version = null;
  };

  # What a package was made from: the arguments of `buildPythonPackage`.
  argumentsOf =
    pkg:
    (pkg.overridePythonAttrs (old: {
      passthru = (old.passthru or { }) // {
        pinfoldArguments = old;
      };
    })).pinfoldArguments;

  # The package set that it is of; an application says of none.
  scopeOf = pkg: if isAttrs (pkg.pythonModule or null) then pkg.pythonModule.pkgs or { } else { };

  # `overridePythonAttrs` starts from the arguments of the builder: what `overrideAttrs` did after that is lost in it.
  forgetsNothing =
    pkg:
    let
      kept = tryEval ((pkg.overridePythonAttrs (_: { })).drvPath == pkg.drvPath);
    in
    # What cannot be evaluated as a whole may have a wheel all the same.
    if pkg ? drvPath && kept.success && !kept.value then
      package.fail {
        package = package.labelOf pkg;
        step = "split";
        what = "it was changed by `overrideAttrs`, which overriding its Python attributes forgets";
        hint = "change it by `overridePythonAttrs`";
      }
    else
      pkg;
  strict =
    function:
    (import ./arguments.nix).strict {
      inherit function;
      step = "split";
      label = _: "packages";
    };

  # These two are called with arguments first; a package in their place is the usual mistake.
  needsPinfold =
    function: args: result:
    if !(isAttrs args && args ? pinfold) then
      package.fail {
        package = if isAttrs args && args ? pname then package.labelOf args else "a package";
        step = "split";
        what = "`${function}` was not given `pinfold`";
        hint = "`${function} { inherit pinfold; ... }`, with the functions of this library over nixpkgs";
      }
    else
      result;

  splitOne =
    {
      pinfold,
      frozen ? null,
      buildRequires ? [ ],
      resolve ? null,
      live ? null,
    }@args:
    pkg:
    let
      arguments = argumentsOf pkg;
      split = if resolve == null then self.splitPackage args else resolve;
      pythonOnly = inputs: map split (filter isPython inputs);
      dependencies = pythonOnly (
        (arguments.dependencies or [ ]) ++ (arguments.propagatedBuildInputs or [ ])
      );
      checkInputs = (arguments.nativeCheckInputs or [ ]) ++ (arguments.checkInputs or [ ]);
      installed = pinfold.installWheel {
        wheel = self.wheelOf { inherit frozen buildRequires live; } pkg;
        inherit dependencies;
        optional-dependencies = mapAttrs (_: pythonOnly) (arguments.optional-dependencies or { });
        meta = pkg.meta or { };
        tests = {
          check = self.checkOf {
            inherit pkg installed frozen;
            inherit (pinfold.host) python;
            sites = package.reach package.dependenciesOf ([ installed ] ++ pythonOnly checkInputs);
          };
        };
        passthru = {
          unsplit = pkg;
          split = {
            build-system = map nameOf (filter isDerivation (arguments.build-system or [ ]));
            native-build-inputs = map nameOf (filter isDerivation (arguments.nativeBuildInputs or [ ]));
            check-inputs = map nameOf (filter isDerivation checkInputs);
          };
        };
      };
      # A change is one of the package as nixpkgs has it, split again.
      again = change: new: self.splitPackage args (change new);
    in
    pinnable (
      installed
      // mapAttrs (_: again) (builtins.intersectAttrs ofPackages pkg)
      // {
        # It would change how the wheel is installed, and not the wheel.
        overrideAttrs =
          _:
          package.fail {
            package = package.labelOf pkg;
            step = "split";
            what = "`overrideAttrs` changes one derivation, and it is three";
            hint = "`overridePythonAttrs` changes the package, `override` its arguments; both split it again";
          };
      }
    );

  self = rec {
    /**
      The wheel of a `buildPythonPackage` package: its `dist`, built without its runtime dependencies and tests.

      # Inputs

      `frozen`
      : the scope that builds (`python3.pkgs` of a package set that moves only when you move it); `null` builds with
        what the package has

      `buildRequires`
      : names of runtime dependencies that the build reads all the same

      `live`
      : the package set that the package is of

      # Type
      ```
      wheelOf :: { frozen ? null, buildRequires ? [ ], live ? _ } -> Package -> Wheel
      ```
    */
    wheelOf =
      {
        frozen ? null,
        buildRequires ? [ ],
        live ? null,
      }:
      pkg:
      let
        freeze = if frozen == null then input: input else freezing.freezeInput frozen;
        arguments = freezing.freezeArguments {
          inherit frozen;
          live = if live == null then scopeOf pkg else live;
        };
        # Some take their source from another package (`inherit (flit) version src`), which is not to be frozen.
        own = argumentsOf pkg;
        ownIn =
          old: if own.version or null == old.version or null then { } else builtins.intersectAttrs itself own;
        # By its arguments, where it still knows them; overriding its attributes forgets them.
        onFrozen =
          if frozen == null || !(pkg ? override) then
            forgetsNothing pkg
          else
            (forgetsNothing pkg).override arguments;
        stripped = onFrozen.overridePythonAttrs (
          old:
          let
            propagated = (old.propagatedBuildInputs or [ ]) ++ (old.dependencies or [ ]);
            libraries = filter isLibrary propagated;
            read =
              if buildRequires == [ ] then
                [ ]
              else
                filter (input: isPython input && builtins.elem (nameOf input) buildRequires) propagated;
          in
          builtins.intersectAttrs old ofTests
          // ownIn old
          // {
            build-system = map freeze ((old.build-system or [ ]) ++ read);
            nativeBuildInputs = map freeze (old.nativeBuildInputs or [ ]);
            buildInputs = map freeze ((old.buildInputs or [ ]) ++ libraries);
            dependencies = [ ];
            propagatedBuildInputs = [ ];
            nativeCheckInputs = [ ];
            checkInputs = [ ];
            pythonImportsCheck = [ ];
            doCheck = false;
            dontCheckRuntimeDeps = true;
            catchConflicts = false;
          }
        );
        # The hooks that the builder added come last. What the wheel's files refer to is written beside it: a wheel is
        # compressed, so that Nix would find nothing in it, and no cache would bring the libraries of what is installed.
        whole = stripped.overrideAttrs (old: {
          nativeBuildInputs = map freeze (old.nativeBuildInputs or [ ]);
          postPhases = (old.postPhases or [ ]) ++ [ "pinfoldReferencesPhase" ];
          pinfoldReferencesPhase = ''
            python3 -I -S ${./references.py} "$dist" "$NIX_STORE"
          '';
        });
      in
      if !(stripped ? dist) then
        package.fail {
          package = package.labelOf pkg;
          step = "split";
          what = "it has no `dist` output, where its wheel would be";
          hint = "packages with format = \"other\" make no wheel; leave it out of the split";
        }
      else
        whole.dist
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

      `frozen`, `buildRequires`, `live`
      : as for `wheelOf`

      # Type
      ```
      splitPackage :: { pinfold, frozen ? null, buildRequires ? [ ], resolve ? _, live ? _ } -> Package -> Package
      ```
    */
    splitPackage =
      args:
      needsPinfold "splitPackage" args (
        pkg:
        if pkg.isPinfoldUnit or false then
          pkg
        else if !(isAttrs pkg && pkg ? overridePythonAttrs) then
          package.fail {
            package = if isAttrs pkg then package.labelOf pkg else builtins.toJSON pkg;
            step = "split";
            what = "it was not made by `buildPythonPackage`";
            hint = "of a wheel, `installWheel` makes a package";
          }
        else
          strict "splitPackage" splitOne args pkg
      );

    /**
      A package's own check phase, run against what was installed. Its tests are those of its source; what the source has
      of the package itself gives way to what was installed, compiled and generated files included.

      # Type
      ```
      checkOf :: { pkg, installed, sites, python, frozen ? null } -> Derivation
      ```
    */
    checkOf =
      {
        pkg,
        installed,
        sites,
        python,
        frozen ? null,
      }:
      let
        freeze = if frozen == null then input: input else freezing.freezeInput frozen;
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
        # A phase of its own in nixpkgs; no wheel is made here.
        pythonOutputDistPhase = "true";
        # Where packages' own phases look for it.
        installPhase = ''
          mkdir -p "$out/${dirOf python.sitePackages}"
          ln -s ${installed}/site-packages "$out/${python.sitePackages}"
          for path in ${installed}/site-packages/*; do
            name=$(basename "$path")
            for place in . src; do
              if [ -e "$place/$name" ]; then
                cp -rf --no-preserve=mode,ownership "$path" "$place/"
              fi
            done
          done
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
      args:
      needsPinfold "splitScope" args (
        strict "splitScope" (
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
              if isDerivation pkg && pkg ? overridePythonAttrs && !(pkg.isPinfoldUnit or false) then
                splitPackage {
                  inherit pinfold frozen;
                  buildRequires = buildRequires.${nameOf pkg} or [ ];
                  resolve = counterpart;
                  live = scope;
                } pkg
              else
                pkg;
            # The scope's own by its name, so that it is split once; another version of it is not that.
            counterpart =
              dependency:
              let
                named = result.${nameOf dependency} or null;
              in
              if isAttrs named && named ? unsplit && named.unsplit.drvPath == dependency.drvPath then
                named
              else
                one dependency;
          in
          result
        ) args
      );

    inherit argumentsOf;
  };
in
self
