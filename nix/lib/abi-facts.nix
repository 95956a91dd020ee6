# What abicheck has to know of one package: a derivation of its own, so that checking an environment costs what changed.
# Deliberately not here: what clashes, which only an environment can say.
host:
let
  package = import ./package.nix;
  names = import ./names.nix;
in
/**
  The facts about a package's native files.

  # Type
  ```
  abiFacts :: Package -> Derivation
  ```
*/
installed:
host.step {
  name = names.storeName "${package.nameOf installed}-${package.versionOf installed}-abi-facts";
  script = ''
    HOME="$TMPDIR" ${host.tools.abicheck}/bin/abicheck facts ${package.siteOf host.python installed} --out "$out" \
      --python-version ${host.python.pythonVersion}
  '';
}
