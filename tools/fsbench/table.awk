# The output of median.awk as a table, with the target "first" in front.

# Four digits that count, and k or M, so that columns stay narrow.
function short(x)
{
	if (x >= 1e7)
		return sprintf("%.1fM", x / 1e6)
	if (x >= 1e4)
		return sprintf("%.1fk", x / 1e3)
	return sprintf(x >= 100 ? "%.0f" : x >= 1 ? "%.2f" : "%.4f", x)
}

BEGIN {
	FS = "\t"
	known[first] = 1
	target[++targets] = first
}

{
	m = $1 "\t" $2
	if (!(m in seen)) {
		seen[m] = 1
		metric[++metrics] = m
		unit[m] = $3
		sign[m] = $4 == "higher" ? "+" : "-"
	}
	if (!($5 in known)) {
		known[$5] = 1
		target[++targets] = $5
	}
	value[m, $5] = $6
	ratio[m, $5] = $7
}

END {
	print "Medians; in brackets how many times better " target[1] \
		" is, the median of the rounds."
	print "+: more is better, -: less is.\n"
	printf "%-15s %-13s %5s   %9s", "workload", "metric", "unit", target[1]
	for (t = 2; t <= targets; t++)
		printf " %18s", target[t]
	print ""
	for (i = 1; i <= metrics; i++) {
		m = metric[i]
		split(m, name, "\t")
		printf "%-15s %-13s %5s %s", name[1], name[2], unit[m], sign[m]
		for (t = 1; t <= targets; t++) {
			if (!((m, target[t]) in value))
				cell = "-"
			else if (t == 1)
				cell = short(value[m, target[t]])
			else
				cell = short(value[m, target[t]]) sprintf( \
					ratio[m, target[t]] == "-" ? \
					"      (-)" : " (%6.2f)", \
					ratio[m, target[t]])
			printf t == 1 ? " %9s" : " %18s", cell
		}
		print ""
	}
}
