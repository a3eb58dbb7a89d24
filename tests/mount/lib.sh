# shellcheck shell=bash
# What the tests of a real mount share.  Sourced, never run.
#
# Each test has a directory of its own, in which $store and $mnt lie, and ends
# with nothing mounted and no daemon running, whatever happens.  The daemon
# stays in the foreground here, so that its exit status and all it has to say
# (a sanitizer's report, too) are seen: both are part of each test.

set -u -o pipefail
export LC_ALL=C

# For who runs a test by itself, and has not said of which programs.
by_hand="is not set; in the build folder, run: make check TESTS=tests/$(
	basename "$(cd "$(dirname "$0")" && pwd)")/${0##*/}, or: \
LOAMFS=\$PWD/loamfs LOAMCTL=\$PWD/loamctl $0"
: "${LOAMFS:?$by_hand}"

skip() {
	echo "SKIPPED: $*" >&2
	exit 77
}

fail() {
	echo "FAILED: $*" >&2
	if [ -s "$work/log" ]; then
		echo "the daemon said:" >&2
		cat "$work/log" >&2
	fi
	exit 1
}

# need PROGRAM...: what else a test takes.
need() {
	local program
	for program in "$@"; do
		command -v "$program" >/dev/null ||
			skip "$program is not installed"
	done
}

need fusermount3 timeout rsync setpriv pgrep perl
(exec 3<>/dev/fuse) 2>/dev/null || skip "/dev/fuse cannot be opened"

work=$(mktemp -d "${TMPDIR:-/tmp}/loamfs-test.XXXXXX") || exit 1
work=$(cd "$work" && pwd -P)
store=$work/store
mnt=$work/mnt
daemon=
revivals=0
mkdir "$mnt"

is_mounted() {
	grep -qF " $mnt " /proc/self/mountinfo
}

# The process $1 is no more; one that only waits to be collected counts.
is_gone() {
	local state
	state=$(sed 's/.*) //; s/ .*//' "/proc/$1/stat" 2>/dev/null)
	[ -z "$state" ] || [ "$state" = Z ]
}

# Waits until the process $1 is gone, for at most $2 seconds.
wait_gone() {
	local i
	for ((i = 0; i < $2 * 20; i++)); do
		is_gone "$1" && return 0
		sleep 0.05
	done
	return 1
}

# Unmounts and ends the daemon, whatever has happened.
cleanup_mount() {
	local pid
	cd /
	if is_mounted; then
		timeout 20 fusermount3 -u "$mnt" 2>/dev/null ||
			timeout 20 fusermount3 -uz "$mnt"
	fi
	# A daemon in the background is known by its store alone.
	for pid in $daemon $(pgrep -f -- "loamfs.* $store( |\$)"); do
		wait_gone "$pid" 10 || kill -9 "$pid" 2>/dev/null
	done
}

cleanup() {
	cleanup_mount
	rm -rf --one-file-system "$work"
}
trap cleanup EXIT
trap 'exit 1' INT TERM HUP

# apart COMMAND...: in a mount namespace of its own, without the mounts of other
# tests: those would not end as long as it has them.  This test's own it has.
# shellcheck disable=SC2016
apart() {
	timeout -k 5 600 unshare -m --propagation private bash -c '
		mnt=$1
		shift
		awk -F " - " "\$2 ~ /^fuse\\./ {
			split(\$1, field, \" \")
			print field[5]
		}" /proc/self/mountinfo | while read -r other; do
			[ "$other" = "$mnt" ] || umount -l "$other" 2>/dev/null
		done
		exec "$@"' - "$mnt" "$@"
}

# Runs a command that must succeed, and in time.
run() {
	timeout -k 5 600 "$@" || fail "status $? of: $*"
}

# Mounts $store on $mnt; the arguments are options.
mount_fs() {
	local i

	: >"$work/log"
	"$LOAMFS" -f "$@" "$store" "$mnt" 2>>"$work/log" &
	daemon=$!
	for ((i = 0; i < 1200; i++)); do
		is_mounted && return 0
		if is_gone "$daemon"; then
			grep -q 'not permitted' "$work/log" &&
				skip "mounting is not allowed here"
			fail "the daemon ended before it had mounted"
		fi
		sleep 0.05
	done
	fail "no mount after a minute"
}

# The daemon has been asked to end, and must do so with all well.
expect_end() {
	expect_status
	[ ! -s "$work/log" ] || fail "the daemon complained"
}

# The same, but it may have had something to say.
expect_status() {
	local status

	wait_gone "$daemon" 120 || fail "the daemon does not end"
	wait "$daemon"
	status=$?
	daemon=
	[ "$status" -eq 0 ] || fail "the daemon ended with status $status"
	is_mounted && fail "still mounted after the daemon's end"
	return 0
}

# Asks for the end of the mount.  Others of the machine (df, a mount in a new
# namespace) may hold any mount for a moment, and that is not our fault; who
# holds it for longer is a user that the test has forgotten, or a leak.
ask_unmount() {
	local i

	for ((i = 0; i < 100; i++)); do
		timeout -k 5 600 fusermount3 -u "$mnt" 2>"$work/unmount" &&
			return 0
		grep -q 'resource busy' "$work/unmount" || break
		sleep 0.1
	done
	fail "no unmount: $(cat "$work/unmount")"
}

unmount_fs() {
	ask_unmount
	expect_end
}

# The same of a daemon that may have had something to say.
unmount_logged() {
	ask_unmount
	expect_status
}

# The daemon dies without a word, then the same store is mounted again.
kill_and_remount() {
	kill_daemon
	ask_unmount
	mount_fs "$@"
}

# The filesystem in the store, which nobody has mounted, is as it should be.
# What a kill left is recovered first.  --verify reads all data, too.
check_store() {
	local said

	said=$(timeout -k 5 600 "$(dirname "$LOAMFS")/tests/mount/check_store" \
		"$@" "$store" 2>&1) || fail "$said"
	echo "$said"
}

# Unmounts after the daemon was killed: those who used the mount may need a
# moment to notice.
unmount_dead() {
	local i

	for ((i = 0; i < 200; i++)); do
		fusermount3 -u "$mnt" 2>/dev/null
		is_mounted || return 0
		sleep 0.05
	done
	fail "what the dead daemon left cannot be unmounted"
}

# Waits until the file $1 has something in it, for at most a minute, and then for
# the part of a second that chance will have it.
wait_for_some() {
	local i

	for ((i = 0; i < 1200; i++)); do
		[ -s "$1" ] && break
		sleep 0.05
	done
	sleep "0.$((RANDOM % 9))"
}

# The daemon dies, perhaps with requests under way.
kill_daemon() {
	kill -9 "$daemon" 2>/dev/null
	wait "$daemon" 2>/dev/null
	daemon=
}

# After that: the store is sound, and is mounted again by its own recovery or,
# every other time, by that of the check.
revive() {
	unmount_dead
	revivals=$((revivals + 1))
	[ $((revivals % 2)) -eq 0 ] || check_store >>"$work/checks"
	mount_fs "$@"
}

kill_check_remount() {
	kill_daemon
	revive "$@"
}

# Unmounts, and the store is sound, with nothing in it that waits to be removed.
unmount_and_check() {
	unmount_fs
	check_store --verify | grep -q ' 0 orphans' ||
		fail "an orderly end left orphans"
}

# All there is to know about the tree $1, a line for each entry and for each
# file's contents.  Hard links are told by the first name of their inode.
manifest() {
	(
		cd "$1" || exit 1
		find . -printf '%i %y %m %U %G %T@ %s %p\t%l\n' | sort -k8 |
			awk '{
				ino = $1
				$1 = ""
				if ($2 == "d")
					$7 = "-"
				else {
					if (!(ino in first))
						first[ino] = $8
					$0 = $0 " = " first[ino]
				}
				print
			}' || exit 1
		find . -type f -print0 | sort -z | xargs -0r sha256sum
	)
}

# The trees $1 and $2 are the same in all that manifest() tells.
compare_trees() {
	manifest "$1" >"$work/a" || fail "cannot read $1"
	expect_tree "$work/a" "$2"
}

# The tree $2 has the manifest in the file $1.
expect_tree() {
	manifest "$2" >"$work/b" || fail "cannot read $2"
	[ -s "$1" ] || fail "there is nothing to compare with $2"
	if ! diff "$1" "$work/b" >"$work/diff"; then
		head -n 20 "$work/diff" >&2
		fail "$2 is not as it was"
	fi
}

# The link counts below $1 are true: of a directory 2 and one for each directory
# in it, of anything else the number of its names.
check_link_counts() {
	find "$1" -printf '%y %i %n %p\0' | awk '
		BEGIN { RS = "\0" }
		{
			path = $0
			sub(/^[^ ]+ [^ ]+ [^ ]+ /, "", path)
			type[path] = $1; ino[path] = $2; said[path] = $3
			names[$2]++
			if ($1 == "d") {
				parent = path
				if (sub(/\/[^\/]*$/, "", parent))
					dirs[parent]++
			}
		}
		END {
			for (path in type) {
				n = type[path] == "d" ? 2 + dirs[path] : \
					names[ino[path]]
				if (said[path] != n) {
					print path ": " said[path] \
						" links, not " n
					bad = 1
				}
			}
			exit bad
		}' >&2 || fail "wrong link counts below $1"
}
