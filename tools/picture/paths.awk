# The way of a write and of a read through loamfs, as an SVG that reads on a
# light and on a dark page:
#
#     awk -f tools/picture/paths.awk >engine/paths.svg
#
# Boxes stand in columns from left to right, a row for each way.  tests/documents
# looks whether the picture is what this makes.

# box(COLUMN, ROW, FOLDER, NAME, WHAT): the folder says who it belongs to.
function box(column, row, folder, name, what,	x, y) {
	x = 10 + column * 165
	y = 34 + row * 78
	printf "<rect class=\"%s\" x=\"%d\" y=\"%d\" width=\"140\" height=\"50\" rx=\"6\"/>\n", folder, x, y
	printf "<text class=\"name\" x=\"%d\" y=\"%d\">%s</text>\n", x + 70, y + 21, name
	printf "<text x=\"%d\" y=\"%d\">%s</text>\n", x + 70, y + 38, what
}

# An arrow between the boxes at two places.
function arrow(column, row, column2, row2,	x, y, x2, y2) {
	if (column2 < column) {
		x = 30 + column * 165
		y = 34 + row * 78 + 50
		x2 = 125 + column2 * 165
		y2 = 34 + row2 * 78 - 4
	} else if (column == column2) {
		x = x2 = 80 + column * 165
		y = 34 + row * 78 + 50
		y2 = 34 + row2 * 78 - 4
	} else {
		x = 150 + column * 165
		x2 = 6 + column2 * 165
		y = 59 + row * 78
		y2 = 59 + row2 * 78
	}
	printf "<path class=\"arrow\" d=\"M%d %dL%d %d\" marker-end=\"url(#head)\"/>\n", x, y, x2, y2
}

function title(row, text) {
	printf "<text class=\"title\" x=\"10\" y=\"%d\">%s</text>\n", 24 + row * 78, text
}

BEGIN {
	print "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 820 490\" role=\"img\">"
	print "<title>The way of a write and of a read through loamfs</title>"
	print "<style>"
	print "text{font:10px sans-serif;text-anchor:middle;fill:#222}"
	print ".name{font-weight:bold;font-size:12px}.title{font-weight:bold;font-size:14px;text-anchor:start}"
	print "rect{stroke:#555;fill:#eee}.fs{fill:#dcebdc}.engine{fill:#dce4f2}.disk{fill:#f3e3cd}"
	print ".arrow{stroke:#555;fill:none}.point{fill:#555}"
	print "@media(prefers-color-scheme:dark){text{fill:#ddd}rect{stroke:#999;fill:#333}.fs{fill:#24452c}.engine{fill:#26375a}.disk{fill:#553c1e}.arrow{stroke:#aaa}.point{fill:#aaa}}"
	print "</style>"
	print "<defs><marker id=\"head\" markerWidth=\"8\" markerHeight=\"8\" refX=\"6\" refY=\"4\" orient=\"auto\"><path class=\"point\" d=\"M0 0L8 4L0 8z\"/></marker></defs>"

	title(0, "A write")
	box(0, 0, "src", "kernel", "its page cache first")
	box(1, 0, "src", "src/ops", "decodes, replies")
	box(2, 0, "fs", "fs/write", "one batch: chunks, inode")
	box(3, 0, "engine", "engine/write", "a leader, many batches")
	box(4, 0, "engine", "memtable", "from here on it is seen")
	box(2, 1, "disk", "value log", "values of 1 KiB and more")
	box(3, 1, "disk", "write-ahead log", "a kill loses nothing")
	box(4, 1, "disk", "tables, L0", "written in the background")
	box(4, 2, "disk", "tables, L1 to L6", "merged; values stay")
	arrow(0, 0, 1, 0)
	arrow(1, 0, 2, 0)
	arrow(2, 0, 3, 0)
	arrow(3, 0, 4, 0)
	arrow(3, 0, 2, 1)
	arrow(3, 0, 3, 1)
	arrow(4, 0, 4, 1)
	arrow(4, 1, 4, 2)

	title(3, "A read")
	box(0, 3, "src", "kernel", "answers what it has")
	box(1, 3, "src", "src/ops", "decodes, replies")
	box(2, 3, "fs", "fs/data", "a key for each chunk")
	box(3, 3, "engine", "engine/read", "a view, pinned, no lock")
	box(4, 3, "engine", "memtables", "newest first")
	box(2, 4, "engine", "value cache", "large values")
	box(3, 4, "engine", "filters", "surely not here")
	box(4, 4, "engine", "block cache", "pages, verified once")
	box(2, 5, "disk", "value log", "verified, decompressed")
	box(4, 5, "disk", "tables", "one a level")
	arrow(0, 3, 1, 3)
	arrow(1, 3, 2, 3)
	arrow(2, 3, 3, 3)
	arrow(3, 3, 4, 3)
	arrow(3, 3, 3, 4)
	arrow(3, 4, 4, 4)
	arrow(3, 3, 2, 4)
	arrow(2, 4, 2, 5)
	arrow(4, 4, 4, 5)
	print "</svg>"
}
