# The daemon: the only folder compiled with the FUSE flags.
