# Where the bytes of a locked wheel come from: a local file that has them, else what the host fetches by hash.
# Deliberately not here: an index. A lock names none, and neither does this.
{ wheelDir }:
fetch:
let
  package = import ./package.nix;
  names = import ./names.nix;

  localOf =
    {
      file,
      path ? null,
      lockFolder ? null,
      ...
    }:
    if wheelDir != null && builtins.pathExists (wheelDir + "/${file}") then
      wheelDir + "/${file}"
    else if path != null && builtins.match ".*\\.whl" path != null then
      lockFolder + "/${path}"
    else
      null;
in
rec {
  /**
    Whether the file of an entry of a lock is here.

    # Type
    ```
    hasWheel :: LockedWheel -> Bool
    ```
  */
  hasWheel = wheel: localOf wheel != null;

  /**
    Whether what lies below `root` belongs to a source: not what version control, environments, caches and builds leave
    behind. It is what `pinfold build` takes, so that both build the same.

    # Type
    ```
    isSource :: Path -> Path -> String -> Bool
    ```
  */
  isSource =
    root: file: type:
    let
      name = builtins.baseNameOf file;
      above = builtins.dirOf file;
      # 1 at the top of the source.
      depth = slashes file - slashes (toString root);
      slashes = text: builtins.length (builtins.split "/" text) / 2;
      has = folder: inner: builtins.pathExists (folder + "/${inner}");
      begins = prefix: builtins.substring 0 (builtins.stringLength prefix) name == prefix;
      left = [
        ".git"
        ".hg"
        ".svn"
        ".venv"
        ".pinfold"
        ".tox"
        ".nox"
        ".mypy_cache"
        ".pytest_cache"
        "__pycache__"
      ];
      # An environment, not a package's template of one: it has an interpreter.
      isEnvironment =
        has file "pyvenv.cfg"
        && builtins.any (has file) [
          "bin/python"
          "bin/python3"
          "Scripts/python.exe"
        ];
      # As the Cache Directory Tagging Specification has it.
      signature = "Signature: 8a477f597d28d172789f06886806bc55";
      isCache =
        has file "CACHEDIR.TAG"
        &&
          builtins.substring 0 (builtins.stringLength signature) (builtins.readFile (file + "/CACHEDIR.TAG"))
          == signature;
      # What setuptools writes into `build`, and beside the packages; inside of a package it is data.
      isStaged =
        depth == 2
        && builtins.baseNameOf above == "build"
        && (
          name == "lib"
          || builtins.any begins [
            "lib."
            "bdist."
            "temp."
          ]
        );
      isMetadata =
        builtins.match ".*\\.egg-info" name != null
        && depth <= 2
        && !has above "__init__.py"
        && has file "PKG-INFO";
      # It says what came of the source.
      isOwnLock =
        depth == 1
        && name == "pinfold.lock"
        && builtins.any (has above) [
          "pinfold.toml"
          "pyproject.toml"
        ];
      # Emacs locks a file by a link that leads nowhere.
      isEditors = type == "symlink" && begins ".#";
    in
    # A socket or a pipe has no content.
    type != "unknown"
    && !isEditors
    && (
      if type == "regular" then
        name != ".git" && !isOwnLock
      else
        !(builtins.elem name left || isEnvironment || isCache || isStaged || isMetadata)
    );

  /**
    What an entry of a lock is built from: its folder, or its source distribution; `null` where it is not built, or its
    wheel is here.

    # Type
    ```
    fetchSource :: LockedWheel -> Path | null
    ```
  */
  fetchSource =
    wheel:
    if hasWheel wheel then
      null
    else if wheel ? source then
      fetchWheel {
        inherit (wheel) name version;
        inherit (wheel.source) file sha256;
      }
    else if wheel ? path then
      let
        path = wheel.lockFolder + "/${wheel.path}";
      in
      builtins.path {
        # An archive is unpacked by what its name says it is.
        name =
          if builtins.match ".*\\.(zip|tgz|tar\\.[a-z0-9]+)" wheel.path == null then
            "source"
          else
            names.storeName (builtins.baseNameOf wheel.path);
        inherit path;
        # Without `..`, as the paths of files have none.
        filter = isSource (/. + builtins.unsafeDiscardStringContext (toString path));
      }
    else
      null;

  /**
    The wheel file of an entry of a lock.

    # Type
    ```
    fetchWheel :: LockedWheel -> WheelFile
    ```
  */
  fetchWheel =
    {
      name,
      version,
      file,
      sha256,
      path ? null,
      ...
    }@wheel:
    let
      local = localOf wheel;
      found = builtins.hashFile "sha256" local;
      fetched = fetch wheel;
      label = "${name} ${version}";
      attributes = {
        pname = name;
        inherit version file sha256;
      };
    in
    if local != null then
      if !builtins.pathExists local then
        package.fail {
          package = label;
          step = "fetch";
          what = "the lock takes its wheel from ${path}, which is not there";
          hint = "bring the file back, or run `pinfold lock`";
        }
      else if found != sha256 then
        package.fail {
          package = label;
          step = "fetch";
          what = "the SHA-256 of ${toString local} is ${found}, and the lock has ${sha256}";
          hint = "it is another file than the one that was locked: bring that one, or run `pinfold lock`";
        }
      else
        {
          outPath = builtins.path {
            path = local;
            name = names.storeName file;
          };
        }
        // attributes
    else if path != null then
      package.fail {
        package = label;
        step = "fetch";
        what = "the lock has it built from ${path}, and there is no wheel file of it";
        hint = "say how it is built: `wheels.${name} = buildWheel { src = ./${path}; ... }`";
      }
    else if wheel ? source then
      package.fail {
        package = label;
        step = "fetch";
        what = "the lock has it built from its source distribution ${wheel.source.file}";
        hint = "say how it is built: `wheels.${name} = buildWheel { ... }`";
      }
    else if fetched == null then
      package.fail {
        package = label;
        step = "fetch";
        what = "${file} is not among the local wheels, and there is no index to fetch it from";
        hint = "pass `wheelDir`, a folder that has it, or an index (`indexUrl`)";
      }
    else
      fetched // attributes;
}
