# Pinfold for Nix: build the wheel, install it, check it, and put environments together.
#
# Everything is a function of a `host`, which knows how to run a step and where the tools are: `../mini.nix` has one of
# the machine's own tools, `../nixpkgs.nix` one of nixpkgs. Deliberately not here: nixpkgs, and any one package.
host:
let
  closures = import ./closures.nix;
  self = {
    inherit host;
    buildWheel = import ./build-wheel.nix host;
    installWheel = import ./install-wheel.nix host self;
    checkWheel = import ./check-wheel.nix host self;
    pythonWithPins = import ./python-with-pins.nix host self;
    abiFacts = import ./abi-facts.nix host;
    inherit (import ./build-set.nix) makeBuildSet;
    inherit (closures) pinnable;
    inherit (import ./split.nix) splitPackage splitScope;

    /**
      An environment as `python3.withPackages` makes one: a function from the package set to what is wanted.

      # Type
      ```
      withPins :: (PackageSet -> [Package]) -> Environment
      ```

      # Example
      ```nix
      python3.withPins (ps: [ ps.pandas (ps.torch.pinned { numpy = ps.numpy_1; }) ])
      ```
    */
    withPins = packages: self.pythonWithPins { inherit packages; };

    lib = {
      names = import ./names.nix;
      package = import ./package.nix;
      buildSet = import ./build-set.nix;
      lock = import ./lock.nix;
      plan = import ./plan.nix;
      holds = import ./holds.nix;
      split = import ./split.nix;
      freeze = import ./freeze.nix;
      arguments = import ./arguments.nix;
      describe = import ./describe.nix;
      inherit closures;
    };
  };
in
self
