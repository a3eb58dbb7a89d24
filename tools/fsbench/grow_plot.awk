# The results of --grow as SVG: a panel for each metric, in it a curve for each
# target, over the number of files on a scale of powers of ten.  Each panel has
# a scale of its own that begins at 0.

function text(x, y, anchor, what)
{
	printf "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">%s</text>\n", \
		x, y, anchor, what
}

function line(x1, y1, x2, y2)
{
	printf "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" " \
		"stroke=\"#ddd\"/>\n", x1, y1, x2, y2
}

function x_of(left, files)
{
	return last > least ? left + width * (log(files) - log(least)) / \
		(log(last) - log(least)) : left + width / 2
}

function y_of(top, m, v)
{
	return top + height - height * v / most[m]
}

# The curve of the target @t of the metric @m; sizes it lacks are left out.
function curve(left, top, m, t,    i, points, x, y)
{
	for (i = 1; i <= sizes; i++) {
		if (!((m, target[t], size[i]) in value))
			continue
		x = x_of(left, size[i])
		y = y_of(top, m, value[m, target[t], size[i]])
		points = points sprintf("%.1f,%.1f ", x, y)
		printf "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"2\" fill=\"%s\"/>\n", \
			x, y, fill(t)
	}
	printf "<polyline points=\"%s\" fill=\"none\" stroke=\"%s\"/>\n", \
		points, fill(t)
}

function fill(t)
{
	return colour[(t - 1) % colours + 1]
}

function panel(left, top, m,    i, t)
{
	text(left, top - 6, "start", m)
	line(left, top + height, left + width, top + height)
	line(left, top, left + width, top)
	text(left - 4, top + 4, "end", sprintf("%.4g", most[m]))
	text(left - 4, top + height, "end", "0")
	for (i = 1; i <= sizes; i++)
		text(x_of(left, size[i]), top + height + 12, "middle", size[i])
	for (t = 1; t <= targets; t++)
		curve(left, top, m, t)
}

BEGIN {
	FS = "\t"
	columns = 3
	width = 230	# of a panel, in pixels
	height = 120
	step_x = width + 70
	step_y = height + 50
	head = 60
	colours = split("#4477aa #ee6677 #228833 #ccbb44 #66ccee #aa3377", \
		colour, " ")
}

{
	if (!($1 in known_size)) {
		known_size[$1] = 1
		size[++sizes] = $1
	}
	if (!($2 in known_metric)) {
		known_metric[$2] = 1
		metric[++metrics] = $2
	}
	if (!($3 in known_target)) {
		known_target[$3] = 1
		target[++targets] = $3
	}
	value[$2, $3, $1] = $5
	if ($5 + 0 > most[$2])
		most[$2] = $5 + 0
	if (!least || $1 + 0 < least)
		least = $1 + 0
	if ($1 + 0 > last)
		last = $1 + 0
}

END {
	rows = int((metrics + columns - 1) / columns)
	printf "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" " \
		"height=\"%d\" font-family=\"sans-serif\" " \
		"font-size=\"10\">\n", columns * step_x + 20, \
		head + rows * step_y
	print "<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>"
	for (t = 1; t <= targets; t++) {
		printf "<circle cx=\"%d\" cy=\"16\" r=\"4\" fill=\"%s\"/>\n", \
			60 + (t - 1) * 110, fill(t)
		text(68 + (t - 1) * 110, 20, "start", target[t])
	}
	for (i = 1; i <= metrics; i++)
		panel(60 + (i - 1) % columns * step_x, \
			head + int((i - 1) / columns) * step_y, metric[i])
	print "</svg>"
}
