/* The verbs of loamctl: what main.c finds by name, and what --help says. */
#include <stddef.h>

#include "tools/loamctl/loamctl.h"

const struct command loamctl_commands[] = {
	{ "mkfs", "STORE", "make a store with an empty filesystem", 1, 1, "",
	  mkfs_run,
	  "The root belongs to the caller.  A store that is there already is\n"
	  "left as it is.\n" },
	{ "umount", "TARGET", "unmount, and wait until all is on disk", 1, 1,
	  "flnrv", umount_run,
	  "Waits for the end of the daemon: then the store may be mounted,\n"
	  "copied or moved.\n"
	  "\n"
	  "  -l             take it from the tree now, while it is in use\n"
	  "  -f             end it, with errors for who waits for an answer\n"
	  "\n"
	  "These two are as in umount(8), and do not wait.  For umount(8),\n"
	  "which gives them, -n, -r and -v are accepted and change nothing.\n" },
	{ "remount", "TARGET ro|rw", "let nobody write, or everybody again", 2,
	  2, "", remount_run,
	  "With ro it returns when all that was written is on the disk.\n" },
	{ "stat", "TARGET", "space, files, caches, latencies", 1, 1, "",
	  stat_run,
	  "All but sizes and levels is counted since the store was opened.\n"
	  "A store that is not mounted is opened read-only.\n" },
	{ "metrics", "TARGET", "the numbers of stat for Prometheus", 1, 1, "",
	  stat_run,
	  "What loamctl stat shows, as lines of a name and a number; times are\n"
	  "in seconds.\n" },
	{ "top", "MNT", "a live screen of what a mount does", 1, 1, "OI",
	  top_run,
	  "Requests a second by kind and by process, latencies, hits of the\n"
	  "caches, work in the background, memory, and how much has still to be\n"
	  "written to tables.\n"
	  "Latencies are those since the mount, `now` their mean meanwhile.\n"
	  "Keys: q quits, blank looks at once.\n"
	  "\n"
	  "  --interval S   look every S seconds, as 0.5 (1)\n"
	  "  --once         look for one interval, print it, and end; as with\n"
	  "                 --json, or where the output is no terminal\n" },
	{ "info", "PATH | STORE PATH", "how a file is stored", 1, 2, "v",
	  info_run,
	  "Inode, size, times, flags, and where its bytes lie: in the tree, or\n"
	  "in which files of the value log, compressed how far, and how many\n"
	  "of its values other files share.  PATH lies in a mount; STORE PATH\n"
	  "counts from the root of the filesystem, mounted or not.\n"
	  "\n"
	  "  -v             show each chunk: offset, size, and where it is\n" },
	{ "du", "PATH | STORE PATH", "what a tree takes in the store", 1, 2, "",
	  du_run,
	  "Bytes as programs see them (size), and as they are stored: values\n"
	  "in blob files, before (blobs_raw) and after compression (blobs),\n"
	  "and keys and values in the tree; there, the second number is an\n"
	  "estimate.  What several names or files share counts once.\n" },
	{ "dump", "TARGET", "what is in the files, part by part", 1, 1, "KF",
	  dump_run,
	  "A line for each header, record, block, index, filter and footer:\n"
	  "offset, size, and what it says.  What is damaged is told of where\n"
	  "it is, and what follows is shown as far as that can be; then the\n"
	  "exit status is 3.  Files are read as they lie there, also of a store\n"
	  "that is mounted or that does not open.\n"
	  "\n"
	  "  --file NAME    that file alone, as 000012.sst\n"
	  "  --keys         entries, too: inodes, names, chunks, xattrs\n" },
	{ "tune", "MNT [NAME=VALUE]...", "show and change live settings", 1, 16,
	  "", tune_run,
	  "Of a mount, until it ends: all that are given, or, if one is wrong,\n"
	  "none.\n"
	  "\n"
	  "  memory=SIZE           for caches and buffers, with K, M, G\n"
	  "  sync_interval=TIME    make all durable this often, with s or ms\n"
	  "  compression=on|off    of what is written from now on\n"
	  "  log_level=LEVEL       error, warning, info, debug\n" },
	{ "sync", "TARGET", "make all durable that was written", 1, 1, "",
	  act_run,
	  "What has reached the daemon survives a power cut then.  What a program\n"
	  "wrote and the kernel still holds does not: fsync(2), or closing the\n"
	  "file, hands it over; sync(2) begins to, and does not wait for the end.\n" },
	{ "flush", "TARGET", "write what is in memory to tables", 1, 1, "",
	  act_run, "Then the log is empty, and the next opening is fast.\n" },
	{ "compact", "TARGET", "merge all tables, and collect garbage", 1, 1,
	  "", act_run,
	  "Merges all levels into one, then does what gc does.\n" },
	{ "gc", "TARGET", "collect garbage in the value log", 1, 1, "", act_run,
	  "Drops and rewrites files of the value log until at most a tenth of\n"
	  "it is garbage.\n" },
	{ "check-point", "TARGET DIR", "an online backup into a new folder", 2,
	  2, "", checkpoint_run,
	  "DIR, which must not exist or be empty, becomes a store of its own.\n"
	  "On one filesystem both share their files, but for those that are\n"
	  "still written to, up to some 256 MiB each, which are copied.\n" },
	{ "scrub", "TARGET", "read and verify every byte", 1, 1, "", scrub_run,
	  "A line names each file that is concerned by damage; then the exit\n"
	  "status is 3.  A store that is not mounted is opened read-only.\n" },
	{ "fsck", "STORE", "check a store; with -y or -p, mend it", 1, 1,
	  "nypaf", fsck_run,
	  "  -n             change no byte (the default)\n"
	  "  -y, --repair   mend what can be mended\n"
	  "  -p, -a         the same, but only if it was not closed in order\n"
	  "  -f             with -p: in any case\n"
	  "\n"
	  "Exit status, a sum: 0 clean, 1 mended, 4 damage is left, 8 failed.\n" },
	{ "repair", "STORE", "mend a store, also without its manifest", 1, 1,
	  "", repair_run,
	  "As fsck -y: a manifest that is lost or damaged is rebuilt from the\n"
	  "tables, counts are made true, names that lead nowhere go, and what\n"
	  "has no name gets one in /lost+found.  Exit status: 0 whole now,\n"
	  "1 failed, 3 damage is left.\n" },
	{ "version", "[TARGET]", "of this program, and of a daemon", 0, 1, "",
	  version_run,
	  "With TARGET also the daemon's version, process, store and mount\n"
	  "point.\n" },
	{ 0 },
};
