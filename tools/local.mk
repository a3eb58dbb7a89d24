# Scripts for who builds from the repository.
EXTRA_DIST += %D%/check %D%/lib.sh %D%/picture/paths.awk %D%/quickstart

include tools/kvbench/local.mk
include tools/fsbench/local.mk
include tools/loamctl/local.mk
include tools/completion/local.mk
include tools/examples/local.mk
include tools/systemd/local.mk
