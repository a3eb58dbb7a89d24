# shellcheck shell=bash
# Large files, by fio.  Sourced by fsbench, never run.
#
# One file of 1 GiB, synchronous calls through the page cache.  What is written
# is synced within the time that is measured; random access is 4 KiB.

workloads+=" seq_write_1m seq_write_4k seq_read_cold seq_read_warm"
workloads+=" rand_read_cold rand_write_4k mixed_70_30 copy"
metrics+="seq_write_1m random MiB/s higher
seq_write_1m compressible MiB/s higher
seq_write_4k random MiB/s higher
seq_read_cold random MiB/s higher
seq_read_warm random MiB/s higher
rand_read_cold j1 /s higher
rand_read_cold j4 /s higher
rand_write_4k end_fsync /s higher
rand_write_4k fsync_each /s higher
mixed_70_30 j1 /s higher
mixed_70_30 j4 /s higher
copy cp_1g MiB/s higher
"
for name in seq_write_1m seq_write_4k seq_read_cold seq_read_warm \
	rand_read_cold rand_write_4k mixed_70_30; do
	needs+=(["$name"]="fio jq")
done

# A file of noise on the disk, which is read, or what is read is compared with.
source_data() {
	local mib
	mib=$(scaled 1024)

	[ ! -e "$base/source/data" ] || return 0
	step head -c "${mib}M" /dev/urandom >"$base/source/data"
	step sync "$base/source/data"
}

# run_fio METRIC FIELD ARGUMENT...: FIELD of what reading and writing did, in
# sum, is the result; bandwidth in MiB/s.
run_fio() {
	local metric=$1 field=$2 value
	shift 2

	# Preallocation, which not all of them have, would not be the same.
	step fio --name=fsbench --filename="$place/data" --ioengine=psync \
		--size="$(scaled 1024)M" --fallocate=none --invalidate=0 \
		--group_reporting --eta=never --output-format=json \
		--output="$run/fio" "$@" >>"$run/log"
	value=$(jq -e --arg field "$field" '
		.jobs[0] | select(.error == 0) |
		.read[$field] + .write[$field] | select(. > 0) |
		if $field == "bw_bytes" then . / 1048576 else . end' \
		"$run/fio") || run_die "fio has no figure for $metric"
	result "$metric" "$value"
}

# What the page cache says is in the file is what the disk says.
check_kept() {
	local before after

	[ "$round" -eq 1 ] || return 0
	before=$(step cksum <"$place/data")
	go_cold
	after=$(step cksum <"$place/data")
	[ "$before" = "$after" ] || run_die "the file has changed"
}

# What was read, which is in the page cache now, is what was written.
check_same() {
	step cmp "$base/source/data" "$place/data"
}

prepare_data() {
	source_data
	step cp "$base/source/data" "$place/data"
	step sync "$place/data"
}

work_seq_write_1m() {
	run_fio random bw_bytes --rw=write --bs=1M --end_fsync=1
	check_kept
	step rm "$place/data"
	run_fio compressible bw_bytes --rw=write --bs=1M --end_fsync=1 \
		--buffer_compress_percentage=50
	check_kept
}

work_seq_write_4k() {
	run_fio random bw_bytes --rw=write --bs=4k --end_fsync=1
	check_kept
}

work_seq_read_cold() {
	prepare_data
	go_cold
	run_fio random bw_bytes --rw=read --bs=1M
	check_same
}

work_seq_read_warm() {
	prepare_data
	check_same
	run_fio random bw_bytes --rw=read --bs=1M
}

work_rand_read_cold() {
	prepare_data
	go_cold
	run_fio j1 iops --rw=randread --bs=4k --io_size="$(scaled 64)M"
	go_cold
	run_fio j4 iops --rw=randread --bs=4k --io_size="$(scaled 16)M" \
		--numjobs=4
	check_same
}

work_rand_write_4k() {
	prepare_data
	run_fio end_fsync iops --rw=randwrite --bs=4k --end_fsync=1 \
		--io_size="$(scaled 128)M"
	run_fio fsync_each iops --rw=randwrite --bs=4k --fsync=1 \
		--io_size="$(scaled 8)M"
	check_kept
}

work_mixed_70_30() {
	prepare_data
	go_cold
	run_fio j1 iops --rw=randrw --rwmixread=70 --bs=4k --end_fsync=1 \
		--io_size="$(scaled 64)M"
	go_cold
	run_fio j4 iops --rw=randrw --rwmixread=70 --bs=4k --end_fsync=1 \
		--io_size="$(scaled 16)M" --numjobs=4
	check_kept
}

# Within the target, until it is safe; the source is in the page cache.
work_copy() {
	prepare_data
	# The shell that is started expands these.
	# shellcheck disable=SC2016
	step "$FSOPS" time "$run/seconds" sh -c 'cp "$1" "$2" && sync "$2"' \
		sh "$place/data" "$place/copy"
	result cp_1g "$(awk -v mib="$(scaled 1024)" \
		'{ print mib / $1 }' "$run/seconds")"
	step cmp "$place/data" "$place/copy"
}
