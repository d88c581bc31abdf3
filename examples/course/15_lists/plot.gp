# SPDX-License-Identifier: MIT
# Accuracy against responses a list, at 600 responses; bars: spread over worlds.
set terminal svg size 760,420 background "white" font "sans,13"
set output "figure.svg"
set datafile separator ","
rows(name) = sprintf("< awk -F, '$1 == \"%s\"' data.csv", name)
names = "'plackett_luce_dpo' 'dpo all' 'lipo_lambda' 'dpo best-worst' 's_dpo' 'dpo best-any'"
array colors[6] = ["#08306b", "#6baed6", "#238b45", "#a63603", "#e6550d", "#fdae6b"]
set xlabel "responses a list"
set ylabel "held-out pairs in the true order, %"
set xrange [1.5:8.5]
set yrange [60:90]
set xtics 2
set grid ytics linecolor rgb "#dddddd"
set border 3
set tics nomirror
set key outside right noenhanced
plot for [i = 1:6] rows(word(names, i)) \
  using ($2 + 0.05 * (i - 3.5)):3:4 with yerrorlines linecolor rgb colors[i] linewidth 1.5 \
  pointtype 7 pointsize 0.5 title word(names, i)
