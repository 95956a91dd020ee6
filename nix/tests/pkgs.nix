# A mock of nixpkgs itself, for the overlay: `import <path> { system, overlays, config }`.
{
  config ? { },
  system ? "x86_64-linux",
  overlays ? [ ],
  bump ? null,
  extensions ? [ ],
}:
let
  mock = import ./nixpkgs.nix { inherit bump; };
  inherit (mock) mkDerivation;
  fix =
    f:
    let
      self = f self;
    in
    self;

  lib = {
    inherit (builtins) mapAttrs;
    optionals = condition: list: if condition then list else [ ];
    optionalAttrs = condition: set: if condition then set else { };
    optionalString = condition: text: if condition then text else "";
    escapeShellArg = text: "'${toString text}'";
    hasPrefix = prefix: text: builtins.substring 0 (builtins.stringLength prefix) text == prefix;
    removePrefix =
      prefix: text:
      if lib.hasPrefix prefix text then
        builtins.substring (builtins.stringLength prefix) (-1) text
      else
        text;
    importTOML = file: builtins.fromTOML (builtins.readFile file);
    cleanSourceWith =
      {
        src,
        filter,
        name,
      }:
      builtins.path {
        inherit name filter;
        path = src;
      };
    licenses = {
      mit = "mit";
      asl20 = "asl20";
    };
    platforms.linux = [ system ];
  };

  base = self: {
    inherit lib config;
    path = ./pkgs.nix;
    stdenv = {
      mkDerivation = args: mkDerivation (builtins.removeAttrs args [ "env" ] // args.env or { });
      hostPlatform = { inherit system; };
    };
    # Packages see each other as they were before an extension.
    python3 = mock.python // {
      pkgs = builtins.foldl' (
        scope: extension: scope // extension scope scope
      ) mock.pkgs self.pythonPackagesExtensions;
    };
    pythonPackagesExtensions = extensions;
    pythonManylinuxPackages.manylinux2014 = [ mock.tools.ninja ];
    autoPatchelfHook = mkDerivation { name = "auto-patchelf-hook"; };
    makeWrapper = mkDerivation { name = "make-wrapper"; };
    uv = mkDerivation { name = "uv"; };
    rustPlatform.buildRustPackage =
      args:
      mkDerivation (
        builtins.removeAttrs args [
          "cargoLock"
          "env"
        ]
      );
    mkShell =
      args:
      mkDerivation {
        inherit (args) name;
        nativeBuildInputs = args.packages;
      };
    runCommand =
      name: _: buildCommand:
      mkDerivation { inherit name buildCommand; };
  };
  call =
    self: file: args:
    let
      f = import file;
    in
    f (builtins.intersectAttrs (builtins.functionArgs f) self // args);
  layers =
    self:
    builtins.foldl' (prev: overlay: prev // overlay self prev) (
      base self // { callPackage = call self; }
    ) overlays;
in
fix layers
