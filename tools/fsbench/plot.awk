# The output of median.awk as SVG: a row for each metric, in it a bar for each
# target but "first", on a scale of powers of two.  A bar to the right of 1 is
# in the first target's favour.  What lies outside of 1/64 to 64 is cut.

function x_of(ratio,    l)
{
	l = log(ratio) / log(2)
	return middle + (l > span ? span : l < -span ? -span : l) * octave
}

function text(x, y, anchor, what)
{
	printf "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">%s</text>\n", \
		x, y, anchor, what
}

function rect(x, y, width, fill)
{
	printf "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%d\" " \
		"fill=\"%s\"/>\n", x, y, width, thick, fill
}

function bar(y, t, ratio,    x)
{
	x = x_of(ratio)
	rect(x < middle ? x : middle, y, x < middle ? middle - x : x - middle, \
		fill[t])
	text(x < middle ? x - 3 : x + 3, y + thick - 1, \
		x < middle ? "end" : "start", sprintf("%.2f", ratio))
}

# The scale, and a line at each second power of two from top to bottom.
function scale(height,    i, x)
{
	for (i = -span; i <= span; i += 2) {
		x = middle + i * octave
		printf "<line x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" y2=\"%d\" " \
			"stroke=\"%s\"/>\n", x, x, head, height, \
			i ? "#ddd" : "#000"
		text(x, head - 6, "middle", i < 0 ? "1/" 2 ^ -i : 2 ^ i)
	}
}

function legend(    t, x)
{
	text(8, 18, "start", "How many times better " target[1] " is than")
	x = 260
	for (t = 2; t <= targets; t++) {
		rect(x, 10, 12, fill[t])
		text(x + 16, 18, "start", target[t])
		x += 110
	}
}

BEGIN {
	FS = "\t"
	span = 6	# powers of two to each side
	octave = 45	# the rest in pixels
	middle = 500
	thick = 10
	gap = 8
	head = 46
	known[first] = 1
	target[++targets] = first
	colours = split("#4477aa #ee6677 #228833 #ccbb44 #66ccee #aa3377", \
		colour, " ")
}

{
	m = $1 "/" $2
	if (!(m in seen)) {
		seen[m] = 1
		metric[++metrics] = m
	}
	if (!($5 in known)) {
		known[$5] = 1
		target[++targets] = $5
		fill[targets] = colour[(targets + colours - 2) % colours + 1]
	}
	ratio[m, $5] = $7
}

END {
	row = (targets > 1 ? targets - 1 : 1) * thick + gap
	height = head + metrics * row + gap
	printf "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" " \
		"height=\"%d\" font-family=\"sans-serif\" " \
		"font-size=\"10\">\n", middle + span * octave + 60, height
	print "<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>"
	scale(height)
	legend()
	for (i = 1; i <= metrics; i++) {
		y = head + gap + (i - 1) * row
		text(8, y + row / 2, "start", metric[i])
		for (t = 2; t <= targets; t++)
			if (ratio[metric[i], target[t]] + 0 > 0)
				bar(y + (t - 2) * thick, t, \
					ratio[metric[i], target[t]])
	}
	print "</svg>"
}
