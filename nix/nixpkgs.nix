/**
  Pinfold's functions over nixpkgs: the same as `mini.nix`, with stdenv's builder and the packages of one `python`.

  # Type
  ```
  { pkgs, python ? pkgs.python3, buildSet ? python.pkgs, packages ? python.pkgs, ... } -> Functions
  ```
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

  # What wheels that others built may take from the system (PEP 600).
  manylinux = pkgs.pythonManylinuxPackages.manylinux2014 or [ ];

  host = {
    inherit step packages;
    quote = lib.escapeShellArg;
    contentAddressed = false;
    python = python // {
      inherit (python) interpreter pythonVersion sitePackages;
    };
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
    inherit buildSet;
    fetching = import ./lib/fetch-wheel.nix { wheelDir = null; } (
      wheel:
      let
        parts = self.lib.names.parseWheel wheel.file;
      in
      if parts == null || parts.build != null then
        null
      else
        python.pkgs.fetchPypi {
          pname = parts.name;
          inherit (parts)
            version
            python
            abi
            platform
            ;
          dist = parts.python;
          format = "wheel";
          inherit (wheel) sha256;
        }
    );
  };

  functions = import ./lib host;

  self = functions // {
    inherit host;
    # What others built is made to find its libraries in the Nix store, after it was verified.
    installWheel =
      args:
      functions.installWheel (
        args
        // lib.optionalAttrs (args.wheel ? file && builtins.match ".*manylinux.*" args.wheel.file != null) {
          nativeBuildInputs = [ pkgs.autoPatchelfHook ];
          buildInputs = manylinux;
        }
      );
  };
in
self
