# A package whose compiling takes long, what it depends on, and a build tool that can be changed without changing what
# it makes.
{
  pinfold,
  contentAddressed,
  functions,
  leafVersion ? "1.0",
  salt ? "",
}:
let
  nix = import ../nix/mini.nix { inherit pinfold contentAddressed; };
  salted = nix.host.step {
    name = "setuptools-salted";
    inherit contentAddressed;
    script = ''
      # ${salt}
      cp -r ${nix.fromHost { pname = "setuptools"; }} "$out"
    '';
    passthru = {
      pname = "setuptools";
      version = "host";
      sitePackagesOf = _: "${salted}/site-packages";
    };
  };
  buildSet = nix.makeBuildSet [
    salted
    (nix.fromHost { pname = "wheel"; })
  ];
  build-system = [
    "setuptools"
    "wheel"
  ];
  leaf = nix.installWheel {
    wheel = nix.buildWheel {
      pname = "leaf";
      version = leafVersion;
      src = ../nix/tests/packages/leaf;
      inherit build-system;
      postPatch = "sed -i 's/\"1\\.0\"/\"${leafVersion}\"/' *.toml *.py";
    };
  };
  slow = nix.installWheel {
    wheel = nix.buildWheel {
      pname = "slow";
      version = "1.0";
      src = ./splitting/slow;
      inherit build-system buildSet;
      env.FUNCTIONS = toString functions;
    };
    dependencies = [ leaf ];
  };
in
{
  inherit leaf slow;
  check = nix.checkWheel { installed = slow; };
}
