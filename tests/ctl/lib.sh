# shellcheck shell=bash
# What the tests of loamctl share.  Sourced, never run.
. "$(dirname "$0")/../mount/lib.sh"

: "${LOAMCTL:?$by_hand}"
tests=$(dirname "$LOAMCTL")/tests/ctl

# ctl STATUS ARGUMENT...: runs loamctl, which must end with that status; what it
# said is in $work/out and $work/err.  An error is one line, and no error none.
ctl() {
	local want=$1 status lines=0
	shift
	timeout -k 5 120 "$LOAMCTL" "$@" >"$work/out" 2>"$work/err"
	status=$?
	[ "$status" -eq "$want" ] ||
		fail "status $status of: loamctl $*: $(cat "$work/err")"
	[ "$want" -eq 0 ] || lines=1
	[ "$(wc -l <"$work/err")" -eq "$lines" ] || {
		cat "$work/err"
		fail "not $lines lines of error from: loamctl $*"
	}
}

# said PATTERN: in its result.  complained PATTERN: in its error.
said() {
	grep -qE -- "$1" "$work/out" || {
		cat "$work/out"
		fail "no word of '$1' in the result"
	}
}
complained() {
	grep -qE -- "$1" "$work/err" || {
		cat "$work/err"
		fail "no word of '$1' in the error"
	}
}

# json EXPRESSION: a Perl expression over the object $o, which must be true.
json() {
	perl -MJSON::PP -e '
		local $/;
		my $o = decode_json(<STDIN>);
		exit !(eval $ARGV[0]);' "$1" <"$work/out" || {
		cat "$work/out"
		fail "not true of the result: $1"
	}
}

# The number NAME of GROUP.
measure() {
	timeout 60 "$LOAMCTL" --json stat "$1" | perl -MJSON::PP -e '
		local $/;
		print decode_json(<STDIN>)->{$ARGV[0]}{$ARGV[1]}' "$2" "$3"
}

perl -MJSON::PP -e 1 2>/dev/null || skip "JSON::PP is not installed"

# with_helpers "$@": goes on where the helpers of mount(8) are links to the
# programs, in a folder that this test alone sees in front of the system's; in a
# process of its own, and the first one ends with its status.
with_helpers() {
	local name

	[ "${1:-}" != inside ] || return 0
	[ "$(id -u)" -eq 0 ] || skip "only root may mount"
	need unshare mount umount
	mkdir "$work/sbin" || exit 1
	for name in mount.loamfs mount.fuse.loamfs; do
		ln -s "$LOAMFS" "$work/sbin/$name"
	done
	for name in umount.loamfs umount.fuse.loamfs mkfs.loamfs fsck.loamfs; do
		ln -s "$LOAMCTL" "$work/sbin/$name"
	done
	apart bash -c '
		mount -t overlay -o "lowerdir=$1/sbin:/usr/sbin" none /usr/sbin
		' - "$work" 2>/dev/null ||
		skip "no folder of this test's own for helpers"
	apart bash -c '
		mount -t overlay -o "lowerdir=$1:/usr/sbin" none /usr/sbin &&
			exec "$2" inside' - "$work/sbin" "$0"
	exit
}
