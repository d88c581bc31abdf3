# SPDX-License-Identifier: MIT
# Margin and true reward of eight certain pairs against steps; bars: spread over worlds, on the right of two losses.
set terminal svg size 900,420 background "white" font "sans,13"
set output "figure.svg"
set datafile separator ","
data = "data.csv"
names = "'dpo 0.1' 'dpo 0.3' 'dpo 1' 'dpo 0.3 smoothed' 'summed_ipo 0.1' 'summed_ipo 0.02' 'ipo 0.1'"
array colors[7] = ["#08306b", "#2171b5", "#6baed6", "#238b45", "#a63603", "#e6550d", "#fdae6b"]
of(i, value) = stringcolumn(1) eq word(names, i) ? value : NaN
set multiplot
set size 0.42,1
set logscale x
set xrange [20:15000]
set xlabel "steps"
set grid ytics linecolor rgb "#dddddd"
set border 3
set tics nomirror
set logscale y
set yrange [0.25:300]
set ylabel "margin of the pairs, nats"
unset key
plot for [i = 1:7] data using (of(i, $2)):3:4 with yerrorlines linecolor rgb colors[i] linewidth 1.5 \
  pointtype 7 pointsize 0.4
set size 0.58,1
set origin 0.42,0
unset logscale y
set yrange [0:2.6]
set ylabel "true reward gained"
set key outside right center samplen 1.5 font "sans,11" noenhanced
plot for [i = 1:7] data using (of(i, $2)):6 with linespoints linecolor rgb colors[i] linewidth 1.5 \
  pointtype 7 pointsize 0.4 title word(names, i), \
  for [i = 1:5:4] data using (of(i, $2 * (i == 1 ? 0.95 : 1.05))):6:7 with yerrorbars linecolor rgb colors[i] \
  pointtype 7 pointsize 0.4 notitle
unset multiplot
