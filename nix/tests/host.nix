# A host for evaluation alone: derivations with real paths that are never built.
{
  packages ? { },
  buildSet ? [ ],
}:
let
  self = import ../lib host;
  tool =
    name:
    derivation {
      inherit name;
      system = "x86_64-linux";
      builder = "/bin/sh";
    };
  host = {
    step =
      args:
      derivation (
        builtins.removeAttrs args [
          "passthru"
          "contentAddressed"
          "env"
          "meta"
        ]
        // args.env or { }
        // {
          system = "x86_64-linux";
          builder = "/bin/sh";
        }
      )
      // (if args ? meta then { inherit (args) meta; } else { })
      // args.passthru or { }
      // {
        passthru = args.passthru or { };
      };
    quote = text: "'${toString text}'";
    inherit packages;
    system = "x86_64-linux";
    contentAddressed = false;
    python = {
      name = "python3.11";
      interpreter = "/usr/bin/python3";
      pythonVersion = "3.11";
      sitePackages = "lib/python3.11/site-packages";
    };
    tools = {
      wheelsplit = tool "wheelsplit";
      pinfold = tool "pinfold";
      abicheck = tool "abicheck";
    };
    hook = python: tool "hook-${python.pythonVersion}";
    shellFor = name: environment: tool "${name}-shell" // { inherit environment; };
    buildSet = self.makeBuildSet buildSet;
    fetching = import ../lib/fetch-wheel.nix { wheelDir = null; } (
      wheel:
      derivation {
        name = wheel.file;
        system = "builtin";
        builder = "builtin:fetchurl";
        url = "mirror://wheels/${wheel.file}";
        outputHash = wheel.sha256;
        outputHashAlgo = "sha256";
        outputHashMode = "flat";
      }
    );
  };
in
self
