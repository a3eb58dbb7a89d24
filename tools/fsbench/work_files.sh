# shellcheck shell=bash
# Many files, by fsops; microseconds for each.  Sourced by fsbench, never run.

workloads+=" small bigdir"
metrics+="small create us lower
small create_fsync us lower
small stat_cold us lower
small read_cold us lower
small list_cold us lower
small rename us lower
small unlink us lower
bigdir create us lower
bigdir list us lower
bigdir stat us lower
bigdir unlink us lower
"

# files METRIC COMMAND ARGUMENT...
files() {
	local metric=$1 us
	shift

	us=$(step "$FSOPS" "$@")
	result "$metric" "$us"
}

# 20,000 files of 1 KiB in 100 directories; syncing each is for 2,000 of them.
work_small() {
	local n per
	n=$(scaled 20000)
	per=$(((n + 99) / 100))

	files create create -n "$n" -d "$per" -s 1024 "$place"
	go_cold
	files stat_cold stat -n "$n" -d "$per" -s 1024 "$place"
	go_cold
	files read_cold read -n "$n" -d "$per" -s 1024 "$place"
	go_cold
	files list_cold list -n "$n" -d "$per" "$place"
	files rename rename -n "$n" -d "$per" "$place"
	files unlink unlink -n "$n" -d "$per" -p r "$place"

	n=$(scaled 2000)
	per=$(((n + 99) / 100))
	files create_fsync create -y -n "$n" -d "$per" -s 1024 "$place"
	step "$FSOPS" read -n "$n" -d "$per" -s 1024 "$place" >/dev/null
}

# One directory of 100,000 empty files, cold before it is listed.
work_bigdir() {
	local n
	n=$(scaled 100000)

	files create create -n "$n" "$place"
	go_cold
	files list list -n "$n" "$place"
	files stat stat -n "$n" "$place"
	files unlink unlink -n "$n" "$place"
}
