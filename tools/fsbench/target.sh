# shellcheck shell=bash
# The filesystems that are compared: mounted, made cold, unmounted, removed.
# Sourced by fsbench, never run.
#
# A target is new for each run, and alone: its store, directory or image lies in
# $run/back, its mount point is $run/mnt, and the work is done in $place.  So no
# run finds what another has left, and no idle daemon works while others are
# measured.  Daemons stay in the foreground, because a filesystem may be
# unmounted well before its daemon has written all it holds; who waits for the
# process waits for that too.
#
# limit holds its files in memory, so it is not unmounted to be made cold.
#
# Each program has the options it comes with, except for:
#   mergerfs   minfreespace=0, or it refuses a disk with little room
#   gocryptfs  a key derived in short, which concerns mounting alone
#   ntfs-3g    an image in a file, without a loop device

bench_packages="fio jq git sqlite3 bindfs gocryptfs mergerfs ntfs-3g time"
target_kinds="loamfs limit bindfs gocryptfs mergerfs ntfs-3g"

# The targets to compare: $targets, the first one first.
choose_targets() {
	local name

	plain_name=$(df --output=fstype "$dir" 2>/dev/null | tail -n 1)
	[ -n "$plain_name" ] || die "$dir: no such directory"
	targets=()
	if [ -z "$wanted_targets" ] && [ ${#named[@]} -eq 0 ]; then
		wanted_targets="loamfs plain limit"
		for name in bindfs gocryptfs mergerfs ntfs-3g; do
			! command -v "$name" >/dev/null ||
				wanted_targets+=" $name"
		done
	fi
	for name in ${wanted_targets/plain/$plain_name}; do
		[[ " $target_kinds $plain_name " == *" $name "* ]] ||
			die "no such target: $name (--help)"
		case $name in
		loamfs | limit | "$plain_name") ;;
		*)
			command -v "$name" >/dev/null ||
				die "$name is not installed (--install)"
			;;
		esac
		targets+=("$name")
	done
	declare -gA directory=()
	for name in ${named[@]+"${named[@]}"}; do
		[ -d "${name#*=}" ] || die "${name#*=}: no such directory"
		directory[${name%%=*}]=${name#*=}
		targets+=("${name%%=*}")
	done
	[ "$(printf '%s\n' "${targets[@]}" | sort -u | wc -l)" -eq \
		${#targets[@]} ] || die "targets of the same name"
}

# Sets $drop to nothing if the kernel keeps its caches whatever is asked.
check_drop() {
	[ -n "$drop" ] || return 0
	head -c 1M /dev/zero >"$base/probe"
	sync "$base/probe"
	{ echo 3 >/proc/sys/vm/drop_caches; } 2>/dev/null
	[ "$(fincore -b -n -o PAGES "$base/probe" 2>/dev/null)" -eq 0 ] \
		2>/dev/null || drop=
	rm "$base/probe"
}

target_is_mount() {
	[ -z "${directory[$target]-}" ] && [ "$target" != "$plain_name" ]
}

# Its files are still there when it is mounted again.
target_keeps() {
	[ "$target" != limit ]
}

is_mounted() {
	grep -qF " $mnt " /proc/self/mountinfo
}

# The process $1 is no more; one that only waits to be collected counts.
is_gone() {
	local state
	state=$(sed 's/.*) //; s/ .*//' "/proc/$1/stat" 2>/dev/null) || :
	[ -z "$state" ] || [ "$state" = Z ]
}

# What there must be before the first mount.
target_format() {
	case $target in
	gocryptfs)
		echo fsbench >"$run/password"
		step gocryptfs -init -q -scryptn 10 -passfile "$run/password" \
			"$run/back" >>"$run/log"
		;;
	ntfs-3g)
		step truncate -s "$(scaled 16384)M" "$run/back/image"
		# It does not fit on less.
		step truncate -s '>64M' "$run/back/image"
		step "$(command -v mkntfs || echo /usr/sbin/mkntfs)" -F -Q -q \
			"$run/back/image" >>"$run/log" </dev/null
		;;
	esac
}

# Sets $command to the daemon, in the foreground.
target_command() {
	local back=$run/back

	case $target in
	loamfs) command=("$LOAMFS" -f "$back" "$mnt") ;;
	limit) command=("$LIMIT" "$mnt") ;;
	bindfs) command=(bindfs -f "$back" "$mnt") ;;
	mergerfs) command=(mergerfs -f -o minfreespace=0 "$back" "$mnt") ;;
	gocryptfs)
		command=(gocryptfs -fg -q -passfile "$run/password" "$back"
			"$mnt")
		;;
	ntfs-3g) command=(ntfs-3g -o no_detach "$back/image" "$mnt") ;;
	esac
}

target_mount() {
	local i

	target_is_mount || return 0
	target_command
	"${command[@]}" >>"$run/log" 2>&1 &
	daemon=$!
	for ((i = 0; i < 6000; i++)); do
		! is_mounted || return 0
		! is_gone "$daemon" || run_die "the daemon ended at once"
		sleep 0.01
	done
	run_die "no mount after a minute"
}

detach() {
	if [ "$(id -u)" -eq 0 ]; then
		step umount "$mnt"
	else
		step fusermount3 -u "$mnt"
	fi
}

# Returns once the daemon has ended, and so has written all it had.
target_unmount() {
	local i

	target_is_mount || return 0
	detach
	for ((i = 0; i < 60000; i++)); do
		if is_gone "$daemon"; then
			wait "$daemon" || run_die "the daemon failed"
			return 0
		fi
		sleep 0.01
	done
	run_die "the daemon does not end"
}

# Sets $place to an empty directory on $target.
target_open() {
	mnt=$run/mnt
	mkdir "$mnt" "$run/back"
	: >"$run/log"
	target_format
	target_mount
	if target_is_mount; then
		place=$mnt/work
	elif [ -n "${directory[$target]-}" ]; then
		place=${directory[$target]}/${base##*/}
	else
		place=$run/back/work
	fi
	mkdir "$place" || run_die "$place cannot be made"
}

target_close() {
	target_unmount
}

# What the caches held is written and forgotten: the daemon's, which is a new
# one, the kernel's of the target, and the kernel's of the disk below.
go_cold() {
	step sync -f "$place"
	! target_keeps || target_unmount
	step sync -f "$base"
	[ -z "$drop" ] || echo 3 >/proc/sys/vm/drop_caches
	! target_keeps || target_mount
}

# After a run, whatever became of it.  A mount that is still there has no daemon
# any more.
target_remove() {
	mnt=$run/mnt
	if is_mounted; then
		timeout 20 umount "$mnt" 2>/dev/null ||
			timeout 20 fusermount3 -uz "$mnt"
	fi
	[ -z "${directory[$target]-}" ] ||
		rm -rf --one-file-system "${directory[$target]:?}/${base##*/}"
}
