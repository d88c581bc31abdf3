# SPDX-License-Identifier: MIT
# Accuracy by the truth and true reward against the rate of flipped labels; bars: spread over worlds.
set terminal svg size 760,460 background "white" font "sans,13"
set output "figure.svg"
set datafile separator ","
rows(name) = sprintf("< awk -F, '$1 == \"%s\"' data.csv", name)
names = "dpo conservative robust"
array colors[3] = ["#2171b5", "#a63603", "#238b45"]
set multiplot layout 1,2
set xrange [-0.03:0.43]
set xlabel "share of labels flipped"
set xtics 0.1
set grid ytics linecolor rgb "#dddddd"
set border 3
set tics nomirror
set key outside above center vertical samplen 1.5
set ylabel "held-out pairs in the true order, %"
set yrange [50:90]
plot for [i = 1:3] rows(word(names, i)) using ($2 + 0.006 * (i - 2)):5:6 with yerrorlines linecolor rgb colors[i] \
  linewidth 1.5 pointtype 7 pointsize 0.5 title word(names, i)
set ylabel "true reward gained"
set yrange [0:4]
plot for [i = 1:3] rows(word(names, i)) using ($2 + 0.006 * (i - 2)):3:4 with yerrorlines linecolor rgb colors[i] \
  linewidth 1.5 pointtype 7 pointsize 0.5 title word(names, i)
unset multiplot
