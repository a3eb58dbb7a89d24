# shellcheck shell=bash
# What it costs as files become many.  Sourced by fsbench, never run.
#
# One target after the other is filled in steps with files of 1 KiB, 1,000 to a
# directory, and asked at each size, cold: what it costs to stat and to read
# some of them, to list all, to add some and to remove those; what memory the
# daemon has by then, and how long a mount takes after an unmount and after the
# daemon was killed.

grow_sizes="10000 30000 100000 300000 1000000"
grow_sample=5000

# At this many files: $1.  Prints nothing; leaves results.
grow_measure() {
	local n=$1 some
	some=$(scaled $grow_sample)
	set -- -n "$n" -d 1000 -s 1024

	go_cold
	files stat_us stat "$@" -r "$some" "$place"
	go_cold
	files read_us read "$@" -r "$some" "$place"
	go_cold
	files list_us list "$@" "$place"

	# Beside the others, so that only what is added is removed again.
	step mkdir -p "$place/more"
	files add_us create -n "$some" -d 1000 -s 1024 "$place/more"
	files unlink_us unlink -n "$some" -d 1000 -s 1024 "$place/more"
	target_is_mount || return 0
	result rss_mib "$(awk '/^VmRSS:/ { print $2 / 1024 }' \
		"/proc/$daemon/status")"
	target_keeps || return 0
	grow_mount clean_ms target_unmount
	grow_mount killed_ms grow_kill
	step "$FSOPS" stat "$@" -r "$some" "$place" >/dev/null
}

# The daemon dies while it has something to do.
grow_kill() {
	step "$FSOPS" create -n "$(scaled $grow_sample)" -d 1000 -s 1024 \
		"$place/more" >/dev/null
	kill -KILL "$daemon"
	wait "$daemon" 2>/dev/null || :
	detach
}

# grow_mount METRIC COMMAND: how long a mount takes after COMMAND, until the
# root answers.
grow_mount() {
	local start
	"$2"
	start=$EPOCHREALTIME
	target_mount
	step stat "$place" >/dev/null
	result "$1" "$(awk -v a="$start" -v b="$EPOCHREALTIME" \
		'BEGIN { print (b - a) * 1e3 }')"
	[ "$2" != grow_kill ] || step rm -r "$place/more"
}

# Fills $target in steps; the workload is the number of files.
grow_target() {
	local have=0 size n
	for size in $grow_sizes; do
		n=$(scaled "$size")
		workload=$n
		files create_us create -f "$have" -n $((n - have)) -d 1000 \
			-s 1024 "$place"
		have=$n
		grow_measure "$n"
		echo "$target: $n files" >&2
	done
}

# Results become a table with a line for each size of each target.
grow() {
	local names="create_us add_us stat_us read_us list_us unlink_us rss_mib"
	names+=" clean_ms killed_ms"

	round=1
	for target in "${targets[@]}"; do
		workload=grow
		run_one grow_target
	done
	touch "$base/results"
	awk -v names="$names" '
		BEGIN {
			n = split(names, name, " ")
			printf "%-10s %8s", "target", "files"
			for (i = 1; i <= n; i++)
				printf " %9s", name[i]
			print ""
		}
		{ row = sprintf("%-10s %8d", $3, $1) }
		!(row in seen) { seen[row] = 1; rows[++count] = row }
		{ value[row, $2] = $5 }
		END {
			for (r = 1; r <= count; r++) {
				printf "%s", rows[r]
				for (i = 1; i <= n; i++)
					printf (rows[r], name[i]) in value ? \
						" %9.1f" : " %9s", \
						(rows[r], name[i]) in value ? \
						value[rows[r], name[i]] : "-"
				print ""
			}
		}' "$base/results"
	[ -z "$plot" ] || awk -f "$here/grow_plot.awk" "$base/results" >"$plot" ||
		die "$plot cannot be written"
	[ -z "$json" ] || grow_json >"$json" || die "$json cannot be written"
}

grow_json() {
	awk '{
		split($2, part, "_")
		printf "{\"workload\": \"grow_%d\", \"metric\": \"%s\", ", $1, \
			part[1]
		printf "\"target\": \"%s\", \"value\": %.6g, ", $3, $5
		printf "\"unit\": \"%s\", \"better\": \"lower\"}\n", \
			part[2] == "mib" ? "MiB" : part[2]
	}' "$base/results"
}
