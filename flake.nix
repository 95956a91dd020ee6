{
  description = "One interpreter, many versions: every Python package sees the dependencies it was resolved with";

  inputs.nixpkgs.url = "nixpkgs";

  outputs =
    { self, nixpkgs }:
    let
      systems = [
        "x86_64-linux"
        "aarch64-linux"
      ];
      forEach =
        f:
        builtins.listToAttrs (
          map (system: {
            name = system;
            value = f system;
          }) systems
        );
      pkgsFor =
        system:
        import nixpkgs {
          inherit system;
          overlays = [ self.overlays.default ];
        };
      withoutNixpkgs = import ./nix/tests;
    in
    {
      overlays.default = import ./nix/overlay.nix;

      # `pinfold.lib.x86_64-linux.pythonWithPins { packages = ps: [ ... ]; }`
      lib = forEach (system: import ./. { pkgs = pkgsFor system; }) // {
        # Without nixpkgs, on the host's own tools.
        mini = import ./nix/mini.nix;
      };

      packages = forEach (system: {
        default = (pkgsFor system).pinfold;
        wheelsplit = (pkgsFor system).callPackage ./nix/package.nix { crate = "wheelsplit"; };
      });

      # Pure evaluation tests: an empty list is what is expected.
      tests = { inherit (withoutNixpkgs) failures count; };
    };
}
