/**
  Pinfold's functions over nixpkgs: the same as `mini.nix`, with stdenv's builder and the packages of one `python`.

  # Type
  ```
  { pkgs, python ? pkgs.python3, buildSet ? python.pkgs, packages ? python.pkgs, ... } -> Functions
  ```

  `packages` are packages of nixpkgs as they are; they are split into wheel, install and check.
*/
{
  pkgs,
  python ? pkgs.python3,
  pinfold ? pkgs.callPackage ./package.nix { },
  # Every wheel goes through this one: a small program, which changes rarely.
  wheelsplit ? pkgs.callPackage ./package.nix { crate = "wheelsplit"; },
  abicheck ? pinfold,
  # The frozen build set: packages by their names, such as another `python3.pkgs`.
  buildSet ? python.pkgs,
  packages ? python.pkgs,
  # Names of packages and of the runtime dependencies that their builds read all the same.
  buildRequires ? { },
  contentAddressed ? false,
}:
let
  inherit (pkgs) lib stdenv;

  step =
    {
      name,
      script,
      src ? null,
      env ? { },
      contentAddressed ? false,
      passthru ? { },
      ...
    }@args:
    stdenv.mkDerivation (
      builtins.removeAttrs args [
        "script"
        "env"
        "contentAddressed"
      ]
      // {
        inherit name src passthru;
        nativeBuildInputs =
          args.nativeBuildInputs or [ ]
          ++ lib.optionals (src != null && builtins.match ".*\\.zip" (toString (src.name or src)) != null) [
            pkgs.unzip
          ];
        env = builtins.mapAttrs (_: toString) env;
        dontUnpack = src == null;
        dontConfigure = true;
        buildPhase = ''
          runHook preBuild
          ${script}
          runHook postBuild
        '';
        dontInstall = true;
        strictDeps = true;
      }
      // lib.optionalAttrs contentAddressed {
        __contentAddressed = true;
        outputHashMode = "recursive";
        outputHashAlgo = "sha256";
      }
    );

  names = import ./lib/names.nix;
  fetchPypi = python.pkgs.fetchPypi or pkgs.fetchPypi;

  # What wheels that others built may take from the system (PEP 600).
  manylinux = pkgs.pythonManylinuxPackages.manylinux2014 or [ ];

  host = {
    inherit
      step
      python
      buildSet
      contentAddressed
      ;
    inherit (stdenv.hostPlatform) system;
    quote = lib.escapeShellArg;
    packages = functions.splitScope {
      inherit buildRequires;
      pinfold = functions;
      scope = packages;
      frozen = buildSet;
    };
    # A package that was not taken from there: the same one of there, or split by itself.
    adopt =
      package:
      let
        named = host.packages.${functions.lib.package.nameOf package} or { };
        theirs = package.pythonModule.pythonVersion or python.pythonVersion;
      in
      if theirs != python.pythonVersion then
        functions.lib.package.fail {
          package = functions.lib.package.labelOf package;
          step = "put into an environment";
          what = "it is for Python ${theirs}, and the environment is for Python ${python.pythonVersion}";
          hint = "take it from the packages of that Python, or use the other one's `withPins`";
        }
      else if named ? unsplit && named.unsplit.drvPath == package.drvPath then
        named
      else
        functions.splitPackage {
          pinfold = functions;
          frozen = buildSet;
          live = packages;
          resolve = host.adopt;
          buildRequires = buildRequires.${functions.lib.package.nameOf package} or [ ];
        } package;
    tools = { inherit pinfold wheelsplit abicheck; };
    hook =
      python:
      pkgs.runCommand "pinfold-hook-${python.pythonVersion}" { } ''
        ${pinfold}/bin/pinfold assemble --hook ${python.interpreter} --out "$out"
      '';
    shellFor =
      name: environment:
      pkgs.mkShell {
        name = "${name}-shell";
        packages = [ environment ];
      };
    # What others built is made to find its libraries in the Nix store, after it was verified. What it wants of other
    # packages (or of nobody) is for the ABI check to say; stripping breaks what patchelf has been at.
    foreign =
      file:
      lib.optionalAttrs (builtins.match ".*-any\\.whl" file == null) {
        nativeBuildInputs = [ pkgs.autoPatchelfHook ];
        buildInputs = manylinux;
        autoPatchelfIgnoreMissingDeps = [ "*" ];
        dontStrip = true;
        dontPatchELF = true;
      };
    fetching = import ./lib/fetch-wheel.nix { wheelDir = null; } (
      wheel:
      let
        parts = names.parseWheel wheel.file;
        sdist = builtins.match "(.*)-([^-]+)\\.(tar\\.gz|zip)" wheel.file;
        common = { inherit (wheel) sha256; };
      in
      if sdist != null then
        fetchPypi (
          common
          // {
            pname = builtins.elemAt sdist 0;
            version = builtins.elemAt sdist 1;
            extension = builtins.elemAt sdist 2;
          }
        )
      else if parts == null then
        null
      else
        fetchPypi (
          common
          // {
            format = "wheel";
            pname = parts.name;
            # A build number stands behind the version.
            version = parts.version + lib.optionalString (parts.build != null) "-${parts.build}";
            dist = parts.python;
            inherit (parts) python abi platform;
          }
        )
    );
  };

  functions = import ./lib host;
in
functions
