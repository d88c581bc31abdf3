# SPDX-License-Identifier: MIT
# Where each loss goes as it trains: true reward against divergence, from the writer of the responses.
set terminal svg size 860,420 background "white" font "sans,13"
set output "figure.svg"
set datafile separator ","
data = "data.csv"
names = "'dpo' 'cpo' 'simpo' 'orpo alone' 'orpo 1 + sft' 'orpo 0.1 + sft'"
array colors[6] = ["#08306b", "#6baed6", "#e6550d", "#a63603", "#238b45", "#74c476"]
of(i, value) = stringcolumn(1) eq word(names, i) ? value : NaN
set xlabel "KL(policy ‖ writer), nats"
set ylabel "true reward gained over the writer"
set logscale x
set xrange [0.06:20]
set yrange [0:8.5]
set grid linecolor rgb "#dddddd"
set border 3
set tics nomirror
set key outside right center samplen 1.5
plot for [i = 1:6] data using (of(i, $3)):5:6 with yerrorlines linecolor rgb colors[i] linewidth 1.5 \
  pointtype 7 pointsize 0.6 title word(names, i), \
  data using (of(3, $3)):($5):(sprintf("%d", $2)) with labels offset 0,-1.2 textcolor rgb colors[3] \
  font "sans,11" notitle
