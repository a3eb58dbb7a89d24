# shellcheck shell=bash
# Real programs at everyday work; seconds, but for sqlite.  Sourced by fsbench,
# never run.
#
# Nothing is synced within the time unless the program does so itself.

workloads+=" tree build sqlite git"
metrics+="tree untar s lower
tree cp s lower
tree find s lower
tree grep_cold s lower
tree tar s lower
tree du s lower
tree rm s lower
build make s lower
sqlite txn_rollback us lower
sqlite txn_wal us lower
git clone s lower
git status s lower
git status_cold s lower"
needs+=([build]="make cc" [sqlite]="sqlite3" [git]="git")

# A tree of 10,000 files on the disk, and the same in a tar file.
source_tree() {
	[ ! -e "$base/source/tree.tar" ] || return 0
	step mkdir "$base/source/tree"
	step "$FSOPS" tree -n "$(scaled 10000)" "$base/source/tree"
	step tar -C "$base/source" -cf "$base/source/tree.new" tree
	step mv "$base/source/tree.new" "$base/source/tree.tar"
	step sync -f "$base"
}

# The trees $1 and $2 are the same.
check_tree() {
	[ "$round" -ne 1 ] ||
		step diff -r --no-dereference -x .git "$1" "$2" >/dev/null
}

work_tree() {
	local rare
	source_tree
	rare=$((($(scaled 10000) + 99) / 100))

	timed untar tar -C "$place" -xf "$base/source/tree.tar"
	timed cp cp -a "$place/tree" "$place/copy"
	check_tree "$base/source/tree" "$place/copy"
	timed find find "$place/copy" -size +1M
	[ ! -s "$run/out" ] || run_die "files that are too large"
	# The shell that is started expands these.
	# shellcheck disable=SC2016
	timed tar bash -o pipefail -c \
		'tar -C "$1" -cf - tree | wc -c' bash "$place"
	timed du du -s "$place"

	go_cold
	timed grep_cold grep -r -l -F quicksilver "$place/tree"
	[ "$(wc -l <"$run/out")" -eq "$rare" ] || run_die "grep misses files"
	timed rm rm -r "$place/tree" "$place/copy"
}

# A program of 200 C files.
work_build() {
	local n
	n=$(scaled 200)

	step mkdir "$place/project"
	step "$FSOPS" project -n "$n" "$place/project"
	timed make make -s -j"$(nproc)" -C "$place/project"
	[ "$(step "$place/project/program")" = "$n" ] ||
		run_die "what was built is wrong"
}

# sqlite_txn METRIC JOURNAL: 1,000 rows, a transaction each, each durable.
sqlite_txn() {
	local n db=$place/$1.db
	n=$(scaled 1000)

	awk -v n="$n" -v journal="$2" 'BEGIN {
		print "PRAGMA journal_mode=" journal ";"
		print "PRAGMA synchronous=FULL;"
		print "CREATE TABLE t (id INTEGER PRIMARY KEY, word TEXT);"
		for (i = 0; i < n; i++)
			print "INSERT INTO t (word) VALUES (\"row " i "\");"
	}' >"$run/sql"
	step "$FSOPS" time "$run/seconds" sqlite3 -bail -batch "$db" \
		".read $run/sql" >/dev/null
	result "$1" "$(awk -v n="$n" '{ print $1 / n * 1e6 }' "$run/seconds")"
	[ "$(step sqlite3 "$db" 'SELECT count(*) FROM t; PRAGMA
		integrity_check;' | tr '\n' ' ')" = "$n ok " ] ||
		run_die "the database is wrong"
}

work_sqlite() {
	sqlite_txn txn_rollback delete
	sqlite_txn txn_wal wal
}

# The tree once more, as a repository on the disk.
source_git() {
	local repo=$base/source/git

	[ ! -e "$repo/done" ] || return 0
	source_tree
	step git init -q "$repo"
	step git -C "$repo" --work-tree="$base/source/tree" add -A
	step git -C "$repo" -c user.name=fsbench \
		-c user.email=fsbench@localhost commit -q -m 'a tree'
	step git -C "$repo" gc -q
	step touch "$repo/done"
	step sync -f "$base"
}

# A status that has nothing to tell: all files are as they were.
check_clean() {
	[ ! -s "$run/out" ] || run_die "git sees changes where there are none"
}

work_git() {
	# The machine's own settings must not matter.
	export GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null
	source_git
	timed clone git clone -q --no-hardlinks "$base/source/git" "$place/git"
	check_tree "$base/source/tree" "$place/git"
	# The first one writes down what all files look like.
	step git -C "$place/git" status --porcelain >/dev/null
	timed status git -C "$place/git" status --porcelain
	check_clean
	go_cold
	timed status_cold git -C "$place/git" status --porcelain
	check_clean
}
