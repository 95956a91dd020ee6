# A mock with the shape of nixpkgs: mkDerivation, callPackage, buildPythonPackage with hooks and a `dist` output, a
# Python scope, and native tools that are built with Python packages. Its derivations have real paths; none is built.
#
# `bump` names the package whose version is another one. Deliberately not here: what real packages contain.
{
  bump ? null,
  graph ? import ./graph.nix,
}:
let
  inherit (builtins)
    attrNames
    isAttrs
    isFunction
    listToAttrs
    mapAttrs
    removeAttrs
    ;

  genAttrs =
    names: f:
    listToAttrs (
      map (name: {
        inherit name;
        value = f name;
      }) names
    );

  makeOverridable =
    f: args:
    let
      result = f args;
    in
    result
    // {
      override = new: makeOverridable f (args // (if isFunction new then new args else new));
    };

  mkDerivation =
    attrs:
    derivation (
      removeAttrs attrs [
        "passthru"
        "meta"
        "optional-dependencies"
      ]
      // {
        name = attrs.name or "${attrs.pname}-${attrs.version}";
        system = "x86_64-linux";
        builder = "/bin/sh";
      }
    )
    // {
      overrideAttrs = new: mkDerivation (attrs // new attrs);
    }
    // (if attrs ? pname then { inherit (attrs) pname version; } else { })
    // (if attrs ? meta then { inherit (attrs) meta; } else { })
    // attrs.passthru or { };

  versionOf = name: if name == bump then "2" else "1";

  # As in nixpkgs: overriding starts from the arguments again, and what `overrideAttrs` did is not among them.
  makeOverridablePythonPackage =
    f: given:
    let
      # A package may be a function of what it becomes.
      args = if isFunction given then given args else given;
    in
    f (
      args
      // {
        passthru = args.passthru or { } // {
          overridePythonAttrs =
            new: makeOverridablePythonPackage f (args // (if isFunction new then new args else new));
        };
      }
    );

  pythonOf =
    version:
    mkDerivation {
      pname = "python3";
      inherit version;
      passthru = rec {
        inherit pkgs;
        interpreter = "/usr/bin/python3";
        pythonVersion = builtins.substring 0 4 version;
        sitePackages = "lib/python${pythonVersion}/site-packages";
        pythonAttr = "python3";
        # Another set of packages.
        override = new: pythonOf version // { pkgs = new.scope; };
      };
    };
  python = pythonOf "3.11.2";

  hook =
    name: propagated:
    mkDerivation {
      inherit name;
      propagatedBuildInputs = propagated;
    };

  pkgs =
    let
      self =
        genAttrs (attrNames graph) call
        // variants
        // {
          inherit python;
          pkgs = tools;
          pypaBuildHook = hook "pypa-build-hook.sh" [ self.wheel ];
          pypaInstallHook = hook "pypa-install-hook" [ self.packaging ];
          pythonRuntimeDepsCheckHook = hook "python-runtime-deps-check-hook.sh" [ self.packaging ];
          buildPythonPackage = makeOverridablePythonPackage (
            args:
            let
              # What the build of the builder's own hooks needs cannot go through them.
              bootstrap = builtins.elem args.pname [
                "flit-core"
                "wheel"
                "packaging"
              ];
            in
            mkDerivation (
              removeAttrs args [
                "dependencies"
                "build-system"
                "nativeCheckInputs"
                "checkInputs"
                "catchConflicts"
              ]
              // {
                nativeBuildInputs = [
                  python
                ]
                ++ (
                  if bootstrap then
                    [ ]
                  else
                    [
                      self.pypaBuildHook
                      self.pypaInstallHook
                    ]
                )
                ++ (
                  if bootstrap || args.dontCheckRuntimeDeps or false then [ ] else [ self.pythonRuntimeDepsCheckHook ]
                )
                ++ args.nativeBuildInputs or [ ]
                ++ args.build-system or [ ];
                propagatedBuildInputs = args.propagatedBuildInputs or [ ] ++ args.dependencies or [ ] ++ [ python ];
                doCheck = false;
                doInstallCheck = args.doCheck or true;
                nativeInstallCheckInputs = if args.doCheck or true then args.nativeCheckInputs or [ ] else [ ];
                outputs = [
                  "out"
                  "dist"
                ];
                passthru = {
                  pythonModule = python;
                }
                // args.passthru or { };
              }
            )
          );
        };
      call =
        name:
        let
          entry = {
            dependencies = [ ];
            build = [ ];
            native = [ ];
            check = [ ];
          }
          // graph.${name};
          arguments =
            genAttrs (entry.dependencies ++ entry.build ++ entry.check) (n: self.${n})
            // genAttrs entry.native (n: tools.${n});
        in
        makeOverridable (
          args:
          args.buildPythonPackage {
            pname = name;
            version = versionOf name;
            src = "${name}-${versionOf name}.tar.gz";
            build-system = map (n: args.${n}) entry.build;
            nativeBuildInputs = map (n: args.${n}) entry.native;
            dependencies = map (n: args.${n}) entry.dependencies;
            nativeCheckInputs = map (n: args.${n}) entry.check;
          }
        ) (arguments // { inherit (self) buildPythonPackage; });
      # Another version beside the scope's own, and what is built with that.
      variants = {
        numpy_1 = self.numpy.overridePythonAttrs { version = "1.26"; };
        # Of the same source as numpy, and of its version.
        numpy-doc =
          makeOverridable
            (
              args:
              args.buildPythonPackage {
                pname = "numpy-doc";
                inherit (args.numpy) version src;
                build-system = [ args.setuptools ];
              }
            )
            {
              inherit (self) buildPythonPackage numpy setuptools;
            };
        legacy =
          makeOverridable
            (
              args:
              args.buildPythonPackage (finalAttrs: {
                pname = "legacy";
                version = versionOf "legacy";
                src = "legacy-${finalAttrs.version}.tar.gz";
                build-system = [
                  args.setuptools
                  args.numpy_1
                ];
                dependencies = [ args.numpy_1 ];
                optional-dependencies.tests = [ args.pytest ];
                nativeCheckInputs = finalAttrs.optional-dependencies.tests;
                meta.description = "Built with an older numpy";
              })
            )
            {
              inherit (self)
                buildPythonPackage
                setuptools
                numpy_1
                pytest
                ;
            };
      };
    in
    self;

  tools = {
    # What the package set calls its Python need not be the one of this scope; both are called so.
    python3 = pythonOf "3.13.1";
    ninja = mkDerivation {
      pname = "ninja";
      version = "1";
      nativeBuildInputs = [ python ];
    };
    # Its manual pages are made by sphinx.
    cmake = mkDerivation {
      pname = "cmake";
      version = "1";
      nativeBuildInputs = [ pkgs.sphinx ];
    };
  };
in
{
  inherit
    pkgs
    python
    tools
    mkDerivation
    ;
}
