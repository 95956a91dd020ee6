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
    // attrs.passthru or { };

  versionOf = name: if name == bump then "2" else "1";

  makeOverridablePythonPackage =
    f: args:
    f args
    // {
      overridePythonAttrs =
        new: makeOverridablePythonPackage f (args // (if isFunction new then new args else new));
      overrideAttrs = new: makeOverridablePythonPackage (args: (f args).overrideAttrs new) args;
    };

  python = mkDerivation {
    pname = "python3";
    version = "3.11.2";
    passthru = {
      inherit pkgs;
      interpreter = "/usr/bin/python3";
      pythonVersion = "3.11";
      sitePackages = "lib/python3.11/site-packages";
      pythonAttr = "python3";
    };
  };

  hook =
    name: propagated:
    mkDerivation {
      inherit name;
      propagatedBuildInputs = propagated;
    };

  pkgs =
    let
      self = genAttrs (attrNames graph) call // {
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
    in
    self;

  tools = {
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
