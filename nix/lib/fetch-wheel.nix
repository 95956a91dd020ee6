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
    Whether a path belongs to a source: not what version control, environments, caches and builds leave behind.

    # Type
    ```
    isSource :: Path -> String -> Bool
    ```
  */
  isSource =
    file: type:
    let
      name = builtins.baseNameOf file;
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
    in
    if type == "directory" then
      !(builtins.elem name left || builtins.match ".*\\.egg-info" name != null)
    else
      !(name == "pinfold.lock" || builtins.match ".*\\.pyc" name != null);

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
      builtins.path {
        name = "source";
        path = wheel.lockFolder + "/${wheel.path}";
        filter = isSource;
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
