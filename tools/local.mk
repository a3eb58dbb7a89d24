# Scripts for who builds from the repository.
EXTRA_DIST += %D%/check %D%/lib.sh %D%/quickstart

include tools/kvbench/local.mk
include tools/fsbench/local.mk
include tools/loamctl/local.mk
include tools/systemd/local.mk
