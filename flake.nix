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
      tests = import ./nix/tests;
    in
    {
      overlays.default = import ./nix/overlay.nix;

      # `pinfold.lib.x86_64-linux.pythonWithPins { packages = ps: [ ... ]; }`, for nixpkgs' own python3.
      lib = forEach (system: (pkgsFor system).python3.pinfold) // {
        # Without nixpkgs, on the host's own tools.
        mini = import ./nix/mini.nix;
      };

      packages = forEach (system: {
        default = (pkgsFor system).pinfold;
        inherit (pkgsFor system) wheelsplit;
      });

      checks = forEach (system: {
        # Pure evaluation tests: what there is to build is whether they hold.
        evaluation =
          if tests.failures == [ ] then
            (pkgsFor system).runCommand "pinfold-evaluation" { } ''
              echo ${toString tests.count} tests > "$out"
            ''
          else
            throw (builtins.concatStringsSep "\n" tests.failures);
      });

      # An empty list is what is expected.
      tests = { inherit (tests) failures count; };
    };
}
