/**
  Pinfold's functions without nixpkgs: raw derivations on the host's own tools. For trying the idea, and for tests.

  The host's interpreter, compiler and `/bin` are not inputs of a derivation here, so that nothing is built again when
  they change. With nixpkgs (`../default.nix`, `overlay.nix`) they are.

  # Inputs

  `python`, `shell`, `path`
  : the host's interpreter, shell, and PATH of a build

  `pinfold`
  : a folder with `bin/{pinfold,wheelsplit,abicheck}` and the Python package `pinfold`, as `pip install` makes it; or
    these four as attributes: `{ pinfold, wheelsplit, abicheck, package }`

  `buildSet`
  : packages that wheels are built with; by default the host's setuptools and wheel

  `packages`
  : the package set that `pythonWithPins { packages = ps: ...; }` chooses from

  `wheelDir`, `indexUrl`
  : where the wheels of a lock are: a folder of files, else an index whose files lie as on a package index

  `contentAddressed`
  : whether wheels and installed wheels are content-addressed

  # Example
  ```nix
  let
    pinfold = import ./nix/mini.nix { pinfold = /usr/local; };
  in
  pinfold.pythonWithPins { lock = ./pinfold.lock; }
  ```
*/
{
  python ? "/usr/bin/python3",
  pythonVersion ? null,
  shell ? "/bin/sh",
  path ? "/usr/local/bin:/usr/bin:/bin",
  pinfold ? null,
  buildSet ? null,
  packages ? { },
  wheelDir ? null,
  indexUrl ? null,
  contentAddressed ? false,
  system ? builtins.currentSystem,
}:
let
  inherit (builtins) replaceStrings;

  quote = text: "'" + replaceStrings [ "'" ] [ "'\\''" ] (toString text) + "'";

  # A program of the host in a store path of its own, under its name.
  program =
    name:
    let
      given = if builtins.isAttrs pinfold then pinfold.${name} else "${toString pinfold}/bin/${name}";
      file = builtins.path {
        path = given;
        inherit name;
      };
    in
    if pinfold == null then
      throw "pinfold: the program `${name}` is needed, and mini.nix was not told where it is\nhint: `pinfold = <the folder that pip installed Pinfold into>`"
    else
      raw {
        name = "${name}-program";
        script = ''
          mkdir -p "$out/bin"
          cp ${file} "$out/bin/${name}"
          chmod 555 "$out/bin/${name}"
        '';
      };

  # Where pip put the Python package, beside the programs; one serves every Python.
  hookPackage =
    let
      lib = "${toString pinfold}/lib";
      pythons = builtins.filter (name: builtins.pathExists "${lib}/${name}/site-packages/pinfold") (
        builtins.attrNames (builtins.readDir lib)
      );
    in
    builtins.path {
      name = "pinfold";
      path =
        if builtins.isAttrs pinfold then
          pinfold.package
        else if pythons == [ ] then
          throw "pinfold: there is no Python package `pinfold` below ${lib}\nhint: `pinfold = <the folder that pip installed Pinfold into>`"
        else
          "${lib}/${builtins.head pythons}/site-packages/pinfold";
      filter = file: _: builtins.baseNameOf file != "__pycache__";
    };

  raw =
    {
      name,
      script,
      env ? { },
      passthru ? { },
      contentAddressed ? false,
      ...
    }@args:
    derivation (
      {
        inherit name system;
        builder = shell;
        args = [
          "-euc"
          script
        ];
        PATH = path;
      }
      // (
        if contentAddressed then
          {
            __contentAddressed = true;
            outputHashMode = "recursive";
            outputHashAlgo = "sha256";
          }
        else
          { }
      )
      // builtins.removeAttrs args [
        "script"
        "env"
        "passthru"
        "contentAddressed"
        "meta"
      ]
      // env
    )
    // (if args ? meta then { inherit (args) meta; } else { })
    // passthru
    // {
      inherit passthru;
    };

  # Text where it is a zip archive, as source distributions may be.
  zipOf = src: if builtins.match ".*\\.zip" (toString (src.name or src)) == null then "" else "zip";

  # Unpacks `src` into a folder `source`, patches it, and runs the script there.
  step =
    {
      script,
      src ? null,
      nativeBuildInputs ? [ ],
      buildInputs ? [ ],
      patches ? [ ],
      postPatch ? "",
      ...
    }@args:
    raw (
      builtins.removeAttrs args [
        "src"
        "nativeBuildInputs"
        "buildInputs"
        "patches"
        "postPatch"
      ]
      // {
        script =
          (
            if src == null then
              ""
            else
              ''
                mkdir "$TMPDIR/source"
                if [ -d ${src} ]; then
                  cp -r ${src}/. "$TMPDIR/source"
                elif [ ${zipOf src} ]; then
                  ${host.python.interpreter} -I -S ${./lib/unzip.py} ${src} "$TMPDIR/source"
                else
                  tar -xf ${src} -C "$TMPDIR/source" --strip-components 1
                fi
                chmod -R u+w "$TMPDIR/source"
                cd "$TMPDIR/source"
              ''
          )
          + builtins.concatStringsSep "" (
            map (input: "export PATH=${input}/bin:\"$PATH\"\n") nativeBuildInputs
          )
          + builtins.concatStringsSep "" (
            map (input: ''
              export CPPFLAGS="''${CPPFLAGS-} -I${input}/include" LDFLAGS="''${LDFLAGS-} -L${input}/lib"
            '') buildInputs
          )
          + builtins.concatStringsSep "" (map (patch: "patch -p1 < ${patch}\n") patches)
          + postPatch
          + "\n"
          + script;
      }
    );

  version =
    let
      said = builtins.match ".*python(3\\.[0-9]+)" (toString python);
      there = builtins.filter (minor: builtins.pathExists "${dirOf python}/python${minor}") [
        "3.11"
        "3.12"
        "3.13"
      ];
    in
    if pythonVersion != null then
      pythonVersion
    else if said != null then
      builtins.head said
    else if builtins.length there == 1 then
      builtins.head there
    else
      throw "pinfold: could not tell which version ${toString python} is\nhint: `pythonVersion = \"3.11\"`";

  host = {
    inherit
      step
      quote
      packages
      contentAddressed
      system
      ;
    python = {
      name = "python${version}";
      interpreter = toString python;
      pythonVersion = version;
      sitePackages = "lib/python${version}/site-packages";
    };
    tools = {
      wheelsplit = program "wheelsplit";
      pinfold = program "pinfold";
      abicheck = program "abicheck";
    };
    hook =
      python:
      raw {
        name = "pinfold-hook-${python.pythonVersion}";
        PINFOLD_PACKAGE = hookPackage;
        script = ''
          ${host.tools.pinfold}/bin/pinfold assemble --hook ${python.interpreter} --out "$out"
        '';
      };
    shellFor =
      name: environment:
      raw {
        name = "${name}-shell";
        # What nix-shell reads; the variables of the environment are those that its activation would set.
        stdenv = raw {
          name = "no-stdenv";
          script = ''
            mkdir "$out"
            echo 'export PATH="${environment}/bin:$PATH" VIRTUAL_ENV="${environment}"' > "$out/setup"
          '';
        };
        script = ''
          echo "error: the attribute env of an environment is for nix-shell, not for building" >&2
          exit 1
        '';
      };
    buildSet =
      if buildSet != null then
        self.makeBuildSet buildSet
      else
        self.makeBuildSet [
          (fromHost { pname = "setuptools"; })
          (fromHost { pname = "wheel"; })
        ];
    fetching = import ./lib/fetch-wheel.nix { inherit wheelDir; } (
      wheel:
      if indexUrl == null then
        null
      else
        derivation {
          name = self.lib.names.storeName wheel.file;
          system = "builtin";
          builder = "builtin:fetchurl";
          url = indexUrl wheel;
          urls = [ (indexUrl wheel) ];
          outputHash = wheel.sha256;
          outputHashAlgo = "sha256";
          outputHashMode = "flat";
          preferLocalBuild = true;
          unpack = false;
          executable = false;
        }
    );
  };

  /**
    A distribution of the host's interpreter as a package to build with: a copy of its files.

    # Type
    ```
    fromHost :: { pname, version ? null, dependencies ? [ ] } -> Package
    ```
  */
  fromHost =
    {
      pname,
      version ? null,
      dependencies ? [ ],
    }:
    let
      made = raw {
        name = "${pname}-of-host";
        script = ''
          ${host.python.interpreter} -I ${./lib/from_host.py} ${quote pname} "$out/site-packages" ${
            if version == null then "" else quote version
          }
        '';
        passthru = {
          inherit pname dependencies;
          version = if version == null then "host" else version;
          sitePackagesOf = _: "${made}/site-packages";
        };
      };
    in
    made;

  self = import ./lib host;
in
self
// {
  inherit fromHost;
  inherit (host) buildSet;
  inherit (host.fetching) fetchWheel;
}
