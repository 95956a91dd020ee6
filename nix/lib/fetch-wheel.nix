# Where the bytes of a locked wheel come from: a local file that has them, else what the host fetches by hash.
# Deliberately not here: an index. A lock names none, and neither does this.
{ wheelDir }:
fetch:
let
  package = import ./package.nix;
in
/**
  The wheel file of an entry of a lock.

  # Type
  ```
  fetchWheel :: LockedWheel -> WheelFile
  ```
*/
{
  name,
  version,
  file,
  sha256,
  path ? null,
  lockFolder ? null,
  ...
}@wheel:
let
  local =
    if wheelDir != null && builtins.pathExists (wheelDir + "/${file}") then
      wheelDir + "/${file}"
    else if path != null && builtins.match ".*\\.whl" path != null then
      lockFolder + "/${path}"
    else
      null;
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
        name = builtins.replaceStrings [ "!" "+" ] [ "-" "-" ] file;
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
  fetched // attributes
