# Medians and ratios: from the list of metrics (workload metric unit better) and
# the results (workload metric target round value, by tabs) to a line for each
# figure:
#
#	workload metric unit better target value ratio
#
# The ratio says how many times better the target "first" is: round by round
# against the same round, then the median over the rounds.  It is "-" where the
# two have no round in common.

function median(list, n,    i, j, x)
{
	for (i = 2; i <= n; i++) {
		x = list[i]
		for (j = i - 1; j >= 1 && list[j] > x; j--)
			list[j + 1] = list[j]
		list[j + 1] = x
	}
	if (n % 2)
		return list[(n + 1) / 2]
	return (list[n / 2] + list[n / 2 + 1]) / 2
}

# The values of metric @m on @target, in list[]; how many.
function values_of(m, target,    round, n)
{
	for (round = 1; round <= rounds; round++)
		if ((m, target, round) in value)
			list[++n] = value[m, target, round]
	return n + 0
}

# The ratios of metric @m between "first" and @target, in list[]; how many.
function ratios_of(m, target,    round, n, a, b)
{
	for (round = 1; round <= rounds; round++) {
		if (!((m, first, round) in value) ||
		    !((m, target, round) in value))
			continue
		a = value[m, first, round]
		b = value[m, target, round]
		list[++n] = better[m] == "higher" ? a / b : b / a
	}
	return n + 0
}

# The first is the first whether its first run failed or not.
BEGIN {
	OFS = "\t"
	known[first] = 1
	target[++targets] = first
}

FNR == NR {
	m = $1 " " $2
	metric[++metrics] = m
	unit[m] = $3
	better[m] = $4
	next
}

{
	value[$1 " " $2, $3, $4] = $5
	if ($4 > rounds)
		rounds = $4
	if (!($3 in known)) {
		known[$3] = 1
		target[++targets] = $3
	}
}

END {
	for (i = 1; i <= metrics; i++) {
		m = metric[i]
		split(m, name, " ")
		for (t = 1; t <= targets; t++) {
			n = values_of(m, target[t])
			if (!n)
				continue
			x = median(list, n)
			n = ratios_of(m, target[t])
			print name[1], name[2], unit[m], better[m], target[t],
				x, n ? median(list, n) : "-"
		}
	}
}
