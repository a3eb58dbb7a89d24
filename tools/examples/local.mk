# For fstab(5), autofs(5) and the unit of tools/systemd; tests/ctl/examples has
# them work.
exampledir = $(docdir)/examples
dist_example_DATA = %D%/auto.srv %D%/fstab %D%/srv-field
