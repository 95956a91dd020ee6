# Pinfold itself, for nixpkgs. `crate = "wheelsplit"` is the one program that wheels are made with: it is built from
# fewer sources, so that a change elsewhere does not build every wheel again.
{
  lib,
  rustPlatform,
  python3,
  makeWrapper,
  uv,
  crate ? null,
}:
let
  root = ./..;
  folders =
    if crate == null then
      [
        "crates"
        "python"
        "tests"
      ]
    else
      [
        "crates/wheelsplit"
        "crates/pinfold-core"
        "crates/elf-facts"
      ];
  wanted =
    path:
    builtins.any (folder: lib.hasPrefix folder path || lib.hasPrefix "${path}/" "${folder}/") folders;
  src = lib.cleanSourceWith {
    name = "pinfold-source";
    src = root;
    filter =
      path: _type:
      let
        inner = lib.removePrefix "${toString root}/" (toString path);
      in
      # The fuzz targets are workspaces of their own.
      (wanted inner && baseNameOf path != "fuzz")
      || builtins.elem inner [
        "Cargo.toml"
        "Cargo.lock"
      ];
  };
  workspace = lib.importTOML ../Cargo.toml;
  version = workspace.workspace.package.version;
in
rustPlatform.buildRustPackage {
  pname = if crate == null then "pinfold" else crate;
  inherit version src;
  cargoLock.lockFile = ../Cargo.lock;

  cargoBuildFlags =
    if crate == null then
      [
        "--package=pinfold-cli"
        "--package=abicheck"
        "--package=wheelsplit"
        "--package=pinfold-hook"
      ]
    else
      [ "--package=${crate}" ];

  # The workspace names crates that this source does not have.
  postPatch = lib.optionalString (crate != null) ''
    substituteInPlace Cargo.toml \
      --replace-fail 'members = ["crates/*", "tests"]' 'members = ["crates/*"]'
  '';

  # Tests need wheels from an index; `cargo xtask test` runs them.
  doCheck = false;

  env.PYO3_BUILD_EXTENSION_MODULE = "1";
  nativeBuildInputs = lib.optionals (crate == null) [
    makeWrapper
    python3
  ];

  postInstall = lib.optionalString (crate == null) ''
    package="$out/${python3.sitePackages}/pinfold"
    mkdir -p "$package"
    cp python/pinfold/*.py "$package"
    mv "$out"/lib/lib_hook.so "$package/_hook.abi3.so"
    wrapProgram "$out/bin/pinfold" --set-default PINFOLD_PACKAGE "$package" --set-default PINFOLD_UV ${uv}/bin/uv
  '';

  meta = {
    description = "Every Python package in its own enclosure of dependencies";
    license = [
      lib.licenses.mit
      lib.licenses.asl20
    ];
    mainProgram = if crate == null then "pinfold" else crate;
    platforms = lib.platforms.linux;
  };
}
